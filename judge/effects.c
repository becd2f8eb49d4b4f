#include "judge/effects.h"

#include <stdlib.h>

#include "judge/seen.h"

/* An attempt is sent and starts a call, ends well or not, closes or clears a
 * window, costs tokens and brings some. */
enum { EFFECTS_EACH_MAX = 7 };

static bool is_shared(const struct layer *layer)
{
    return layer->rate_limiter.is_used || layer->breaker.is_used ||
           layer->budget.tokens.is_used;
}

static size_t count_shared(const struct profile *profile)
{
    size_t count = 0;
    for (size_t i = 0; i < profile->layer_count; i++) {
        count += is_shared(&profile->layers[i]);
    }
    return count;
}

size_t effects_pool(const struct layer *layer, size_t client)
{
    return layer->rate_limiter.scope == LIMITER_URL_AND_KEY ? 0 : client;
}

void effects_open(struct retry_shared *shared)
{
    for (size_t i = 0; i < shared->profile->layer_count; i++) {
        struct retry_layer_shared *layer = &shared->layers[i];
        layer->tokens = shared->profile->layers[i].budget.tokens.capacity;
        layer->breaker = (struct retry_breaker){0};
        layer->limiter = (struct retry_limiter){0};
        layer->wider_limiter = NULL;
    }
    retry_shared_pass(shared);
}

static int by_head(const void *a, const void *b)
{
    const struct call *const *x = a, *const *y = b;
    int64_t x_ns = (*x)->attempts[0]->head_ns;
    int64_t y_ns = (*y)->attempts[0]->head_ns;
    return (x_ns > y_ns) - (x_ns < y_ns);
}

static bool is_shared_by_clients(const struct judging *judging)
{
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        const struct rate_limiter *limiter =
            &judging->profile->layers[i].rate_limiter;
        if (limiter->is_used && limiter->scope == LIMITER_URL_AND_KEY) {
            return judging->calls->client_count > 1;
        }
    }
    return false;
}

/* Does each client begin a call only after its last one? */
static bool follow_each_other(const struct judging *judging,
                              const struct call *const *sorted,
                              int64_t *ends_ns)
{
    for (size_t i = 0; i < judging->calls->count; i++) {
        const struct call *call = sorted[i];
        struct seen seen =
            seen_end(judging, call->attempts[call->count - 1], TRACE_NEVER);
        if (call->attempts[0]->head_ns < ends_ns[call->client]) {
            return false;
        }
        ends_ns[call->client] = seen.at_ns;
    }
    return true;
}

static bool are_serial(const struct judging *judging)
{
    const struct calls *calls = judging->calls;
    bool is_serial = false;
    if (judging->scenario->workload.concurrency > 1 ||
        is_shared_by_clients(judging)) {
        return false;
    }
    const struct call **sorted = calloc(calls->count + 1, sizeof(void *));
    int64_t *ends_ns = calloc(calls->client_count + 1, sizeof *ends_ns);
    if (sorted && ends_ns) {
        for (size_t i = 0; i < calls->count; i++) {
            sorted[i] = &calls->items[i];
        }
        qsort(sorted, calls->count, sizeof(void *), by_head);
        is_serial = follow_each_other(judging, sorted, ends_ns);
    }
    free(sorted);
    free(ends_ns);
    return is_serial;
}

static int state_of(enum effect_kind kind)
{
    return kind <= EFFECT_CLEAR ? 0 : kind <= EFFECT_REFUND ? 1 : 2;
}

/* What they share: layer, kind of state and pool. */
static uint64_t group_of(const struct effect *effect)
{
    return ((uint64_t)effect->layer << 8 | (uint64_t)state_of(effect->kind))
               << 32 |
           effect->pool;
}

static int in_order(const void *a, const void *b)
{
    const struct effect *x = a, *y = b;
    uint64_t x_group = group_of(x), y_group = group_of(y);
    if (x_group != y_group) {
        return x_group < y_group ? -1 : 1;
    }
    if (x->from_ns != y->from_ns) {
        return x->from_ns < y->from_ns ? -1 : 1;
    }
    return (x->attempt > y->attempt) - (x->attempt < y->attempt);
}

/* Of spans in which an attempt may have closed a limiter: at most one each and
 * pool, and no profile but with such a rule has any. */
static size_t count_span_windows(const struct judging *judging)
{
    bool is_any = false;
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        const struct layer *layer = &judging->profile->layers[i];
        for (size_t k = 0; k < layer->rule_count; k++) {
            is_any |= layer->rules[k].closes_limiter && layer->rules[k].on.ends;
        }
    }
    return is_any ? judging->spans->count * judging->calls->client_count : 0;
}

struct effects *effects_create(const struct judging *judging,
                               struct arena *arena)
{
    struct effects *effects = arena_alloc(arena, sizeof *effects);
    size_t layers = count_shared(judging->profile);
    if (!effects || layers == 0) {
        return effects;
    }
    size_t most = judging->trace->attempt_count + judging->trace->conn_count;
    size_t room = EFFECTS_EACH_MAX * most + count_span_windows(judging) + 1;
    effects->items = arena_array(arena, room * layers, sizeof *effects->items);
    if (!effects->items) {
        return NULL;
    }
    effects->is_serial = are_serial(judging);
    return effects;
}

void effects_sort(struct effects *effects)
{
    if (effects->count > 0) {
        qsort(effects->items, effects->count, sizeof *effects->items, in_order);
    }
}

/* -- slices -----------------------------------------------------------------
 */

/* The first effect that does not stand before the wanted one. */
static size_t find(const struct effects *effects, const struct effect *wanted)
{
    size_t low = 0, high = effects->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (in_order(&effects->items[middle], wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct effects effects_of(const struct effects *effects, int layer,
                          enum effect_kind kind, size_t pool)
{
    struct effect wanted = {.kind = kind,
                            .layer = (uint8_t)layer,
                            .pool = (uint32_t)pool,
                            .from_ns = INT64_MIN,
                            .attempt = -1};
    size_t first = find(effects, &wanted);
    wanted.from_ns = wanted.attempt = INT64_MAX;
    return (struct effects){.items = effects->items + first,
                            .count = find(effects, &wanted) - first,
                            .is_serial = effects->is_serial};
}
