#include "mock_server/script_draw.h"

#include <math.h>

#include "model/random_delay.h"

static double deviate_for(enum delay_kind kind, struct rng *rng)
{
    switch (kind) {
    case DELAY_FIXED:
        return 0;
    case DELAY_UNIFORM:
        return rng_uniform(rng);
    case DELAY_NORMAL:
    case DELAY_LOGNORMAL:
        return rng_normal(rng);
    case DELAY_EXPONENTIAL:
        return -log1p(-rng_uniform(rng));
    }
    return 0;
}

struct script_draw script_draw(const struct reply *reply, struct rng *rng)
{
    double u = rng_uniform(rng);
    return (struct script_draw){
        .is_fault_due =
            reply->fault.kind != FAULT_NONE && u < reply->fault.chance,
        .delay_ns =
            random_delay_of(&reply->delay, deviate_for(reply->delay.kind, rng)),
    };
}

struct script_draw script_draw_at_request(const struct reply *reply,
                                          struct rng *rng)
{
    struct script_draw draw = script_draw(reply, rng);
    draw.is_fault_due &=
        reply->fault.at != FAULT_AT_ACCEPT || reply->fault.chance >= 1.0;
    return draw;
}

bool script_draw_is_certain(const struct reply *reply)
{
    bool is_fault_certain =
        reply->fault.kind == FAULT_NONE || reply->fault.chance >= 1.0;
    return is_fault_certain && reply->delay.kind == DELAY_FIXED;
}
