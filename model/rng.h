/* Random streams owned by the caller: xoshiro256++ seeded by splitmix64
 * (Blackman and Vigna). The same seed and labels give the same numbers on
 * every machine. */
#ifndef RETRYSPEC_MODEL_RNG_H
#define RETRYSPEC_MODEL_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4];
};

/* A stream of its own for (seed, label, index): neither the order in which
 * streams are made nor their number changes what one yields. */
struct rng rng_stream(uint64_t seed, uint64_t label, uint64_t index);

uint64_t rng_next(struct rng *rng);

/* Uniform in [0, 1) with 53 bits. */
double rng_uniform(struct rng *rng);

/* Normal with mean 0 and standard deviation 1. */
double rng_normal(struct rng *rng);

/* The natural logarithm for 0 < x < 1, the same bits on every machine. */
double rng_log(double x);

#endif
