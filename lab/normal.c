#include "lab/normal.h"

#include <math.h>
#include <stdbool.h>

/* Where the tail begins with 256 layers, and the area of each layer. */
#define TAIL 3.6541528853610088
#define AREA 0.00492867323399

/* exp(-TAIL^2 / 2) */
#define TAIL_HEIGHT 0.0012602859304985975

void normal_init(struct normal *normal)
{
    double f = TAIL_HEIGHT;
    normal->x[0] = AREA / TAIL_HEIGHT; /* the base layer, tail included */
    normal->f[0] = 0;
    normal->x[1] = TAIL;
    normal->f[1] = f;
    for (int i = 2; i < NORMAL_LAYERS; i++) {
        f += AREA / normal->x[i - 1];
        normal->x[i] = sqrt(-2 * rng_log(f));
        normal->f[i] = f;
    }
    normal->x[NORMAL_LAYERS] = 0;
    normal->f[NORMAL_LAYERS] = 1;
}

/* Never 0, whose logarithm there is none of. */
static double uniform_above_0(struct rng *rng)
{
    return 1 - rng_uniform(rng);
}

/* log of a number in (0, 1]. */
static double log_of(double u)
{
    return u < 1 ? rng_log(u) : 0;
}

/* Marsaglia's method for what lies beyond TAIL. */
static double draw_tail(struct rng *rng)
{
    double x, y;
    do {
        x = -log_of(uniform_above_0(rng)) / TAIL;
        y = -log_of(uniform_above_0(rng));
    } while (2 * y < x * x);
    return TAIL + x;
}

/* Between the layer's inner rectangle and its right edge: under the curve? */
static bool is_under_curve(const struct normal *normal, unsigned layer,
                           double x, struct rng *rng)
{
    double low = normal->f[layer], high = normal->f[layer + 1];
    double y = low + (high - low) * uniform_above_0(rng);
    return log_of(y) < -x * x / 2;
}

/* Of the deviate; read rather than chosen, since nothing could foresee it. */
static const double signs[] = {1, -1};

/* Outside the layer's inner rectangle, to which one draw in 80 comes; -1: not
 * under the curve. */
__attribute__((cold)) static double draw_outside(const struct normal *normal,
                                                 unsigned layer, double x,
                                                 struct rng *rng)
{
    if (layer == 0)
        return draw_tail(rng);
    return is_under_curve(normal, layer, x, rng) ? x : -1;
}

double normal_draw(const struct normal *normal, struct rng *rng)
{
    for (;;) {
        uint64_t bits = rng_next(rng);
        unsigned layer = bits & (NORMAL_LAYERS - 1);
        double sign = signs[bits / NORMAL_LAYERS & 1];
        double x = (double)(bits >> 11) * 0x1p-53 * normal->x[layer];
        if (x >= normal->x[layer + 1])
            x = draw_outside(normal, layer, x, rng);
        if (x >= 0)
            return sign * x;
    }
}
