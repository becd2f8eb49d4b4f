#include "mock_server/script_draw.h"

#include <math.h>

#include "model/units.h"

/* A normal deviate may be negative and a log-normal one without limit: what
 * can't be waited for becomes 0, or a year. */
static int64_t to_delay(double ns)
{
    const double year_ns = 365.0 * 86400.0 * (double)NS_PER_S;
    if (!(ns > 0))
        return 0;
    return (int64_t)(ns < year_ns ? ns : year_ns);
}

static int64_t draw_delay(const struct delay *delay, struct rng *rng)
{
    double a = (double)delay->a_ns, b = (double)delay->b_ns;
    switch (delay->kind) {
    case DELAY_FIXED:
        return delay->a_ns;
    case DELAY_UNIFORM:
        return to_delay(a + (b - a) * rng_uniform(rng));
    case DELAY_NORMAL:
        return to_delay(a + b * rng_normal(rng));
    case DELAY_LOGNORMAL:
        return to_delay(a * exp(delay->sigma * rng_normal(rng)));
    case DELAY_EXPONENTIAL:
        return to_delay(-a * log1p(-rng_uniform(rng)));
    }
    return 0;
}

struct script_draw script_draw(const struct reply *reply, struct rng *rng)
{
    double u = rng_uniform(rng);
    return (struct script_draw){
        .is_fault_due =
            reply->fault.kind != FAULT_NONE && u < reply->fault.chance,
        .delay_ns = draw_delay(&reply->delay, rng),
    };
}

bool script_draw_is_certain(const struct reply *reply)
{
    bool is_fault_certain =
        reply->fault.kind == FAULT_NONE || reply->fault.chance >= 1.0;
    return is_fault_certain && reply->delay.kind == DELAY_FIXED;
}
