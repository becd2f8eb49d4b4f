#include "judge/misreadings.h"

#include "model/units.h"

/* -- the exponent ---------------------------------------------------------- */

static bool exponent_too_high(struct profile_rule *rule)
{
    rule->backoff.first_exponent++;
    return rule->backoff.schedule == SCHEDULE_EXPONENTIAL;
}

static bool exponent_too_low(struct profile_rule *rule)
{
    rule->backoff.first_exponent--;
    return rule->backoff.schedule == SCHEDULE_EXPONENTIAL;
}

static bool turn_first(struct profile_rule *rule, bool is_immediate)
{
    bool is_changed = rule->backoff.schedule != SCHEDULE_NONE &&
                      rule->backoff.first_immediate != is_immediate;
    rule->backoff.first_immediate = is_immediate;
    return is_changed;
}

static bool first_at_once(struct profile_rule *rule)
{
    return turn_first(rule, true);
}

static bool first_not_at_once(struct profile_rule *rule)
{
    return turn_first(rule, false);
}

static bool turn_count(struct profile_rule *rule, enum rule_count from,
                       enum rule_count to)
{
    bool is_changed = rule->count == from;
    rule->count = is_changed ? to : rule->count;
    return is_changed;
}

static bool count_goes_on(struct profile_rule *rule)
{
    return turn_count(rule, COUNT_STREAK, COUNT_RUN);
}

static bool count_begins_anew(struct profile_rule *rule)
{
    return turn_count(rule, COUNT_RUN, COUNT_STREAK);
}

/* -- cap and floor --------------------------------------------------------- */

static bool cap_before_jitter(struct profile_rule *rule)
{
    struct backoff *backoff = &rule->backoff;
    bool was_last = backoff->cap_ns != NS_FOREVER &&
                    (backoff->clip || backoff->order == JITTER_BEFORE_CAP);
    backoff->order = JITTER_AFTER_CAP;
    backoff->clip = false;
    return was_last;
}

static bool cap_jittered(struct profile_rule *rule)
{
    bool was_exact = rule->backoff.cap_unjittered;
    rule->backoff.cap_unjittered = false;
    return was_exact;
}

static bool floor_ignored(struct profile_rule *rule)
{
    bool had_floor = rule->backoff.floor_ns > 0;
    rule->backoff.floor_ns = 0;
    return had_floor;
}

static bool cap_ignored(struct profile_rule *rule)
{
    bool had_cap = rule->backoff.cap_ns != NS_FOREVER;
    rule->backoff.cap_ns = NS_FOREVER;
    return had_cap;
}

/* -- units ----------------------------------------------------------------- */

static int64_t scaled(int64_t ns, int64_t times, int64_t divisor)
{
    if (ns == NS_FOREVER || ns / divisor > NS_FOREVER / times) {
        return NS_FOREVER;
    }
    return times > 1 ? ns * times : ns / divisor;
}

static bool scale(struct profile_rule *rule, int64_t times, int64_t divisor)
{
    struct backoff *backoff = &rule->backoff;
    int64_t *const spans[] = {
        &backoff->base_ns,     &backoff->step_ns,     &backoff->cap_ns,
        &backoff->jitter_a_ns, &backoff->jitter_b_ns, &backoff->floor_ns,
    };
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        *spans[i] = scaled(*spans[i], times, divisor);
    }
    return backoff->schedule != SCHEDULE_NONE;
}

static bool seconds_as_ms(struct profile_rule *rule)
{
    return scale(rule, 1, 1000);
}

static bool ms_as_seconds(struct profile_rule *rule)
{
    return scale(rule, 1000, 1);
}

/* -- the schedule ---------------------------------------------------------- */

static bool set_schedule(struct profile_rule *rule, enum schedule_kind kind)
{
    struct backoff *backoff = &rule->backoff;
    if (backoff->schedule == kind || backoff->schedule == SCHEDULE_NONE) {
        return false;
    }
    backoff->schedule = kind;
    return true;
}

static bool constant(struct profile_rule *rule)
{
    return set_schedule(rule, SCHEDULE_CONSTANT);
}

static bool linear(struct profile_rule *rule)
{
    rule->backoff.step_ns = rule->backoff.base_ns;
    return set_schedule(rule, SCHEDULE_LINEAR);
}

static bool exponential(struct profile_rule *rule)
{
    bool is_changed = set_schedule(rule, SCHEDULE_EXPONENTIAL);
    if (is_changed) {
        rule->backoff.factor = 2;
        rule->backoff.first_exponent = 0;
    }
    return is_changed;
}

static bool no_wait(struct profile_rule *rule)
{
    struct backoff *backoff = &rule->backoff;
    bool had_wait = backoff->schedule != SCHEDULE_NONE;
    *backoff = (struct backoff){.cap_ns = NS_FOREVER, .factor = 1};
    return had_wait;
}

static const struct misreading items[] = {
    {.rule = exponent_too_high,
     .text = "the exponent is one too high: the first wait is the second of "
             "the law"},
    {.rule = exponent_too_low,
     .text = "the exponent is one too low: the first wait is the base divided "
             "by the factor"},
    {.rule = first_at_once, .text = "the first retry did not wait"},
    {.rule = first_not_at_once,
     .text = "the first retry waited: it should come at once"},
    {.rule = count_goes_on,
     .text = "the exponent was kept over failures of another kind: they begin "
             "it anew"},
    {.rule = count_begins_anew,
     .text = "failures of another kind began the exponent anew: it counts all "
             "retries"},
    {.rule = cap_before_jitter,
     .text = "the cap was applied before the jitter instead of after it"},
    {.rule = cap_jittered,
     .text = "the delay was jittered where the cap is exact"},
    {.rule = floor_ignored, .text = "the smallest delay was not applied"},
    {.rule = cap_ignored, .text = "the cap was not applied"},
    {.rule = constant, .text = "the delay stayed the same: it should grow"},
    {.rule = linear, .text = "the delay grew by the base each time"},
    {.rule = exponential, .text = "the delay doubled each time"},
    {.rule = ms_as_seconds,
     .text = "the delays are a thousand times too long: milliseconds taken "
             "for seconds"},
    {.rule = no_wait,
     .text = "hardly any wait: no back-off, or seconds taken for milliseconds"},
    {.rule = seconds_as_ms,
     .text = "the delays are a thousand times too short: seconds taken for "
             "milliseconds"},
};

const struct misreadings misreadings_backoff = {items,
                                                sizeof items / sizeof *items};
