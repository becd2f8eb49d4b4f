/* What the events of a run amount to: which attempt of its retry loop a call is
 * in, and the gauges of its handler. The printers read it.
 *
 * The retry loop is the outermost layer of the profile that retries, or that is
 * disabled: RetryHandler of tinker, with_retry of tinkex, Generate of llm-d.
 * What layers inside it do is inside one attempt of the loop. A request that
 * this layer does not cover is outside of the loop. */
#ifndef RETRYSPEC_DIALECTS_WATCH_H
#define RETRYSPEC_DIALECTS_WATCH_H

#include "client/call_event.h"
#include "dialects/gauges.h"
#include "dialects/message.h"
#include "dialects/table.h"

/* Idle handlers that are remembered; then the one idle for longest goes. */
enum { WATCH_IDLE_MAX = 4096 };

struct watched_handler {
    struct table_link link;                /* by number; first */
    struct watched_handler *newer, *older; /* of the idle ones */
    int64_t calls;                         /* under way */
    bool is_idle; /* among the idle ones: has no calls */
    struct gauges gauges;
};

struct watched_call {
    struct table_link link; /* by client and number; first */
    struct watched_handler *handler;
    bool is_queued, is_entered;
    bool is_waiting; /* between two attempts */
    bool is_polling; /* the wait is one of a poll */
    /* Attempts begin with the next START in this layer and all inside it; -1:
     * all layers begin a run; PROFILE_LAYERS_MAX: none does. */
    int begins;
    bool is_loop_begin;                      /* this START */
    int64_t retries[PROFILE_LAYERS_MAX];     /* counted, of the present run */
    int64_t run_wall_ns[PROFILE_LAYERS_MAX]; /* when that run began */
    bool was_covered[PROFILE_LAYERS_MAX];
    int64_t loop_ns; /* when the present attempt of the loop began */
    char error[512]; /* the last failure as the printer words it */
    struct call_error last_error;
};

struct watch {
    const struct profile *profile;
    int loop; /* index of its layer */
    struct table calls, handlers;
    struct watched_handler *newest_idle, *oldest_idle;
    size_t idle_count;
};

/* One event with all that is known around it. */
struct seen {
    const struct call_event *event;
    const struct profile *profile;
    struct watched_call *call;
    struct gauges *gauges;
    int loop;
    int decider;            /* layer; -1: none */
    bool is_in_loop;        /* the loop covers the request and is enabled */
    bool is_last_step;      /* a success of it is a success of the call */
    struct failure failure; /* RETRY, FAILED and ABORTED */
};

/* Zero-initialise before use. Call watch_before, print, call watch_after. False
 * without memory: the event is to be left out. */
bool watch_before(struct watch *watch, const struct call_event *event,
                  struct seen *seen);
void watch_after(struct watch *watch, const struct seen *seen);
void watch_deinit(struct watch *watch);

/* The layer whose retry loop a caller of the profile sees. */
int watch_loop_of(const struct profile *profile);

/* Has the loop decided that it tries again? Nothing of a poll or of a layer
 * inside it. */
static inline bool seen_is_loop_retry(const struct seen *seen)
{
    return seen->event->kind == EVENT_RETRY && seen->is_in_loop &&
           seen->decider == seen->loop && seen->event->wait_kind != WAIT_POLL;
}

/* Of the loop in its present run, from 0. */
static inline int64_t seen_loop_attempt(const struct seen *seen)
{
    return seen->call->retries[seen->loop];
}

/* A success of the whole call. */
static inline bool seen_is_success(const struct seen *seen)
{
    return seen->event->kind == EVENT_STOP && seen->is_in_loop &&
           seen->is_last_step;
}

#endif
