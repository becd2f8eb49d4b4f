#include "dialects/watch.h"

#include <stdlib.h>
#include <string.h>

/* -- the retry loop ---------------------------------------------------------
 */

static bool may_retry(const struct layer *layer)
{
    for (size_t i = 0; i < layer->rule_count; i++) {
        if (layer->rules[i].action == RULE_RETRY) {
            return true;
        }
    }
    return layer->is_disabled;
}

int watch_loop_of(const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        if (may_retry(&profile->layers[i])) {
            return (int)i;
        }
    }
    return 0;
}

/* -- handlers ---------------------------------------------------------------
 */

static void take_from_idle(struct watch *watch, struct watched_handler *handler)
{
    if (!handler->is_idle) {
        return;
    }
    struct watched_handler **newer =
        handler->newer ? &handler->newer->older : &watch->newest_idle;
    struct watched_handler **older =
        handler->older ? &handler->older->newer : &watch->oldest_idle;
    *newer = handler->older;
    *older = handler->newer;
    handler->is_idle = false;
    watch->idle_count--;
}

static void drop_handler(struct watch *watch, struct watched_handler *handler)
{
    take_from_idle(watch, handler);
    table_remove(&watch->handlers, &handler->link);
    gauges_deinit(&handler->gauges);
    free(handler);
}

static void put_to_idle(struct watch *watch, struct watched_handler *handler)
{
    handler->is_idle = true;
    handler->newer = NULL;
    handler->older = watch->newest_idle;
    if (handler->older) {
        handler->older->newer = handler;
    } else {
        watch->oldest_idle = handler;
    }
    watch->newest_idle = handler;
    if (++watch->idle_count > WATCH_IDLE_MAX) {
        drop_handler(watch, watch->oldest_idle);
    }
}

static struct watched_handler *find_handler(struct watch *watch,
                                            const struct call_event *event)
{
    struct table_link *link =
        table_find(&watch->handlers, (uint64_t)event->handler);
    if (link) {
        return (struct watched_handler *)(void *)link;
    }
    struct watched_handler *handler = calloc(1, sizeof *handler);
    if (!handler) {
        return NULL;
    }
    handler->link.key = (uint64_t)event->handler;
    gauges_init(&handler->gauges, event->at_ns);
    if (!table_add(&watch->handlers, &handler->link)) {
        free(handler);
        return NULL;
    }
    return handler;
}

/* -- calls ------------------------------------------------------------------
 */

static uint64_t key_of(const struct call_event *event)
{
    return (uint64_t)event->client << 32 ^ (uint64_t)event->call;
}

static struct watched_call *find_call(struct watch *watch,
                                      const struct call_event *event)
{
    struct table_link *link = table_find(&watch->calls, key_of(event));
    if (link) {
        return (struct watched_call *)(void *)link;
    }
    struct watched_call *call = calloc(1, sizeof *call);
    if (!call) {
        return NULL;
    }
    call->link.key = key_of(event);
    call->begins = -1;
    call->handler = find_handler(watch, event);
    if (!call->handler || !table_add(&watch->calls, &call->link)) {
        free(call);
        return NULL;
    }
    take_from_idle(watch, call->handler);
    call->handler->calls++;
    return call;
}

static void drop_call(struct watch *watch, struct watched_call *call)
{
    table_remove(&watch->calls, &call->link);
    if (--call->handler->calls == 0) {
        put_to_idle(watch, call->handler);
    }
    free(call);
}

/* -- before it is printed ---------------------------------------------------
 */

/* By name: the driver may have a copy of the layers. */
static int index_of(const struct profile *profile, const struct layer *layer)
{
    for (size_t i = 0; layer && i < profile->layer_count; i++) {
        if (strcmp(profile->layers[i].name, layer->name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool covers(const struct seen *seen, int i)
{
    const struct retry_request *request = seen->event->request;
    return !request || layer_covers(&seen->profile->layers[i], request->method,
                                    request->path);
}

static void note_start(struct seen *seen)
{
    struct watched_call *call = seen->call;
    for (int i = 0; i < (int)seen->profile->layer_count; i++) {
        bool is_covered = covers(seen, i);
        if (is_covered && (i > call->begins || !call->was_covered[i])) {
            call->run_wall_ns[i] = seen->event->wall_ns;
            call->retries[i] = 0;
        }
        call->was_covered[i] = is_covered;
    }
    call->is_loop_begin = call->begins <= seen->loop && !call->is_polling;
    if (call->is_loop_begin) {
        call->loop_ns = seen->event->at_ns;
    }
    call->begins = PROFILE_LAYERS_MAX;
    call->is_waiting = call->is_polling = false;
}

static void note_entered(struct watched_call *call, struct gauges *gauges)
{
    gauges->waiting -= call->is_queued;
    call->is_queued = false;
    call->is_entered = true;
    gauges->in_loop++;
}

/* The counters are moved before the line is printed. */
static void note_done(struct seen *seen)
{
    struct watched_call *call = seen->call;
    seen->gauges->waiting -= call->is_queued;
    seen->gauges->in_loop -= call->is_entered;
    seen->gauges->processed += seen->event->is_ok && seen->is_in_loop;
    call->is_queued = call->is_entered = false;
}

static void note(struct seen *seen)
{
    switch (seen->event->kind) {
    case EVENT_QUEUED:
        seen->call->is_queued = true;
        seen->gauges->waiting++;
        return;
    case EVENT_ENTERED:
        note_entered(seen->call, seen->gauges);
        return;
    case EVENT_START:
        note_start(seen);
        return;
    case EVENT_RETRY:
    case EVENT_FAILED:
    case EVENT_ABORTED:
        seen->call->last_error =
            error_of(seen->failure.outcome, seen->failure.reason);
        return;
    case EVENT_DONE:
        note_done(seen);
        return;
    case EVENT_STOP:
    case EVENT_NOTICE:
        return;
    }
}

bool watch_before(struct watch *watch, const struct call_event *event,
                  struct seen *seen)
{
    struct watched_call *call = find_call(watch, event);
    if (!call) {
        return false;
    }
    int loop = watch_loop_of(event->profile);
    *seen = (struct seen){
        .event = event,
        .profile = event->profile,
        .call = call,
        .gauges = &call->handler->gauges,
        .loop = loop,
        .decider = index_of(event->profile, event->layer),
        .is_last_step = event->step == 1 || !event->profile->follow_up.path,
        .failure = {event->outcome, event->step, event->reason},
    };
    seen->is_in_loop =
        covers(seen, loop) && !event->profile->layers[loop].is_disabled;
    if (event->kind == EVENT_RETRY) {
        seen->failure.reason = REASON_FINAL;
    }
    note(seen);
    return true;
}

/* -- after it was printed ---------------------------------------------------
 */

static void note_retry(const struct seen *seen)
{
    struct watched_call *call = seen->call;
    seen->gauges->retries += seen_is_loop_retry(seen);
    call->is_waiting = true;
    call->is_polling = seen->event->wait_kind == WAIT_POLL;
    call->begins = seen->decider;
    if (seen->decider >= 0) {
        call->retries[seen->decider] += !call->is_polling;
    }
}

void watch_after(struct watch *watch, const struct seen *seen)
{
    if (seen->event->kind == EVENT_RETRY) {
        note_retry(seen);
    }
    if (seen->event->kind == EVENT_DONE) {
        drop_call(watch, seen->call);
    }
}

void watch_deinit(struct watch *watch)
{
    struct table_link *link;
    while ((link = table_any(&watch->calls))) {
        table_remove(&watch->calls, link);
        free(link);
    }
    while ((link = table_any(&watch->handlers))) {
        drop_handler(watch, (struct watched_handler *)(void *)link);
    }
    table_deinit(&watch->calls);
    table_deinit(&watch->handlers);
}
