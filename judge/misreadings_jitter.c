#include "judge/misreadings.h"

#include <math.h>

static bool jitter_missing(struct profile_rule *rule)
{
    bool had_jitter = rule->backoff.jitter != JITTER_NONE;
    rule->backoff.jitter = JITTER_NONE;
    return had_jitter;
}

static bool turn_jitter(struct profile_rule *rule, enum jitter_kind down,
                        enum jitter_kind up)
{
    enum jitter_kind before = rule->backoff.jitter;
    if (before == JITTER_DOWN) {
        rule->backoff.jitter = down;
    } else if (before == JITTER_UP) {
        rule->backoff.jitter = up;
    }
    return rule->backoff.jitter != before;
}

static bool jitter_mirrored(struct profile_rule *rule)
{
    return turn_jitter(rule, JITTER_UP, JITTER_DOWN);
}

static bool jitter_on_both_sides(struct profile_rule *rule)
{
    return turn_jitter(rule, JITTER_SYMMETRIC, JITTER_SYMMETRIC);
}

static bool has_ratio(const struct backoff *backoff)
{
    return backoff->jitter == JITTER_SYMMETRIC ||
           backoff->jitter == JITTER_SYMMETRIC_INCLUSIVE ||
           backoff->jitter == JITTER_DOWN || backoff->jitter == JITTER_UP;
}

static bool jitter_twice(struct profile_rule *rule)
{
    struct backoff *backoff = &rule->backoff;
    if (!has_ratio(backoff) || backoff->ratio >= 1) {
        return false;
    }
    backoff->ratio = fmin(2 * backoff->ratio, 1);
    return true;
}

static bool set_jitter(struct profile_rule *rule, enum jitter_kind kind)
{
    struct backoff *backoff = &rule->backoff;
    if (backoff->jitter == kind || backoff->schedule == SCHEDULE_NONE) {
        return false;
    }
    backoff->jitter = kind;
    backoff->ratio = 1;
    return true;
}

static bool jitter_equal(struct profile_rule *rule)
{
    return set_jitter(rule, JITTER_EQUAL);
}

static bool jitter_full(struct profile_rule *rule)
{
    return set_jitter(rule, JITTER_FULL);
}

static const struct misreading items[] = {
    {.rule = jitter_missing, .text = "no jitter was applied"},
    {.rule = jitter_mirrored, .text = "the jitter went to the wrong side"},
    {.rule = jitter_on_both_sides,
     .text = "the jitter went to both sides instead of one"},
    {.rule = jitter_twice, .text = "the jitter is twice as wide"},
    {.rule = jitter_equal,
     .text = "equal jitter was applied: from half the delay to all of it"},
    {.rule = jitter_full,
     .text = "full jitter was applied: from 0 to the delay"},
};

const struct misreadings misreadings_jitter = {items,
                                               sizeof items / sizeof *items};
