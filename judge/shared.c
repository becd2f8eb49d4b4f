#include "judge/shared.h"

#include <math.h>

#include "model/units.h"

struct shared_lines {
    const struct profile *profile;
    const struct progress_lines *progress;
    const struct effects *effects;
    /* By layer and pool; NULL: nothing happened to it. */
    struct layer_lines {
        struct windows **windows;
        struct bucket **buckets;
        struct circuit **circuits;
        /* By index of an attempt: its effect on the bucket. */
        const struct effect **costs;
    } layers[PROFILE_LAYERS_MAX];
    size_t pools, attempts;
    bool may_cost_unseen; /* failures that left no trace may have cost tokens */
    double unseen_calls;  /* that may have brought some */
};

/* -- set-up -----------------------------------------------------------------
 */

static bool add_windows(const struct judging *judging,
                        struct shared_lines *lines, int i, struct arena *arena)
{
    struct windows **all = arena_array(arena, lines->pools, sizeof(void *));
    lines->layers[i].windows = all;
    for (size_t pool = 0; all && pool < lines->pools; pool++) {
        struct effects effects =
            effects_of(lines->effects, i, EFFECT_WINDOW, pool);
        if (effects.count == 0) {
            continue;
        }
        all[pool] = windows_create(
            judging, &lines->profile->layers[i].rate_limiter, &effects, arena);
        if (!all[pool]) {
            return false;
        }
    }
    return all;
}

static void note_costs(struct layer_lines *layer, const struct effects *effects)
{
    for (size_t k = 0; k < effects->count; k++) {
        const struct effect *effect = &effects->items[k];
        if (effect->kind == EFFECT_COST && effect->index != EFFECT_NO_INDEX) {
            layer->costs[effect->index] = effect;
        }
    }
}

static bool add_buckets(struct shared_lines *lines, int i, struct arena *arena)
{
    struct layer_lines *layer = &lines->layers[i];
    layer->buckets = arena_array(arena, lines->pools, sizeof(void *));
    layer->costs = arena_array(arena, lines->attempts + 1, sizeof(void *));
    if (!layer->buckets || !layer->costs) {
        return false;
    }
    for (size_t pool = 0; pool < lines->pools; pool++) {
        struct effects effects =
            effects_of(lines->effects, i, EFFECT_COST, pool);
        note_costs(layer, &effects);
        layer->buckets[pool] = bucket_create(
            &lines->profile->layers[i].budget.tokens, &effects, arena);
        if (!layer->buckets[pool]) {
            return false;
        }
    }
    return true;
}

static bool add_circuits(const struct judging *judging,
                         struct shared_lines *lines, int i, struct arena *arena)
{
    struct circuit **all = arena_array(arena, lines->pools, sizeof(void *));
    lines->layers[i].circuits = all;
    for (size_t pool = 0; all && pool < lines->pools; pool++) {
        struct effects effects =
            effects_of(lines->effects, i, EFFECT_SENT, pool);
        all[pool] = circuit_create(judging, &lines->profile->layers[i].breaker,
                                   &effects, arena);
        if (!all[pool]) {
            return false;
        }
    }
    return all;
}

static bool add_layer(const struct judging *judging, struct shared_lines *lines,
                      int i, struct arena *arena)
{
    const struct layer *layer = &lines->profile->layers[i];
    return (!layer->rate_limiter.is_used ||
            add_windows(judging, lines, i, arena)) &&
           (!layer->budget.tokens.is_used || add_buckets(lines, i, arena)) &&
           (!layer->breaker.is_used || add_circuits(judging, lines, i, arena));
}

/* Refusals by a circuit, waits cut by a timeout and attempts in an outage leave
 * no trace. */
static bool may_fail_unseen(const struct judging *judging)
{
    bool may_fail = judging->spans->count > 0;
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        const struct layer *layer = &judging->profile->layers[i];
        may_fail |= layer->breaker.is_used && layer->breaker.is_retryable;
        may_fail |= layer->throttle.is_used && layer->throttle.is_retryable;
        may_fail |= i > 0 && layer->call_timeout_ns != NS_FOREVER;
    }
    return may_fail;
}

static int64_t count_unseen(const struct judging *judging)
{
    const struct workload *workload = &judging->scenario->workload;
    int64_t unseen =
        workload->clients * workload->calls - (int64_t)judging->calls->count;
    return unseen > 0 ? unseen : 0;
}

struct shared_lines *shared_create(const struct judging *judging,
                                   const struct progress_lines *progress,
                                   const struct effects *effects,
                                   struct arena *arena)
{
    struct shared_lines *lines = arena_alloc(arena, sizeof *lines);
    if (!lines) {
        return NULL;
    }
    *lines = (struct shared_lines){
        .profile = judging->profile,
        .progress = progress,
        .effects = effects,
        .pools = judging->calls->client_count,
        .attempts = judging->trace->attempt_count,
        .may_cost_unseen = may_fail_unseen(judging),
        .unseen_calls = (double)count_unseen(judging),
    };
    for (size_t i = 0; effects && i < lines->profile->layer_count; i++) {
        if (!add_layer(judging, lines, (int)i, arena)) {
            return NULL;
        }
    }
    return lines;
}

bool shared_is_blind(const struct shared_lines *lines)
{
    return !lines->effects;
}

/* -- questions --------------------------------------------------------------
 */

void shared_apply(const struct shared_lines *lines, size_t client,
                  int64_t now_ns, struct retry_shared *shared)
{
    progress_apply(lines->progress, client, now_ns, shared);
    effects_open(shared);
}

bool shared_may_be_older(const struct shared_lines *lines, size_t client,
                         int64_t head_ns)
{
    return progress_may_be_older(lines->progress, client, head_ns);
}

int64_t shared_next_progress(const struct shared_lines *lines, size_t client,
                             int64_t after_ns)
{
    return progress_next(lines->progress, client, after_ns);
}

const struct windows *shared_windows(const struct shared_lines *lines,
                                     int layer, size_t client)
{
    struct windows *const *all = lines->layers[layer].windows;
    size_t pool = effects_pool(&lines->profile->layers[layer], client);
    return all ? all[pool] : NULL;
}

const struct circuit *shared_circuit(const struct shared_lines *lines,
                                     int layer, size_t client)
{
    struct circuit *const *all = lines->layers[layer].circuits;
    return all ? all[client] : NULL;
}

static struct bucket_range widen(const struct shared_lines *lines, size_t i,
                                 struct bucket_range range)
{
    const struct token_bucket *policy =
        &lines->profile->layers[i].budget.tokens;
    double brought = lines->unseen_calls * policy->per_call;
    return (struct bucket_range){
        .least = lines->may_cost_unseen ? 0 : range.least,
        .most = fmin(range.most + brought, policy->capacity),
    };
}

static struct bucket_range found_in(const struct shared_lines *lines, size_t i,
                                    size_t client, size_t attempt)
{
    const struct layer_lines *layer = &lines->layers[i];
    struct bucket_range any = {
        0, lines->profile->layers[i].budget.tokens.capacity};
    const struct effect *own = layer->costs && attempt < lines->attempts
                                   ? layer->costs[attempt]
                                   : NULL;
    return own ? widen(lines, i, bucket_found(layer->buckets[client], own))
               : any;
}

struct shared_tokens shared_found(const struct shared_lines *lines,
                                  size_t client, size_t attempt)
{
    struct shared_tokens tokens = {0};
    for (size_t i = 0; i < lines->profile->layer_count; i++) {
        if (lines->profile->layers[i].budget.tokens.is_used) {
            tokens.layers[i] = found_in(lines, i, client, attempt);
            bool differs = tokens.layers[i].least < tokens.layers[i].most;
            tokens.unknown |= (uint8_t)(differs << i);
        }
        if (lines->profile->layers[i].budget.allowance.kind != ALLOWANCE_NONE)
            tokens.unknown |= (uint8_t)(1 << i);
    }
    return tokens;
}

struct shared_tokens shared_unknown(const struct shared_lines *lines)
{
    return shared_found(lines, 0, SIZE_MAX);
}

int64_t shared_openings(const struct shared_lines *lines, bool has_unseen)
{
    int64_t sum = 0;
    for (size_t i = 0; i < lines->profile->layer_count; i++) {
        struct circuit *const *all = lines->layers[i].circuits;
        for (size_t pool = 0; all && pool < lines->pools; pool++) {
            sum += circuit_openings(all[pool], has_unseen);
        }
    }
    return sum;
}
