#include "judge/crowd.h"

#include <stdlib.h>

#include "judge/starved.h"

/* Rules that send attempts which are no retries of their layer. */
static bool has_free_attempts(const struct layer *layer)
{
    bool has_any = false;
    for (size_t i = 0; i < layer->rule_count && !layer->is_disabled; i++) {
        enum rule_do action = layer->rules[i].action;
        has_any |= action == RULE_POLL || action == RULE_START_OVER;
    }
    return has_any;
}

static bool has_retries(const struct layer *layer)
{
    bool has_any = false;
    for (size_t i = 0; i < layer->rule_count && !layer->is_disabled; i++) {
        has_any |= layer->rules[i].action == RULE_RETRY;
    }
    return has_any;
}

bool crowd_is_sole(const struct judging *judging, const struct layer *layer)
{
    const struct profile *profile = judging->profile;
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *other = &profile->layers[i];
        if (has_free_attempts(other) ||
            (other != layer && has_retries(other))) {
            return false;
        }
    }
    return !profile->follow_up.path && calls_without_key(judging->calls) == 0;
}

static int by_client(const void *a, const void *b)
{
    const struct call *const *x = a, *const *y = b;
    return ((*x)->client > (*y)->client) - ((*x)->client < (*y)->client);
}

const struct call **crowd_calls(const struct calls *calls,
                                struct arena *scratch)
{
    const struct call **sorted =
        arena_array(scratch, calls->count + 1, sizeof(void *));
    for (size_t i = 0; sorted && i < calls->count; i++) {
        sorted[i] = &calls->items[i];
    }
    if (sorted) {
        qsort(sorted, calls->count, sizeof(void *), by_client);
    }
    return sorted;
}

size_t crowd_next(const struct call *const *calls, size_t count, size_t first)
{
    size_t next = first;
    while (next < count && calls[next]->client == calls[first]->client) {
        next++;
    }
    return next;
}

/* May a call have begun long before its first attempt? */
static bool may_be_held_up(const struct profile *profile)
{
    bool may_be = false;
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        may_be |= layer->rate_limiter.is_used || layer->slots.limit > 0 ||
                  layer->slots.byte_limit > 0 ||
                  layer->slots.throttled_limit > 0;
    }
    return may_be;
}

int64_t crowd_begins(const struct judging *judging, const struct call *call)
{
    int64_t head_ns = call->attempts[0]->head_ns;
    return may_be_held_up(judging->profile)
               ? 0
               : head_ns - judging->late_ns - starved_before(judging, head_ns);
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void crowd_sort(int64_t *times_ns, size_t count)
{
    qsort(times_ns, count, sizeof *times_ns, by_number);
}

int64_t crowd_count_by(const int64_t *times_ns, size_t count, int64_t at_ns)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (times_ns[middle] <= at_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (int64_t)low;
}
