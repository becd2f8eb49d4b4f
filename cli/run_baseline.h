/* The list of known failures of a run. */
#ifndef RETRYSPEC_CLI_RUN_BASELINE_H
#define RETRYSPEC_CLI_RUN_BASELINE_H

#include "cli/run_options.h"
#include "model/baseline.h"

#define RUN_BASELINE_DEFAULT "retryspec.baseline"

/* Zero-initialise before use. */
struct run_baseline {
    struct baseline *file; /* NULL: there is none */
    const char *path;
    char today[BASELINE_DATE_SIZE]; /* UTC */
    /* What it may name. */
    const struct cli_scenarios *scenarios;
    const struct rule_catalogue *rules;
};

/* The file that was asked for, or RUN_BASELINE_DEFAULT if it is there. False
 * and problems if it does not load. */
bool run_baseline_load(struct run_baseline *baseline,
                       const struct run_request *request,
                       const struct rule_catalogue *rules,
                       const struct cli_scenarios *scenarios,
                       struct error *error);
void run_baseline_deinit(struct run_baseline *baseline);

/* Sets what is known of the verdicts of one scenario. */
void run_baseline_mark(const struct run_baseline *baseline,
                       struct scenario_report *report);

/* After the run: marks all, settles the lines, and if that was asked for,
 * writes the file anew and reads it back. */
bool run_baseline_finish(struct run_baseline *baseline,
                         const struct run_request *request,
                         struct run_report *report, struct error *error);

#endif
