#include "sim/sim_clock.h"

#include <assert.h>
#include <stddef.h>

#include "model/units.h"

void sim_clock_set(struct sim_clock *clock, struct timer *timer, int64_t at_ns)
{
    at_ns = at_ns > clock->now_ns ? at_ns : clock->now_ns;
    if (!timers_set(&clock->timers, timer, at_ns)) {
        clock->is_out_of_memory = true;
    }
}

int64_t sim_clock_next_ns(const struct sim_clock *clock)
{
    return timers_next_ns(&clock->timers);
}

struct timer *sim_clock_jump(struct sim_clock *clock)
{
    struct timer *timer = timers_pop(&clock->timers, NS_FOREVER);
    if (!timer) {
        return NULL;
    }
    assert(timer->at_ns >= clock->now_ns);
    clock->now_ns = timer->at_ns;
    return timer;
}

void sim_clock_deinit(struct sim_clock *clock)
{
    timers_deinit(&clock->timers);
    *clock = (struct sim_clock){0};
}
