/* What chance decides in a fleet. Pure. */
#ifndef RETRYSPEC_LAB_DRAW_H
#define RETRYSPEC_LAB_DRAW_H

#include <stdint.h>

#include "lab/normal.h"
#include "model/scenario.h"

/* model/random_delay.h tells what of. */
int64_t draw_delay(const struct delay *delay, const struct normal *normal,
                   struct rng *rng);

/* Exponentially distributed with this mean. */
int64_t draw_exponential(double mean_ns, struct rng *rng);

/* The number `index` of stream `stream` in [0, 1), without a state: what a call
 * draws does not depend on what other calls do. */
double draw_uniform(uint64_t seed, uint64_t stream, uint64_t index);

#endif
