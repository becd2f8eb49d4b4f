#include "model/rng.h"

#include <math.h>
#include <stddef.h>

static uint64_t rotate_left(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

static uint64_t splitmix64(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Each part is mixed through splitmix64 before the next one is added, so that
 * neighbouring labels and indices start far apart. */
struct rng rng_stream(uint64_t seed, uint64_t label, uint64_t index)
{
    uint64_t state = seed;
    state = splitmix64(&state) ^ label;
    state = splitmix64(&state) ^ index;
    struct rng rng;
    for (int i = 0; i < 4; i++)
        rng.state[i] = splitmix64(&state);
    return rng;
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double rng_uniform(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

/* From IEEE operations alone: the C library's log may differ in the last bit
 * between machines, and streams must not. */
double rng_log(double x)
{
    static const double weights[] = {
        1. / 39, 1. / 37, 1. / 35, 1. / 33, 1. / 31, 1. / 29, 1. / 27,
        1. / 25, 1. / 23, 1. / 21, 1. / 19, 1. / 17, 1. / 15, 1. / 13,
        1. / 11, 1. / 9,  1. / 7,  1. / 5,  1. / 3,  1};
    int exponent;
    double mantissa = frexp(x, &exponent); /* in [0.5, 1) */
    double s = (mantissa - 1) / (mantissa + 1), square = s * s;
    double sum = 0;
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        sum = sum * square + weights[i];
    const double ln2 = 0.693147180559945309417232121458;
    return 2 * s * sum + exponent * ln2;
}

/* Marsaglia's polar method; its second number is dropped to keep no state. */
double rng_normal(struct rng *rng)
{
    for (;;) {
        double u = 2 * rng_uniform(rng) - 1;
        double v = 2 * rng_uniform(rng) - 1;
        double square = u * u + v * v;
        if (square > 0 && square < 1)
            return u * sqrt(-2 * rng_log(square) / square);
    }
}
