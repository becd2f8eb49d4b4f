#include "client/retry.h"

#include <assert.h>

#include "client/deadline.h"
#include "client/decide.h"
#include "model/units.h"

_Static_assert(sizeof(struct retry_call) <= 1024,
               "the judge copies calls, the client keeps 10,000 of them");

const char *const retry_reason_words[] = {
#define X(constant, word) word,
    RETRY_REASON_LIST(X)
#undef X
        NULL,
};

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* -- set-up -----------------------------------------------------------------
 */

void retry_shared_init(struct retry_shared *shared,
                       const struct profile *profile, int64_t now_ns)
{
    *shared = (struct retry_shared){.profile = profile};
    for (int i = 0; i < PROFILE_LAYERS_MAX; i++) {
        shared->layers[i].progress_ns = now_ns;
    }
}

void retry_call_init(struct retry_call *call, struct retry_shared *shared,
                     const struct retry_request *request)
{
    const struct profile *profile = shared->profile;
    assert(profile->layer_count <= PROFILE_LAYERS_MAX);
    *call = (struct retry_call){
        .shared = shared,
        .request = *request,
        .layer_count = (int)profile->layer_count,
    };
    for (int i = 0; i < call->layer_count; i++) {
        bool covers =
            layer_covers(&profile->layers[i], request->method, request->path);
        call->covers[0] |= (uint8_t)(covers << i);
    }
}

int retry_innermost(const struct retry_call *call)
{
    int i = call->layer_count - 1;
    while (i >= 0 && !retry_call_has(call, i)) {
        i--;
    }
    return i;
}

/* -- actions ----------------------------------------------------------------
 */

static int64_t any_call_deadline(const struct retry_call *call)
{
    return deadline_call(call, call->layer_count - 1);
}

static struct retry_action finish(struct retry_call *call,
                                  struct retry_action action, int64_t now_ns)
{
    assert(call->phase != RETRY_PHASE_DONE);
    if (call->phase != RETRY_PHASE_NEW) {
        call->shared->active_calls--;
    }
    call->phase = RETRY_PHASE_DONE;
    for (int i = 0; action.is_ok && i < call->layer_count; i++) {
        if (retry_call_has(call, i)) {
            *deadline_shared_progress(call, i) = now_ns;
        }
    }
    action.until_ns = action.wake_ns = NS_FOREVER;
    return action;
}

static struct retry_action give_up(struct retry_call *call,
                                   enum retry_action_kind kind,
                                   enum retry_reason reason, int64_t now_ns)
{
    struct retry_action action = {.kind = kind, .reason = reason};
    return finish(call, action, now_ns);
}

/* One request has one limit: that of the innermost layer that sets one. */
static struct attempt_timeout attempt_limit(const struct retry_call *call)
{
    for (int i = call->layer_count - 1; i >= 0; i--) {
        if (retry_call_has(call, i) &&
            retry_layer(call, i)->attempt_timeout.limit_ns != NS_FOREVER) {
            return retry_layer(call, i)->attempt_timeout;
        }
    }
    return (struct attempt_timeout){.limit_ns = NS_FOREVER};
}

static int64_t attempt_deadline(const struct retry_call *call)
{
    struct attempt_timeout limit = attempt_limit(call);
    int64_t deadline_ns =
        limit.kind == TIMEOUT_TOTAL
            ? units_add(call->attempt_started_ns, limit.limit_ns)
            : NS_FOREVER;
    return earlier(deadline_ns, any_call_deadline(call));
}

static struct retry_action in_flight(const struct retry_call *call,
                                     enum retry_action_kind kind)
{
    return (struct retry_action){
        .kind = kind,
        .until_ns = attempt_deadline(call),
        .attempt_timeout = attempt_limit(call),
        .wake_ns = deadline_abort(call),
    };
}

/* The layers from `from` inwards begin a new run. */
static void restart_layers(struct retry_call *call, int from, int64_t now_ns)
{
    for (int i = from; i < call->layer_count; i++) {
        call->state[i] = (struct retry_layer_state){
            .attempts = 1,
            .started_ns = now_ns,
        };
    }
}

static struct retry_action begin_attempt(struct retry_call *call,
                                         int64_t now_ns)
{
    call->phase = RETRY_PHASE_SENDING;
    call->attempts++;
    call->attempt_started_ns = now_ns;
    return in_flight(call, RETRY_SEND);
}

static struct retry_action send_again(struct retry_call *call, int64_t now_ns)
{
    if (call->wait_kind == WAIT_RETRY) {
        call->state[call->waiting_layer].attempts++;
    }
    restart_layers(call, call->waiting_layer + 1, now_ns);
    return begin_attempt(call, now_ns);
}

/* The wait as it stands now: others may have moved the progress clock on. */
static struct retry_action present_wait(const struct retry_call *call)
{
    struct retry_action action = call->wait;
    action.wake_ns = earlier(deadline_abort(call), any_call_deadline(call));
    return action;
}

static struct retry_action begin_wait(struct retry_call *call, int i,
                                      const struct retry_action *action)
{
    struct retry_layer_state *state = &call->state[i];
    call->phase = RETRY_PHASE_WAITING;
    call->waiting_layer = i;
    call->wait_from_ns = action->wait_from_ns;
    call->wait_until_ns = action->until_ns;
    call->wait_kind =
        action->rule->action == RULE_POLL ? WAIT_POLL : WAIT_RETRY;
    if (call->wait_kind == WAIT_RETRY) {
        state->retries++;
        state->previous_ns = action->delay_ns;
    }
    call->wait = *action;
    call->wait.retry_after.text = NULL;
    struct retry_action wait = present_wait(call);
    wait.retry_after.text = action->retry_after.text;
    return wait;
}

/* -- one function per event --------------------------------------------------
 */

static struct retry_action on_start(struct retry_call *call, int64_t now_ns)
{
    assert(call->phase == RETRY_PHASE_NEW);
    bool is_idle = call->shared->active_calls == 0;
    for (int i = 0; is_idle && i < call->layer_count; i++) {
        if (retry_call_has(call, i) &&
            retry_layer(call, i)->progress.resets_when_idle) {
            *deadline_shared_progress(call, i) = now_ns;
        }
    }
    call->shared->active_calls++;
    call->started_ns = now_ns;
    restart_layers(call, 0, now_ns);
    call->phase = RETRY_PHASE_WAITING;
    if (deadline_progress_is_over(call, 0, true, now_ns)) {
        return give_up(call, RETRY_DONE, REASON_PROGRESS, now_ns);
    }
    return begin_attempt(call, now_ns);
}

static struct retry_action ask_layers(struct retry_call *call,
                                      const struct retry_event *event)
{
    struct decision decision;
    decide_outcome(call, event, &decision);
    return decision.is_waiting
               ? begin_wait(call, decision.layer, &decision.action)
               : finish(call, decision.action, event->now_ns);
}

static struct retry_action on_ended(struct retry_call *call,
                                    const struct retry_event *event)
{
    assert(call->phase == RETRY_PHASE_SENDING);
    switch (event->outcome->end) {
    case END_CANCELLED:
    case END_UNFINISHED:
        return give_up(call, RETRY_DONE, REASON_CANCELLED, event->now_ns);
    case END_STATUS:
    case END_REFUSED:
    case END_UNREACHABLE:
    case END_RESET:
    case END_CLOSE:
    case END_RESET_BODY:
    case END_CUT:
    case END_GARBAGE:
    case END_TIMEOUT:
        return ask_layers(call, event);
    }
    assert(false);
    return ask_layers(call, event);
}

static struct retry_action on_timer(struct retry_call *call, int64_t now_ns)
{
    bool is_in_flight = call->phase == RETRY_PHASE_SENDING;
    assert(is_in_flight || call->phase == RETRY_PHASE_WAITING);
    enum retry_action_kind end = is_in_flight ? RETRY_ABORT : RETRY_DONE;
    if (now_ns >= deadline_abort(call)) {
        return give_up(call, end, REASON_PROGRESS, now_ns);
    }
    if (now_ns >= any_call_deadline(call)) {
        return give_up(call, end, REASON_CALL_TIMEOUT, now_ns);
    }
    if (is_in_flight) {
        return in_flight(call, RETRY_WAIT);
    }
    if (now_ns < call->wait_until_ns) {
        return present_wait(call);
    }
    if (deadline_progress_is_over(call, call->waiting_layer, false, now_ns)) {
        return give_up(call, RETRY_DONE, REASON_PROGRESS, now_ns);
    }
    return send_again(call, now_ns);
}

static struct retry_action on_sent(struct retry_call *call, int64_t now_ns)
{
    assert(call->phase == RETRY_PHASE_WAITING);
    if (call->wait_kind == WAIT_RETRY) {
        call->state[call->waiting_layer].previous_ns =
            now_ns - call->wait_from_ns;
    }
    return send_again(call, now_ns);
}

static struct retry_action on_cancel(struct retry_call *call, int64_t now_ns)
{
    enum retry_action_kind kind =
        call->phase == RETRY_PHASE_SENDING ? RETRY_ABORT : RETRY_DONE;
    return give_up(call, kind, REASON_CANCELLED, now_ns);
}

struct retry_action retry_step(struct retry_call *call,
                               const struct retry_event *event)
{
    switch (event->kind) {
    case RETRY_START:
        return on_start(call, event->now_ns);
    case RETRY_ENDED:
        return on_ended(call, event);
    case RETRY_TIMER:
        return on_timer(call, event->now_ns);
    case RETRY_SENT:
        return on_sent(call, event->now_ns);
    case RETRY_CANCEL:
        return on_cancel(call, event->now_ns);
    }
    assert(false);
    return on_cancel(call, event->now_ns);
}
