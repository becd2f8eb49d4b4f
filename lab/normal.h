/* Normal deviates for hot loops: the ziggurat of Marsaglia and Tsang (2000),
 * several times faster than rng_normal(). Pure; the same stream gives the same
 * numbers on every machine. */
#ifndef RETRYSPEC_LAB_NORMAL_H
#define RETRYSPEC_LAB_NORMAL_H

#include "model/rng.h"

enum { NORMAL_LAYERS = 256 };

struct normal {
    double x[NORMAL_LAYERS + 1]; /* right edges, falling to 0 */
    double f[NORMAL_LAYERS + 1]; /* exp(-x^2 / 2) there */
};

void normal_init(struct normal *normal);

/* Mean 0, standard deviation 1. */
double normal_draw(const struct normal *normal, struct rng *rng);

#endif
