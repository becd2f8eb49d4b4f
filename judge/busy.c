#include "judge/busy.h"

#include <stdlib.h>

#include "judge/rules_slots.h"
#include "judge/seen.h"
#include "model/units.h"

struct use {
    size_t client;
    int64_t from_ns, to_ns;
};

struct busy {
    const struct judging *judging;
    bool is_shared; /* by all clients, and so they are one */
    bool is_kept;   /* while a call waits to try again */
    struct use *uses;
    size_t count;
};

/* Does a wait end no run of layer i? */
static bool waits_inside(const struct profile *profile, size_t i)
{
    bool waits = false;
    for (size_t k = i; k < profile->layer_count; k++) {
        const struct layer *layer = &profile->layers[k];
        waits |= layer->rule_count > 0 && !layer->is_disabled;
    }
    return waits && profile->layers[i].slots.held == SLOT_HELD_CALL;
}

static void note_layers(struct busy *busy)
{
    const struct profile *profile = busy->judging->profile;
    for (size_t i = 0; i < profile->layer_count; i++) {
        if (rules_slots_may_queue(busy->judging, i)) {
            busy->is_shared |= rules_slots_is_shared(&profile->layers[i].slots);
            busy->is_kept |= waits_inside(profile, i);
        }
    }
}

static struct use *add(struct busy *busy, const struct call *call,
                       const struct trace_attempt *attempt)
{
    struct seen seen = seen_end(busy->judging, attempt, TRACE_NEVER);
    bool is_over = seen.outcome.end != END_UNFINISHED;
    struct use *use = &busy->uses[busy->count++];
    *use = (struct use){
        .client = busy->is_shared ? 0 : call->client,
        .from_ns = attempt->head_ns,
        .to_ns = is_over ? seen.at_ns : busy->judging->end_ns,
    };
    return use;
}

static void add_call(struct busy *busy, const struct call *call)
{
    const struct use *last = NULL;
    for (size_t i = 0; i < call->count; i++) {
        struct use *use = add(busy, call, call->attempts[i]);
        if (last && busy->is_kept) {
            use->from_ns = units_min(last->to_ns, use->from_ns);
        }
        last = use;
    }
}

static int by_client_and_time(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    if (x->client != y->client) {
        return x->client < y->client ? -1 : 1;
    }
    return (x->from_ns > y->from_ns) - (x->from_ns < y->from_ns);
}

/* Those that follow each other within the late tolerance are one. */
static void join(struct busy *busy)
{
    size_t kept = 0;
    for (size_t i = 0; i < busy->count; i++) {
        const struct use *use = &busy->uses[i];
        struct use *last = kept > 0 ? &busy->uses[kept - 1] : NULL;
        if (last && last->client == use->client &&
            use->from_ns <= units_add(last->to_ns, busy->judging->late_ns)) {
            last->to_ns = units_max(last->to_ns, use->to_ns);
        } else {
            busy->uses[kept++] = *use;
        }
    }
    busy->count = kept;
}

struct busy *busy_create(const struct judging *judging, struct arena *arena)
{
    struct busy *busy = arena_alloc(arena, sizeof *busy);
    size_t most = 1;
    for (size_t i = 0; i < judging->calls->count; i++) {
        most += judging->calls->items[i].count;
    }
    if (!busy) {
        return NULL;
    }
    *busy = (struct busy){
        .judging = judging,
        .uses = arena_array(arena, most, sizeof *busy->uses),
    };
    if (!busy->uses) {
        return NULL;
    }
    note_layers(busy);
    for (size_t i = 0; i < judging->calls->count; i++) {
        add_call(busy, &judging->calls->items[i]);
    }
    qsort(busy->uses, busy->count, sizeof *busy->uses, by_client_and_time);
    join(busy);
    return busy;
}

int64_t busy_until(const struct busy *busy, size_t client, int64_t at_ns)
{
    const struct use wanted = {busy->is_shared ? 0 : client, at_ns, 0};
    size_t low = 0, high = busy->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_client_and_time(&busy->uses[middle], &wanted) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct use *use = low > 0 ? &busy->uses[low - 1] : NULL;
    return use && use->client == wanted.client ? units_max(use->to_ns, at_ns)
                                               : at_ns;
}
