#include "judge/progress.h"

#include <stdlib.h>

#include "judge/rules_results.h"
#include "judge/rules_slots.h"
#include "model/units.h"

/* What moves a clock of a client. */
struct instant {
    size_t client;
    int64_t at_ns;
    int begun, ended; /* calls */
    bool is_success;
};

struct progress_lines {
    bool is_kept[PROFILE_LAYERS_MAX]; /* layers with a clock of scope handler */
    bool resets_when_idle[PROFILE_LAYERS_MAX];
    size_t layer_count;
    bool may_queue;   /* clients, for slots of all of them */
    bool may_wait;    /* calls, for any slots: then no client is seen idle */
    int64_t begun_ns; /* by then the first calls have their slots */
    /* By client, then time. */
    struct mark {
        size_t client;
        int64_t at_ns;
        int64_t first_ns;   /* first call of the client */
        int64_t busy_ns;    /* since when it is not idle */
        int64_t success_ns; /* last call that succeeded; 0: none */
    } * marks;
    size_t count;
};

static bool find_layers(struct progress_lines *lines,
                        const struct profile *profile)
{
    bool is_any = false;
    lines->layer_count = profile->layer_count;
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct progress *progress = &profile->layers[i].progress;
        lines->is_kept[i] = progress->timeout_ns != NS_FOREVER &&
                            progress->clock == PROGRESS_PER_HANDLER;
        lines->resets_when_idle[i] = progress->resets_when_idle;
        is_any |= lines->is_kept[i];
    }
    return is_any;
}

static int by_client_and_time(const void *a, const void *b)
{
    const struct instant *x = a, *y = b;
    if (x->client != y->client) {
        return x->client < y->client ? -1 : 1;
    }
    if (x->at_ns != y->at_ns) {
        return x->at_ns < y->at_ns ? -1 : 1;
    }
    return y->begun - x->begun;
}

static size_t collect(const struct judging *judging, struct instant *instants)
{
    size_t count = 0;
    for (size_t i = 0; i < judging->calls->count; i++) {
        const struct call *call = &judging->calls->items[i];
        const struct trace_attempt *last = call->attempts[call->count - 1];
        struct seen seen = seen_end(judging, last, TRACE_NEVER);
        instants[count++] = (struct instant){
            .client = call->client,
            .at_ns = call->attempts[0]->head_ns,
            .begun = 1,
        };
        instants[count++] = (struct instant){
            .client = call->client,
            .at_ns = seen.at_ns,
            .ended = 1,
            /* One that came as its time was over is none to the client. */
            .is_success = rules_results_is_success(judging, call, &seen) &&
                          !rules_results_is_told_failed(judging, call),
        };
    }
    return count;
}

static void note_slots(struct progress_lines *lines,
                       const struct judging *judging)
{
    int64_t first_ns = NS_FOREVER;
    for (size_t i = 0; i < judging->calls->count; i++) {
        first_ns =
            units_min(first_ns, judging->calls->items[i].attempts[0]->head_ns);
    }
    lines->begun_ns = units_add(first_ns, judging->late_ns);
    for (size_t i = 0; i < lines->layer_count; i++) {
        bool may_wait = rules_slots_may_queue(judging, i);
        lines->may_wait |= may_wait;
        lines->may_queue |= may_wait && rules_slots_is_shared(
                                            &judging->profile->layers[i].slots);
    }
}

static void draw(struct progress_lines *lines, const struct instant *instants)
{
    int64_t in_flight = 0;
    struct mark now = {0};
    for (size_t i = 0; i < lines->count; i++) {
        const struct instant *instant = &instants[i];
        if (i == 0 || instant->client != now.client) {
            now = (struct mark){.client = instant->client,
                                .first_ns = instant->at_ns};
            in_flight = 0;
        }
        if (instant->begun && in_flight == 0) {
            now.busy_ns = instant->at_ns;
        }
        if (instant->is_success) {
            now.success_ns = instant->at_ns;
        }
        in_flight += instant->begun - instant->ended;
        now.at_ns = instant->at_ns;
        lines->marks[i] = now;
    }
}

struct progress_lines *progress_create(const struct judging *judging,
                                       struct arena *arena)
{
    struct progress_lines *lines = arena_alloc(arena, sizeof *lines);
    if (!lines || !find_layers(lines, judging->profile)) {
        return lines;
    }
    size_t most = judging->calls->count * 2 + 1;
    struct instant *instants = arena_array(arena, most, sizeof *instants);
    lines->marks = arena_array(arena, most, sizeof *lines->marks);
    if (!instants || !lines->marks) {
        return NULL;
    }
    lines->count = collect(judging, instants);
    qsort(instants, lines->count, sizeof *instants, by_client_and_time);
    draw(lines, instants);
    note_slots(lines, judging);
    return lines;
}

size_t progress_count(const struct progress_lines *lines)
{
    return lines->count;
}

/* How many marks stand before those of the client after `now_ns`. */
static size_t count_by(const struct progress_lines *lines, size_t client,
                       int64_t now_ns)
{
    size_t low = 0, high = lines->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct mark *mark = &lines->marks[middle];
        if (mark->client < client ||
            (mark->client == client && mark->at_ns <= now_ns)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The last mark of the client at or before `now_ns`; NULL: none. */
static const struct mark *mark_at(const struct progress_lines *lines,
                                  size_t client, int64_t now_ns)
{
    size_t count = count_by(lines, client, now_ns);
    const struct mark *mark = count > 0 ? &lines->marks[count - 1] : NULL;
    return mark && mark->client == client ? mark : NULL;
}

int64_t progress_next(const struct progress_lines *lines, size_t client,
                      int64_t after_ns)
{
    size_t next = count_by(lines, client, after_ns);
    return next < lines->count && lines->marks[next].client == client
               ? lines->marks[next].at_ns
               : NS_FOREVER;
}

/* Since when the clock of layer i runs, by a mark. */
static int64_t idle_since(const struct progress_lines *lines, size_t i,
                          const struct mark *mark)
{
    return lines->resets_when_idle[i] ? mark->busy_ns : mark->first_ns;
}

/* Was the client perhaps never idle, as calls waited for slots, though it looks
 * as if its clock had begun anew? */
static bool may_go_on(const struct progress_lines *lines, size_t client)
{
    const struct mark *last =
        lines->may_wait ? mark_at(lines, client, NS_FOREVER) : NULL;
    for (size_t i = 0; last && i < lines->layer_count; i++) {
        if (lines->is_kept[i] && lines->resets_when_idle[i] &&
            last->busy_ns > last->first_ns) {
            return true;
        }
    }
    return false;
}

bool progress_may_be_older(const struct progress_lines *lines, size_t client,
                           int64_t head_ns)
{
    const struct mark *mark =
        lines->may_queue ? mark_at(lines, client, head_ns) : NULL;
    for (size_t i = 0; mark && i < lines->layer_count; i++) {
        int64_t since_ns = idle_since(lines, i, mark);
        if (lines->is_kept[i] && since_ns > lines->begun_ns &&
            mark->success_ns <= since_ns) {
            return true;
        }
    }
    return may_go_on(lines, client);
}

void progress_apply(const struct progress_lines *lines, size_t client,
                    int64_t now_ns, struct retry_shared *shared)
{
    if (lines->count == 0) {
        return;
    }
    const struct mark *mark = mark_at(lines, client, now_ns);
    for (size_t i = 0; mark && i < lines->layer_count; i++) {
        if (lines->is_kept[i]) {
            int64_t since_ns = idle_since(lines, i, mark);
            shared->layers[i].progress_ns =
                mark->success_ns > since_ns ? mark->success_ns : since_ns;
        }
    }
}
