#include "compare/probe.h"

#include <string.h>

#include "model/units.h"

/* More than any policy sends that has an end: 2 h of progress timeout at 1 s
 * are 7200, and the arithmetic of tinkex fails at retry 1016. */
enum { ATTEMPTS_MAX = 20000, COUNTED_MAX = 3000, LOOKS_MAX = 100000 };

static void step(struct probe *probe, const struct retry_event *event)
{
    probe->action = retry_step(&probe->call, event);
}

static void step_plain(struct probe *probe, enum retry_event_kind kind)
{
    struct retry_event event = {
        .kind = kind, .now_ns = probe->now_ns, .u = probe->u};
    step(probe, &event);
}

void probe_start(struct probe *probe, const struct subject *subject, double u)
{
    *probe = (struct probe){.u = u};
    retry_shared_init(&probe->shared, subject->profile, 0);
    retry_shared_pass(&probe->shared);
    retry_call_init(&probe->call, &probe->shared, &subject->request);
    step_plain(probe, RETRY_START);
}

static void end_attempt(struct probe *probe,
                        const struct attempt_outcome *outcome)
{
    struct retry_event event = {
        .kind = RETRY_ENDED,
        .now_ns = probe->now_ns,
        .wall_ns = PROBE_WALL_NS + probe->now_ns,
        .u = probe->u,
        .outcome = outcome,
    };
    step(probe, &event);
}

void probe_answer(struct probe *probe, const struct answer *answer)
{
    struct http_header items[] = {{answer->header, answer->value},
                                  {answer->header_2, answer->value_2}};
    struct http_headers headers = {items, (size_t) !!answer->header +
                                              (size_t) !!answer->header_2};
    struct attempt_outcome outcome = {
        .end = answer->status ? END_STATUS : answer->end,
        .status = answer->status,
        .headers = &headers,
        .body = answer->body,
        .body_size = answer->body ? strlen(answer->body) : 0,
    };
    if (answer->method)
        probe->call.request.method = answer->method;
    end_attempt(probe, &outcome);
    /* It points to headers that are gone with this function. */
    probe->action.retry_after.text = NULL;
}

void probe_once(struct probe *probe, const struct subject *subject,
                const struct answer *answer)
{
    probe_start(probe, subject, .5);
    if (probe->action.kind == RETRY_SEND)
        probe_answer(probe, answer);
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

bool probe_proceed(struct probe *probe)
{
    for (int i = 0; probe->action.kind == RETRY_WAIT; i++) {
        int64_t next_ns =
            earlier(probe->action.until_ns, probe->action.wake_ns);
        if (next_ns == NS_FOREVER || i == LOOKS_MAX)
            return false;
        if (next_ns > probe->now_ns)
            probe->now_ns = next_ns;
        step_plain(probe, RETRY_TIMER);
    }
    return true;
}

void probe_proceed_at_once(struct probe *probe)
{
    if (probe->action.kind == RETRY_WAIT)
        step_plain(probe, RETRY_SENT);
}

/* When the client's own limit of the attempt is over, if nothing comes. */
static int64_t limit_ns(const struct probe *probe)
{
    return earlier(probe->action.until_ns,
                   units_add(probe->call.attempt_started_ns,
                             probe->action.attempt_timeout.limit_ns));
}

bool probe_hang(struct probe *probe, int64_t until_ns)
{
    static const struct attempt_outcome timeout = {.end = END_TIMEOUT};
    for (int i = 0; i < LOOKS_MAX; i++) {
        int64_t own_ns = limit_ns(probe);
        int64_t next_ns = earlier(own_ns, probe->action.wake_ns);
        if (next_ns >= until_ns)
            break;
        if (next_ns > probe->now_ns)
            probe->now_ns = next_ns;
        if (own_ns <= next_ns) {
            end_attempt(probe, &timeout);
            return true;
        }
        struct attempt_timeout limit = probe->action.attempt_timeout;
        step_plain(probe, RETRY_TIMER);
        if (probe->action.kind != RETRY_WAIT)
            return true;
        probe->action.attempt_timeout = limit;
    }
    if (until_ns != NS_FOREVER)
        probe->now_ns = until_ns;
    return false;
}

enum fate probe_fate(const struct probe *probe)
{
    const struct retry_action *action = &probe->action;
    switch (action->kind) {
    case RETRY_SEND:
        /* The first request is through, the follow-up is sent. */
        return probe->call.step > 0 ? FATE_OK : FATE_RETRIED;
    case RETRY_WAIT:
        return action->is_never ? FATE_HANGS : FATE_RETRIED;
    case RETRY_ABORT:
        return FATE_FAILS;
    case RETRY_DONE:
        return action->is_ok ? FATE_OK : FATE_FAILS;
    }
    return FATE_UNTOLD;
}

bool probe_is_waiting(const struct probe *probe)
{
    return probe_fate(probe) == FATE_RETRIED;
}

static struct probe_story story(const struct probe *probe)
{
    bool is_over = probe->action.kind == RETRY_DONE;
    return (struct probe_story){
        .attempts = probe->call.attempts,
        .took_ns = is_over ? probe->now_ns : NS_FOREVER,
        .is_endless = !is_over,
        .reason = probe->action.reason,
        .fate = is_over ? probe_fate(probe) : FATE_HANGS,
    };
}

struct probe_story probe_persist(const struct subject *subject,
                                 const struct answer *answer, double u)
{
    struct probe probe;
    probe_start(&probe, subject, u);
    while (probe.call.attempts < ATTEMPTS_MAX && probe_proceed(&probe) &&
           probe.action.kind == RETRY_SEND)
        probe_answer(&probe, answer);
    return story(&probe);
}

struct probe_story probe_count(const struct subject *subject,
                               const struct answer *answer)
{
    struct probe probe;
    probe_start(&probe, subject, .5);
    while (probe.call.attempts < COUNTED_MAX) {
        probe_proceed_at_once(&probe);
        if (probe.action.kind != RETRY_SEND)
            break;
        probe_answer(&probe, answer);
    }
    return story(&probe);
}
