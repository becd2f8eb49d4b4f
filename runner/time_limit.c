#include "runner/time_limit.h"

#include "client/backoff.h"
#include "model/units.h"

static int64_t min_ns(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* a * b, cut to TIME_LIMIT_WAITS_MAX_NS; both are >= 0. */
static int64_t times_cut(int64_t a_ns, int64_t b)
{
    if (a_ns > 0 && b > TIME_LIMIT_WAITS_MAX_NS / a_ns) {
        return TIME_LIMIT_WAITS_MAX_NS;
    }
    return min_ns(a_ns * b, TIME_LIMIT_WAITS_MAX_NS);
}

static int64_t rule_waits_ns(const struct profile_rule *rule, int64_t retries)
{
    struct delay_law law = {.backoff = &rule->backoff, .cut_ns = NS_FOREVER};
    int64_t sum = 0;
    while (law.n < retries && sum < TIME_LIMIT_WAITS_MAX_NS) {
        int64_t wait = backoff_range(&law).max_ns;
        /* A law without waits need not be followed to its end. */
        if (wait == 0 && law.n > 64) {
            break;
        }
        sum = units_add(sum, wait);
        law.previous_ns = wait;
        law.n++;
    }
    return sum;
}

static int64_t layer_waits_ns(const struct layer *layer)
{
    int64_t longest = 0;
    for (size_t i = 0; i < layer->rule_count; i++) {
        const struct profile_rule *rule = &layer->rules[i];
        if (rule->action != RULE_RETRY) {
            continue;
        }
        int64_t waits = rule_waits_ns(rule, layer->budget.attempts - 1);
        longest = waits > longest ? waits : longest;
    }
    return longest;
}

int64_t time_limit_waits_ns(const struct profile *profile)
{
    int64_t total = 0;
    for (size_t i = profile->layer_count; i-- > 0;) {
        const struct layer *layer = &profile->layers[i];
        /* Each attempt of a layer may be a whole run of those inside it. */
        int64_t inside = times_cut(total, layer->budget.attempts);
        total = units_add(inside, layer_waits_ns(layer));
        total = min_ns(total, layer->budget.elapsed_ns);
        total = min_ns(total, layer->call_timeout_ns);
        total = min_ns(total, TIME_LIMIT_WAITS_MAX_NS);
    }
    return total;
}

int64_t time_limit_ns(const struct scenario *scenario,
                      const struct profile *profile, int64_t extra_ns)
{
    int64_t own = units_add(scenario->takes_ns, scenario->takes_ns);
    own = units_add(own, scenario->takes_ns);
    own = units_add(own, scenario->workload.give_up_ns);
    own = units_add(own, time_limit_waits_ns(profile));
    if (extra_ns > 0) {
        return units_add(own, extra_ns);
    }
    return own > TIME_LIMIT_MIN_NS ? own : TIME_LIMIT_MIN_NS;
}
