#include "runner/schedule.h"

#include <stdlib.h>

#include "model/units.h"
#include "runner/time_limit.h"

static bool is_before(const struct scenario *a, const struct scenario *b)
{
    if (a->is_exclusive != b->is_exclusive) {
        return b->is_exclusive;
    }
    return a->takes_ns > b->takes_ns;
}

/* By insertion: stable, and there are hundreds at most. */
void schedule_order(const struct runner_options *options, size_t *order)
{
    for (size_t i = 0; i < options->scenario_count; i++) {
        size_t at = i;
        while (at > 0 && is_before(options->scenarios[i],
                                   options->scenarios[order[at - 1]])) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

int64_t runner_limit_ns(const struct runner_options *options)
{
    int64_t longest = 0;
    for (size_t i = 0; i < options->scenario_count; i++) {
        int64_t limit_ns = time_limit_ns(
            options->scenarios[i], options->profile, options->extra_timeout_ns);
        longest = limit_ns > longest ? limit_ns : longest;
    }
    return longest;
}

int64_t runner_estimate_ns(const struct runner_options *options)
{
    int64_t longest = 0, shared = 0, alone = 0;
    for (size_t i = 0; i < options->scenario_count; i++) {
        const struct scenario *scenario = options->scenarios[i];
        if (scenario->is_exclusive) {
            alone = units_add(alone, scenario->takes_ns);
            continue;
        }
        shared = units_add(shared, scenario->takes_ns);
        if (scenario->takes_ns > longest) {
            longest = scenario->takes_ns;
        }
    }
    int64_t spread = shared / (options->jobs > 0 ? options->jobs : 1);
    return units_add(alone, spread > longest ? spread : longest);
}
