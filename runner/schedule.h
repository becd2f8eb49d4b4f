/* In which order scenarios run, and how long that takes. Pure. */
#ifndef RETRYSPEC_RUNNER_SCHEDULE_H
#define RETRYSPEC_RUNNER_SCHEDULE_H

#include "runner/runner.h"

/* Fills `order` with the indices of the scenarios: the longest first, so that
 * none is left over at the end; exclusive ones last. */
void schedule_order(const struct runner_options *options, size_t *order);

#endif
