#include "judge/misreadings.h"

#include <math.h>

/* -- retry tokens ---------------------------------------------------------- */

static bool tokens_not_refunded(struct layer *layer)
{
    struct token_bucket *tokens = &layer->budget.tokens;
    bool had_refund =
        tokens->is_used && (tokens->refund > 0 || tokens->returns_cost);
    tokens->refund = 0;
    tokens->returns_cost = false;
    return had_refund;
}

static bool timeouts_cost_the_same(struct layer *layer)
{
    struct token_bucket *tokens = &layer->budget.tokens;
    bool did_differ =
        tokens->is_used && fabs(tokens->timeout_cost - tokens->cost) > 0;
    tokens->timeout_cost = tokens->cost;
    return did_differ;
}

static bool threshold_ignored(struct layer *layer)
{
    struct token_bucket *tokens = &layer->budget.tokens;
    bool had_threshold = tokens->is_used && tokens->threshold > 0;
    tokens->threshold = 0;
    return had_threshold;
}

static bool tokens_ignored(struct layer *layer)
{
    bool was_used = layer->budget.tokens.is_used;
    layer->budget.tokens.is_used = false;
    return was_used;
}

static bool budget_ignored(struct layer *layer)
{
    bool was_used = layer->budget.allowance.kind != ALLOWANCE_NONE;
    layer->budget.allowance.kind = ALLOWANCE_NONE;
    return was_used;
}

static bool throttle_ignored(struct layer *layer)
{
    bool was_used = layer->throttle.is_used;
    layer->throttle.is_used = false;
    return was_used;
}

/* -- the circuit breaker --------------------------------------------------- */

static bool shift_breaker(struct layer *layer, int64_t by)
{
    struct circuit_breaker *breaker = &layer->breaker;
    bool is_changed = breaker->is_used && breaker->failures + by > 0;
    breaker->failures += is_changed ? by : 0;
    return is_changed;
}

static bool breaker_too_late(struct layer *layer)
{
    return shift_breaker(layer, 1);
}

static bool breaker_too_soon(struct layer *layer)
{
    return shift_breaker(layer, -1);
}

static bool breaker_at_first(struct layer *layer)
{
    struct circuit_breaker *breaker = &layer->breaker;
    bool is_changed = breaker->is_used && breaker->checked != BREAKER_PER_CALL;
    breaker->checked = BREAKER_PER_CALL;
    return is_changed;
}

static bool all_let_through(struct layer *layer)
{
    enum { CROWD = 1000000 };
    bool is_changed = layer->breaker.is_used;
    layer->breaker.half_open_calls = CROWD;
    return is_changed;
}

static bool breaker_ignored(struct layer *layer)
{
    bool was_used = layer->breaker.is_used;
    layer->breaker.is_used = false;
    return was_used;
}

/* -- the rate limiter ------------------------------------------------------ */

static bool limiter_cleared(struct layer *layer)
{
    bool is_changed =
        layer->rate_limiter.is_used && !layer->rate_limiter.clears_on_success;
    layer->rate_limiter.clears_on_success = true;
    return is_changed;
}

static bool limiter_not_cleared(struct layer *layer)
{
    bool is_changed = layer->rate_limiter.clears_on_success;
    layer->rate_limiter.clears_on_success = false;
    return is_changed;
}

static bool burst_too_large(struct layer *layer)
{
    struct rate_limiter *limiter = &layer->rate_limiter;
    if (!limiter->is_used || limiter->per_second <= limiter->burst) {
        return false;
    }
    limiter->burst = limiter->per_second;
    return true;
}

static bool pace_ignored(struct layer *layer)
{
    bool had_pace =
        layer->rate_limiter.is_used && layer->rate_limiter.per_second > 0;
    layer->rate_limiter.per_second = 0;
    return had_pace;
}

static bool limiter_ignored(struct profile_rule *rule)
{
    bool did_close = rule->closes_limiter;
    rule->closes_limiter = false;
    return did_close;
}

/* -- slots ----------------------------------------------------------------- */

static bool one_slot_more(struct layer *layer)
{
    bool had_limit = layer->slots.limit > 0;
    layer->slots.limit += had_limit;
    return had_limit;
}

static bool slots_of_attempts(struct layer *layer)
{
    bool is_changed = (layer->slots.limit > 0 || layer->slots.byte_limit > 0) &&
                      layer->slots.held == SLOT_HELD_CALL;
    layer->slots.held = SLOT_HELD_ATTEMPT;
    return is_changed;
}

static bool slots_of_each_client(struct layer *layer)
{
    bool is_changed = (layer->slots.limit > 0 || layer->slots.byte_limit > 0) &&
                      layer->slots.scope != SLOTS_CLIENT;
    layer->slots.scope = SLOTS_CLIENT;
    return is_changed;
}

static bool bytes_ignored(struct layer *layer)
{
    bool had_limit = layer->slots.byte_limit > 0;
    layer->slots.byte_limit = 0;
    return had_limit;
}

static bool slots_ignored(struct layer *layer)
{
    bool had_limit = layer->slots.limit > 0;
    layer->slots.limit = 0;
    return had_limit;
}

static const struct misreading items[] = {
    {.layer = tokens_not_refunded,
     .text = "a success gave no retry tokens back"},
    {.layer = timeouts_cost_the_same,
     .text = "a timeout cost as many retry tokens as any failure"},
    {.layer = threshold_ignored,
     .text = "the retry tokens were spent to the last one"},
    {.layer = breaker_too_late,
     .text = "the circuit opened one failure too late"},
    {.layer = breaker_too_soon,
     .text = "the circuit opened one failure too soon"},
    {.layer = breaker_at_first,
     .text = "the circuit was looked at before the first attempt only"},
    {.layer = all_let_through,
     .text = "all calls were let through when the circuit was half open"},
    {.layer = limiter_cleared,
     .text = "a success opened the rate limiter: its window only runs out"},
    {.layer = limiter_not_cleared,
     .text = "no success opened the rate limiter: its window ran out"},
    {.layer = burst_too_large,
     .text = "what may be sent in a second was sent at once"},
    {.layer = one_slot_more,
     .text = "one more was in flight than there are "
             "slots"},
    {.layer = slots_of_attempts,
     .text = "the slot was given back between attempts"},
    {.layer = slots_of_each_client,
     .text = "each client had slots of its own: they are shared"},
    {.layer = bytes_ignored, .text = "the bytes in flight were not limited"},
    {.layer = slots_ignored, .text = "there were no slots"},
    {.layer = tokens_ignored, .text = "retry tokens were not asked for"},
    {.layer = budget_ignored,
     .text = "the budget of retries that calls share was not kept"},
    {.layer = throttle_ignored, .text = "the throttle held no request back"},
    {.layer = breaker_ignored, .text = "the circuit breaker was not asked"},
    {.layer = pace_ignored, .text = "the steady rate was not kept"},
    {.rule = limiter_ignored,
     .text = "the rate limiter was not closed: each call waited for itself"},
};

const struct misreadings misreadings_shared = {items,
                                               sizeof items / sizeof *items};
