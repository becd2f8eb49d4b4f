/* Every scenario several times, to find what flips. */
#ifndef RETRYSPEC_CLI_RUN_REPEAT_H
#define RETRYSPEC_CLI_RUN_REPEAT_H

#include <stdio.h>

#include "runner/runner.h"

/* Zero-initialise before use. */
struct run_repeats {
    int64_t wanted;
    FILE *out;                /* where "run 2 of 5" goes; NULL: nowhere */
    struct run_report *later; /* all runs but the first */
    size_t count;
    struct arena arena; /* of their folders */
};

/* As runner_run, `wanted` times; `report` gets them merged. From the second on
 * they keep their files in OUT/repeat-<n>. */
bool run_repeat(struct run_repeats *repeats,
                const struct runner_options *options, struct run_report *report,
                struct error *error);

/* After the report was used: it borrows from them. */
void run_repeats_deinit(struct run_repeats *repeats);

#endif
