#include "judge/bucket.h"

#include <math.h>
#include <stdlib.h>

/* So many changes while one attempt ends are not looked through. */
enum { LOOK_MAX = 256 };

/* The bounds from an instant on. */
struct bucket_level {
    double least, most;
};

struct bucket {
    const struct token_bucket *policy;
    struct effects effects;
    struct bucket_level *levels;
    size_t count;
    uint32_t *begins, *ends; /* of each effect: its levels */
};

/* An effect begins to be possible, or is certain to have been. */
struct edge {
    int64_t at_ns;
    uint32_t effect;
    bool is_end;
};

/* The true number x of tokens is unknown, but with the costs A and the refunds
 * B that are pending (possible, not certain yet):
 *
 *     low + (A not taken yet) + (B that came) <= x
 *     x <= high - (A taken already) - (B not come yet)
 *
 * so costs lower `low` when they begin and `high` when they end; refunds raise
 * `high` when they begin and `low` when they end. At its ends the bucket wastes
 * what does not fit: then x was at that end while the effect was pending, and
 * only what has been pending since can have moved it away. */
struct sweep {
    bool can_be_emptied; /* a cost may be more than there is */
    double capacity, low, high;
    double costs, refunds; /* pending */
    /* All that ended, and what of it had when each effect began. */
    double costs_ended, refunds_ended;
    double costs_begun, refunds_begun;
    double *costs_before, *refunds_before;
};

static void begin(struct sweep *sweep, const struct effect *effect,
                  size_t index)
{
    sweep->costs_before[index] = sweep->costs_ended;
    sweep->refunds_before[index] = sweep->refunds_ended;
    if (effect->kind == EFFECT_COST) {
        sweep->costs += effect->most;
        sweep->costs_begun += effect->most;
        sweep->low -= effect->most;
    } else {
        sweep->refunds += effect->most;
        sweep->refunds_begun += effect->most;
        sweep->high += effect->most;
    }
}

static void finish(struct sweep *sweep, const struct effect *effect,
                   size_t index)
{
    double costs_since = sweep->costs_begun - sweep->costs_before[index];
    double refunds_since = sweep->refunds_begun - sweep->refunds_before[index];
    if (effect->kind == EFFECT_COST) {
        sweep->costs -= effect->most;
        sweep->costs_ended += effect->most;
        sweep->high -= effect->least;
        if (sweep->can_be_emptied) {
            sweep->high = fmax(sweep->high, refunds_since + sweep->costs);
        }
    } else {
        sweep->refunds -= effect->most;
        sweep->refunds_ended += effect->most;
        double filled = sweep->capacity - costs_since - sweep->refunds;
        sweep->low = fmin(sweep->low + effect->least, filled);
    }
    sweep->high =
        fmin(sweep->high, sweep->capacity + sweep->costs + sweep->refunds);
    sweep->low = fmax(sweep->low, -sweep->costs - sweep->refunds);
}

/* What begins comes first, so that what touches overlaps. */
static int by_time(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    if (x->at_ns != y->at_ns) {
        return x->at_ns < y->at_ns ? -1 : 1;
    }
    return x->is_end - y->is_end;
}

static void sweep_edges(struct bucket *bucket, struct sweep *sweep,
                        const struct edge *edges)
{
    for (size_t i = 0; i < bucket->effects.count * 2; i++) {
        size_t index = edges[i].effect;
        const struct effect *effect = &bucket->effects.items[index];
        if (edges[i].is_end) {
            finish(sweep, effect, index);
            bucket->ends[index] = (uint32_t)i;
        } else {
            begin(sweep, effect, index);
            bucket->begins[index] = (uint32_t)i;
        }
        bucket->levels[i] = (struct bucket_level){sweep->low, sweep->high};
    }
}

static bool make_room(struct bucket *bucket, struct arena *arena)
{
    size_t count = bucket->effects.count + 1;
    bucket->levels = arena_array(arena, count * 2, sizeof *bucket->levels);
    bucket->begins = arena_array(arena, count, sizeof *bucket->begins);
    bucket->ends = arena_array(arena, count, sizeof *bucket->ends);
    return bucket->levels && bucket->begins && bucket->ends;
}

/* What the sweep alone needs is freed when it is over: there are many buckets.
 */
static bool fill(struct bucket *bucket, struct sweep *sweep)
{
    size_t count = bucket->effects.count;
    struct edge *edges = calloc(count * 2 + 1, sizeof *edges);
    sweep->costs_before = calloc(count + 1, sizeof(double));
    sweep->refunds_before = calloc(count + 1, sizeof(double));
    bool has_room = edges && sweep->costs_before && sweep->refunds_before;
    for (size_t i = 0; has_room && i < count; i++) {
        const struct effect *effect = &bucket->effects.items[i];
        edges[2 * i] = (struct edge){effect->from_ns, (uint32_t)i, false};
        edges[2 * i + 1] = (struct edge){effect->to_ns, (uint32_t)i, true};
    }
    if (has_room) {
        qsort(edges, count * 2, sizeof *edges, by_time);
        sweep_edges(bucket, sweep, edges);
    }
    free(edges);
    free(sweep->costs_before);
    free(sweep->refunds_before);
    return has_room;
}

struct bucket *bucket_create(const struct token_bucket *policy,
                             const struct effects *effects, struct arena *arena)
{
    struct bucket *bucket = arena_alloc(arena, sizeof *bucket);
    struct sweep sweep = {
        .can_be_emptied = policy->failures_cost != FAILURES_FREE,
        .capacity = policy->capacity,
        .low = policy->capacity,
        .high = policy->capacity,
    };
    if (!bucket) {
        return NULL;
    }
    *bucket = (struct bucket){.policy = policy, .effects = *effects};
    return make_room(bucket, arena) && fill(bucket, &sweep) ? bucket : NULL;
}

struct bucket_range bucket_found(const struct bucket *bucket,
                                 const struct effect *own)
{
    size_t index = (size_t)(own - bucket->effects.items);
    size_t begin = bucket->begins[index], end = bucket->ends[index];
    struct bucket_range range = {bucket->policy->capacity, 0};
    if (end - begin > LOOK_MAX) {
        return (struct bucket_range){0, bucket->policy->capacity};
    }
    for (size_t i = begin; i < end; i++) {
        range.least = fmin(range.least, bucket->levels[i].least + own->most);
        range.most = fmax(range.most, bucket->levels[i].most);
    }
    /* In millionths, as the client counts. */
    range.least = rint(range.least * 1e6) / 1e6;
    range.most = rint(range.most * 1e6) / 1e6;
    range.least = fmax(range.least, 0);
    range.most = fmin(range.most, bucket->policy->capacity);
    return range;
}
