#include "judge/record_lost.h"

#include <math.h>

#include "client/backoff.h"
#include "client/outcome.h"
#include "model/units.h"

static const struct layer *layer_of(const struct recorder *recorder, int i)
{
    return &recorder->set->judging->profile->layers[i];
}

static int layer_count(const struct recorder *recorder)
{
    return (int)recorder->set->judging->profile->layer_count;
}

/* -- attempts that were seen -------------------------------------------------
 */

static bool may_close(const struct layer *layer,
                      const struct trace_attempt *attempt,
                      const struct seen *seen)
{
    struct retry_request request = {.method = attempt->method,
                                    .body_bytes = attempt->body_size};
    for (size_t i = 0; i < layer->rule_count; i++) {
        if (layer->rules[i].closes_limiter &&
            outcome_fits(&layer->rules[i].on, &request, &seen->outcome)) {
            return true;
        }
    }
    return false;
}

static double most_refund(const struct token_bucket *tokens)
{
    double cost = fmax(tokens->cost, tokens->timeout_cost);
    return tokens->returns_cost ? fmax(tokens->refund, cost) : tokens->refund;
}

static void lose_attempt(const struct recorder *recorder,
                         const struct call *call, size_t index)
{
    struct seen seen =
        seen_end(recorder->set->judging, call->attempts[index], TRACE_NEVER);
    struct place place = {recorder->set->judging, call, index, &seen};
    struct effect when = record_when_ended(recorder, &place);
    for (int i = 0; i < layer_count(recorder); i++) {
        const struct layer *layer = layer_of(recorder, i);
        const struct token_bucket *tokens = &layer->budget.tokens;
        if (layer->rate_limiter.is_used) {
            record_effect(recorder, EFFECT_CLEAR, i, &when)->is_sure = false;
        }
        if (may_close(layer, call->attempts[index], &seen)) {
            struct effect *window =
                record_effect(recorder, EFFECT_WINDOW, i, &when);
            window->is_sure = false;
            window->end_lo_ns = when.from_ns;
            window->end_hi_ns = NS_FOREVER;
        }
        if (tokens->is_used) {
            record_effect(recorder, EFFECT_COST, i, &when)->most =
                fmax(tokens->cost, tokens->timeout_cost);
            record_effect(recorder, EFFECT_REFUND, i, &when)->most =
                most_refund(tokens);
        }
        if (layer->breaker.is_used) {
            record_effect(recorder, EFFECT_GONE, i, &when);
        }
    }
}

void record_lost_attempts(const struct recorder *recorder,
                          const struct call *call, size_t index)
{
    for (; index < call->count; index++) {
        lose_attempt(recorder, call, index);
    }
}

/* -- attempts that were not -------------------------------------------------
 */

int64_t record_lost_longest_delay(const struct profile_rule *rule)
{
    struct delay_law first = {.backoff = &rule->backoff, .cut_ns = NS_FOREVER};
    struct delay_law last = first;
    last.n = INT32_MAX;
    return units_max(backoff_range(&first).max_ns, backoff_range(&last).max_ns);
}

/* How long a rule of the layer may close its limiter for what ended so, -1: not
 * at all. */
static int64_t longest_window(const struct layer *layer, enum attempt_end end)
{
    int64_t longest_ns = -1;
    for (size_t i = 0; i < layer->rule_count; i++) {
        const struct profile_rule *rule = &layer->rules[i];
        if (rule->closes_limiter && rule->on.ends & UINT32_C(1) << end) {
            longest_ns = units_max(longest_ns, record_lost_longest_delay(rule));
        }
    }
    return longest_ns;
}

/* When clients came to the end of an attempt that was sent there. */
static struct effect when_in_span(const struct recorder *recorder,
                                  const struct span *span)
{
    bool lasts = span->end == END_UNREACHABLE || span->end == END_TIMEOUT;
    int64_t known_ns = lasts ? NS_FOREVER : span->to_ns;
    struct effect when = {
        .index = EFFECT_NO_INDEX,
        .from_ns = span->from_ns,
        .to_ns = units_add(known_ns, recorder->set->judging->late_ns),
    };
    when.early_ns = when.from_ns;
    when.late_ns = when.to_ns;
    return when;
}

/* Spans that the windows they may have led to join are one. */
static void close_limiter(const struct recorder *recorder, int i, size_t pool)
{
    const struct spans *spans = recorder->set->judging->spans;
    struct effect *last = NULL;
    for (size_t k = 0; k < spans->count; k++) {
        const struct span *span = &spans->items[k];
        int64_t longest_ns = longest_window(layer_of(recorder, i), span->end);
        size_t met_by = effects_pool(layer_of(recorder, i), span->client);
        if (longest_ns < 0 || (span->is_stale && met_by != pool)) {
            continue;
        }
        struct effect when = when_in_span(recorder, span);
        if (!last || last->end_hi_ns < when.from_ns) {
            last = record_effect(recorder, EFFECT_WINDOW, i, &when);
            last->is_sure = false;
            last->pool = (uint32_t)pool;
            last->end_lo_ns = when.from_ns;
            last->end_hi_ns = when.from_ns;
        }
        last->to_ns = last->late_ns = units_max(last->to_ns, when.to_ns);
        last->end_hi_ns =
            units_max(last->end_hi_ns, units_add(when.to_ns, longest_ns));
    }
}

void record_lost_spans(const struct recorder *recorder)
{
    const struct judging *judging = recorder->set->judging;
    for (int i = 0; i < layer_count(recorder); i++) {
        const struct layer *layer = layer_of(recorder, i);
        size_t pools = layer->rate_limiter.scope == LIMITER_URL_AND_KEY
                           ? 1
                           : judging->calls->client_count;
        for (size_t pool = 0; layer->rate_limiter.is_used && pool < pools;
             pool++) {
            close_limiter(recorder, i, pool);
        }
    }
}
