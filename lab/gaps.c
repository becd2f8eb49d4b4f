#include "lab/gaps.h"

#include <stdlib.h>
#include <string.h>

#include "client/retry.h"
#include "model/trace_calls.h"

static struct attempt_outcome outcome_of(const struct trace_attempt *attempt)
{
    bool is_status = attempt->end == END_STATUS;
    return (struct attempt_outcome){
        .end = attempt->end == END_CANCELLED ? END_TIMEOUT : attempt->end,
        .status = is_status ? (int)attempt->status : 0,
        .headers = &attempt->reply_headers,
        .connection_was_reused = attempt->conn_use > 1,
    };
}

struct walk {
    const struct trace *trace;
    const struct trace_calls *calls;
    const struct profile *profile;
    struct gaps *gaps;
};

/* False: the engine would not have sent the next one. */
static bool pass_gap(const struct walk *walk, struct retry_call *call,
                     size_t index, size_t retry)
{
    const struct trace_attempt *attempt = &walk->trace->attempts[index];
    const struct trace_attempt *next =
        &walk->trace->attempts[walk->calls->next[index]];
    const struct attempt_outcome outcome = outcome_of(attempt);
    int64_t over_ns = trace_over_ns(attempt);
    const struct retry_event ended = {.kind = RETRY_ENDED,
                                      .now_ns = over_ns,
                                      .wall_ns = walk->trace->wall_ns + over_ns,
                                      .outcome = &outcome};
    struct retry_action action = retry_step(call, &ended);
    if (action.kind == RETRY_SEND)
        return true; /* the second request of a call */
    if (action.kind != RETRY_WAIT)
        return false;
    if (action.wait_kind != WAIT_LIMITER)
        walk->gaps->items[walk->gaps->count++] =
            (struct gap){retry, next->head_ns - over_ns, action.law};
    const struct retry_event sent = {.kind = RETRY_SENT,
                                     .now_ns = next->head_ns};
    return next->head_ns >= over_ns &&
           retry_step(call, &sent).kind == RETRY_SEND;
}

static void follow_call(const struct walk *walk, struct retry_shared *shared,
                        size_t first)
{
    const struct trace_attempt *attempt = &walk->trace->attempts[first];
    char path[256];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(attempt->target, "?"),
             attempt->target);
    const struct retry_request request = {.method = attempt->method,
                                          .path = path,
                                          .body_bytes = attempt->body_size};
    const struct retry_event start = {.kind = RETRY_START,
                                      .now_ns = attempt->head_ns};
    struct retry_call call;
    retry_shared_init(shared, walk->profile, attempt->head_ns);
    retry_call_init(&call, shared, &request);
    bool goes_on = retry_step(&call, &start).kind == RETRY_SEND;
    size_t retry = 1;
    for (size_t i = first; walk->calls->next[i] != SIZE_MAX;
         i = walk->calls->next[i], retry++) {
        goes_on = goes_on && pass_gap(walk, &call, i, retry);
        walk->gaps->beyond += !goes_on;
    }
}

static int by_retry(const void *a, const void *b)
{
    const struct gap *one = a, *other = b;
    if (one->retry != other->retry)
        return one->retry > other->retry ? 1 : -1;
    return (one->ns > other->ns) - (one->ns < other->ns);
}

bool gaps_read(const struct trace *trace, const struct profile *profile,
               struct gaps *gaps)
{
    struct trace_calls calls;
    struct retry_shared *shared = calloc(1, sizeof *shared);
    *gaps = (struct gaps){
        .items = calloc(trace->attempt_count + 1, sizeof *gaps->items)};
    bool has_room = trace_calls_init(&calls, trace, trace->attempt_count) &&
                    shared && gaps->items;
    const struct walk walk = {trace, &calls, profile, gaps};
    size_t begun = 0;
    for (size_t i = 0; has_room && i < trace->attempt_count; i++) {
        if (calls.of[i] != begun)
            continue;
        begun++;
        if (trace->attempts[i].judged && trace->attempts[i].call[0])
            follow_call(&walk, shared, i);
    }
    if (has_room)
        qsort(gaps->items, gaps->count, sizeof *gaps->items, by_retry);
    trace_calls_deinit(&calls);
    free(shared);
    return has_room;
}

void gaps_deinit(struct gaps *gaps)
{
    free(gaps->items);
    *gaps = (struct gaps){0};
}
