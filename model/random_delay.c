#include "model/random_delay.h"

#include <math.h>

#include "model/units.h"

int64_t random_delay_clamp(double ns)
{
    const double year_ns = 365.0 * 86400.0 * (double)NS_PER_S;
    if (!(ns > 0)) {
        return 0;
    }
    return (int64_t)(ns < year_ns ? ns : year_ns);
}

int64_t random_delay_of(const struct delay *delay, double deviate)
{
    double a = (double)delay->a_ns, b = (double)delay->b_ns;
    switch (delay->kind) {
    case DELAY_FIXED:
        return delay->a_ns;
    case DELAY_UNIFORM:
        return random_delay_clamp(a + (b - a) * deviate);
    case DELAY_NORMAL:
        return random_delay_clamp(fabs(a + b * deviate));
    case DELAY_LOGNORMAL:
        return random_delay_clamp(a * exp(delay->sigma * deviate));
    case DELAY_EXPONENTIAL:
        return random_delay_clamp(a * deviate);
    }
    return 0;
}
