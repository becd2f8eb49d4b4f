#include "judge/stats_pairs.h"

#include <math.h>
#include <stdlib.h>

static int by_clients(const void *a, const void *b)
{
    const struct stats_sample *x = *(const struct stats_sample *const *)a;
    const struct stats_sample *y = *(const struct stats_sample *const *)b;
    if (x->number != y->number) {
        return x->number < y->number ? -1 : 1;
    }
    if (x->index != y->index) {
        return x->index < y->index ? -1 : 1;
    }
    return (x->call->client > y->call->client) -
           (x->call->client < y->call->client);
}

static int by_calls(const void *a, const void *b)
{
    const struct stats_sample *x = *(const struct stats_sample *const *)a;
    const struct stats_sample *y = *(const struct stats_sample *const *)b;
    if (x->call->client != y->call->client) {
        return x->call->client < y->call->client ? -1 : 1;
    }
    if (x->index != y->index) {
        return x->index < y->index ? -1 : 1;
    }
    return (x->number > y->number) - (x->number < y->number);
}

/* The same draw of two clients, or of two calls of a client. */
static bool is_pair(const struct stats_sample *a, const struct stats_sample *b,
                    bool is_of_clients)
{
    return a->index == b->index && a->number >= 0 && b->number >= 0 &&
           (is_of_clients
                ? a->number == b->number && a->call->client != b->call->client
                : a->call->client == b->call->client && a->number != b->number);
}

static void add_pair(struct stats_pairs *pairs, const struct stats_sample *a,
                     const struct stats_sample *b)
{
    pairs->count++;
    pairs->chance += fmin(a->near, b->near);
    pairs->chance_on_time += fmin(a->near_on_time, b->near_on_time);
    if (llabs(a->delay_ns - b->delay_ns) > STATS_COINCIDENCE_NS) {
        return;
    }
    if (pairs->alike++ == 0) {
        pairs->a = a;
        pairs->b = b;
    }
}

struct stats_pairs stats_pairs_up(const struct stats_sample **sorted,
                                  size_t count, bool is_of_clients)
{
    struct stats_pairs pairs = {0};
    qsort(sorted, count, sizeof *sorted, is_of_clients ? by_clients : by_calls);
    for (size_t i = 0; i + 1 < count; i++) {
        if (is_pair(sorted[i], sorted[i + 1], is_of_clients)) {
            add_pair(&pairs, sorted[i], sorted[i + 1]);
            i++;
        }
    }
    return pairs;
}

double stats_pairs_chance(const struct stats_pairs *pairs)
{
    return pairs->count > 0 ? pairs->chance / (double)pairs->count : 1;
}

size_t stats_pairs_keep_first(const struct stats_sample **sorted, size_t count,
                              bool is_of_clients)
{
    size_t kept = 0;
    qsort(sorted, count, sizeof *sorted, is_of_clients ? by_clients : by_calls);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !is_pair(sorted[kept - 1], sorted[i], is_of_clients)) {
            sorted[kept++] = sorted[i];
        }
    }
    return kept;
}
