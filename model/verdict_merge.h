/* Several runs of the same scenarios made one report. */
#ifndef RETRYSPEC_MODEL_VERDICT_MERGE_H
#define RETRYSPEC_MODEL_VERDICT_MERGE_H

#include "model/verdict.h"

/* Of each scenario, rounds[0] gets the worst report, and of each rule in it the
 * worst verdict with the counts of all rounds: a failure of one run is not
 * hidden by the others. The rounds lend each other texts, so they are freed
 * together. False without memory. */
bool verdict_merge(struct run_report *rounds, size_t count);

#endif
