#include "lab/draw.h"

#include "model/random_delay.h"

static double exponential_deviate(struct rng *rng)
{
    double u = 1 - rng_uniform(rng);
    return u < 1 ? -rng_log(u) : 0;
}

static double deviate_for(enum delay_kind kind, const struct normal *normal,
                          struct rng *rng)
{
    switch (kind) {
    case DELAY_FIXED:
        return 0;
    case DELAY_UNIFORM:
        return rng_uniform(rng);
    case DELAY_NORMAL:
    case DELAY_LOGNORMAL:
        return normal_draw(normal, rng);
    case DELAY_EXPONENTIAL:
        return exponential_deviate(rng);
    }
    return 0;
}

int64_t draw_delay(const struct delay *delay, const struct normal *normal,
                   struct rng *rng)
{
    return random_delay_of(delay, deviate_for(delay->kind, normal, rng));
}

int64_t draw_exponential(double mean_ns, struct rng *rng)
{
    return random_delay_clamp(mean_ns * exponential_deviate(rng));
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
