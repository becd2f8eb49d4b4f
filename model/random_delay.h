/* From a deviate to a delay: the one meaning of the laws of `struct delay`.
 * Where deviates come from is the caller's choice. Pure. */
#ifndef RETRYSPEC_MODEL_RANDOM_DELAY_H
#define RETRYSPEC_MODEL_RANDOM_DELAY_H

#include <stdint.h>

#include "model/scenario.h"

/* `deviate` is uniform in [0, 1) for DELAY_UNIFORM, standard normal for
 * DELAY_NORMAL and DELAY_LOGNORMAL, exponential with mean 1 for
 * DELAY_EXPONENTIAL; DELAY_FIXED takes none.
 *
 * A normal delay is |N(mean, sd)|: what would be negative counts as far above 0
 * (as M. Brooker's back-off simulation has it). None is longer than a year. */
int64_t random_delay_of(const struct delay *delay, double deviate);

/* A number of nanoseconds as a delay: at least 0, at most a year. */
int64_t random_delay_clamp(double ns);

#endif
