#include "lab/draw.h"

#include <math.h>

#include "model/units.h"

/* A year: no fleet runs longer. */
#define DELAY_MAX_NS (365.0 * 86400.0 * (double)NS_PER_S)

static int64_t to_delay(double ns)
{
    return (int64_t)(ns < DELAY_MAX_NS ? ns : DELAY_MAX_NS);
}

int64_t draw_delay(const struct delay *delay, const struct normal *normal,
                   struct rng *rng)
{
    double a = (double)delay->a_ns, b = (double)delay->b_ns;
    switch (delay->kind) {
    case DELAY_FIXED:
        return delay->a_ns;
    case DELAY_UNIFORM:
        return to_delay(a + (b - a) * rng_uniform(rng));
    case DELAY_NORMAL:
        return to_delay(fabs(a + b * normal_draw(normal, rng)));
    case DELAY_LOGNORMAL:
        return to_delay(a * exp(delay->sigma * normal_draw(normal, rng)));
    case DELAY_EXPONENTIAL:
        return draw_exponential(a, rng);
    }
    return 0;
}

int64_t draw_exponential(double mean_ns, struct rng *rng)
{
    double u = 1 - rng_uniform(rng);
    return u < 1 ? to_delay(-mean_ns * rng_log(u)) : 0;
}

/* The finalizer of splitmix64. */
static uint64_t mixed(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double draw_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
    const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t key = mixed(seed + golden * (stream + 1));
    return (double)(mixed(key + golden * (index + 1)) >> 11) * 0x1p-53;
}
