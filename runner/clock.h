/* The clock of the runner's loop. */
#ifndef RETRYSPEC_RUNNER_CLOCK_H
#define RETRYSPEC_RUNNER_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_ns(void);

/* Unix time. */
int64_t clock_wall_ns(void);

#endif
