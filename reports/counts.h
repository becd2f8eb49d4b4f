/* How a run came out, in numbers and in one word. */
#ifndef RETRYSPEC_REPORTS_COUNTS_H
#define RETRYSPEC_REPORTS_COUNTS_H

#include "model/verdict.h"

struct report_counts {
    /* Scenarios: the sum of conform (some of them warned), failed, unexercised,
     * inconclusive, client, skipped and unjudged. */
    size_t conform, failed, warned, unexercised, inconclusive, client, skipped;
    size_t unjudged;
    size_t checks, not_applicable;
    size_t known, expired, stale, flips; /* checks */
};

struct report_counts counts_of_run(const struct run_report *run);
/* What an exit code means, for people. */
const char *counts_exit_text(const struct run_report *run);

/* How one check ended for those who have fewer words: what stands behind
 * `not ok`, <failure> and a red row. */
enum check_end {
    CHECK_OK,
    CHECK_WARNED,   /* a SHOULD that does not count */
    CHECK_FAILED,   /* by the client, or a stale line of the baseline */
    CHECK_KNOWN,    /* fails, and the baseline lists it */
    CHECK_UNJUDGED, /* not exercised, inconclusive */
    CHECK_SKIPPED,  /* not applicable */
};
enum check_end counts_check_end(const struct run_report *run,
                                const struct verdict *verdict);
/* Broken, and the baseline lists it: the known ones of the counts. */
bool counts_is_excused_failure(const struct verdict *verdict);

/* For people, such as "known failure (line 4 of the baseline): issue 412"; ""
 * if there is nothing to add. Returns text. */
enum { CHECK_NOTE_MAX = 512 };
char *counts_check_note(const struct verdict *verdict,
                        char text[CHECK_NOTE_MAX]);

#endif
