#include "client/retry.h"

#include <assert.h>

#include "client/deadline.h"
#include "client/decide.h"
#include "client/gate.h"
#include "client/outcome.h"
#include "client/runs.h"
#include "client/wait.h"
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
    for (size_t i = 0; i < profile->layer_count; i++) {
        shared->layers[i].tokens = profile->layers[i].budget.tokens.capacity;
    }
}

static uint8_t layers_that_cover(const struct profile *profile,
                                 const char *method, const char *path)
{
    uint8_t layers = 0;
    for (size_t i = 0; i < profile->layer_count; i++) {
        bool covers = layer_covers(&profile->layers[i], method, path);
        layers |= (uint8_t)(covers << i);
    }
    return layers;
}

void retry_call_init(struct retry_call *call, struct retry_shared *shared,
                     const struct retry_request *request)
{
    const struct profile *profile = shared->profile;
    const struct follow_up *follow_up = &profile->follow_up;
    assert(profile->layer_count <= PROFILE_LAYERS_MAX);
    *call = (struct retry_call){
        .shared = shared,
        .request = *request,
        .layer_count = (int)profile->layer_count,
    };
    call->covers[0] =
        layers_that_cover(profile, request->method, request->path);
    if (follow_up->path) {
        call->covers[1] =
            layers_that_cover(profile, follow_up->method, follow_up->path);
    }
}

void retry_call_override(struct retry_call *call,
                         const struct retry_override *override)
{
    assert(call->phase == RETRY_PHASE_NEW);
    call->override = *override;
}

int retry_innermost(const struct retry_call *call)
{
    int i = call->layer_count - 1;
    while (i >= 0 && !retry_call_has(call, i)) {
        i--;
    }
    return i;
}

bool retry_is_throttled(const struct retry_call *call, int i, int64_t now_ns)
{
    const struct retry_limiter *limiter = gate_limiter(call, i);
    int64_t window_ns = retry_layer(call, i)->slots.throttled_window_ns;
    return limiter->was_closed &&
           now_ns < units_after(limiter->until_ns, window_ns);
}

int64_t retry_gate_ns(const struct retry_call *call, int from, int64_t now_ns)
{
    return gate_open_ns(call, from, now_ns);
}

/* -- the end of runs --------------------------------------------------------
 */

static struct retry_action finish(struct retry_call *call,
                                  struct retry_action action, int64_t now_ns)
{
    assert(call->phase != RETRY_PHASE_DONE);
    gate_leave(call);
    if (call->phase != RETRY_PHASE_NEW) {
        call->shared->active_calls--;
    }
    call->phase = RETRY_PHASE_DONE;
    if (action.is_ok) {
        runs_succeed(call, call->covers[call->step], now_ns);
    }
    action.step = call->step;
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

/* -- attempts ---------------------------------------------------------------
 */

/* One request has one limit: that of the innermost layer that sets one. */
static struct attempt_timeout profile_limit(const struct retry_call *call)
{
    for (int i = call->layer_count - 1; i >= 0; i--) {
        if (retry_call_has(call, i) &&
            retry_layer(call, i)->attempt_timeout.limit_ns != NS_FOREVER) {
            return retry_layer(call, i)->attempt_timeout;
        }
    }
    return (struct attempt_timeout){.limit_ns = NS_FOREVER};
}

static struct attempt_timeout attempt_limit(const struct retry_call *call)
{
    struct attempt_timeout limit = profile_limit(call);
    if (call->override.attempt_timeout_ns > 0) {
        limit.limit_ns = call->override.attempt_timeout_ns;
    }
    return limit;
}

static struct retry_action in_flight(const struct retry_call *call,
                                     enum retry_action_kind kind)
{
    struct attempt_timeout limit = attempt_limit(call);
    int64_t total_ns =
        limit.kind == TIMEOUT_TOTAL ? limit.limit_ns : NS_FOREVER;
    return (struct retry_action){
        .kind = kind,
        .step = call->step,
        .until_ns = earlier(units_after(call->attempt_started_ns, total_ns),
                            deadline_call(call, call->layer_count - 1)),
        .attempt_timeout = limit,
        .wake_ns = deadline_abort(call),
    };
}

static struct retry_action begin_attempt(struct retry_call *call,
                                         int64_t now_ns)
{
    call->phase = RETRY_PHASE_SENDING;
    call->attempts++;
    call->attempt_started_ns = now_ns;
    gate_send(call, now_ns);
    return in_flight(call, RETRY_SEND);
}

/* -- from an outcome to what comes next -------------------------------------
 */

static struct retry_action approach(struct retry_call *call,
                                    const struct retry_event *event);

static struct retry_action follow_up(struct retry_call *call,
                                     const struct retry_event *event)
{
    uint8_t first = call->covers[0], second = call->covers[1];
    runs_succeed(call, first & (uint8_t)~second, event->now_ns);
    call->step = 1;
    runs_begin(call, second & (uint8_t)~first, event->now_ns);
    if (deadline_progress_is_over(call, 0, event->now_ns)) {
        return give_up(call, RETRY_DONE, REASON_PROGRESS, event->now_ns);
    }
    gate_begin(call, 0);
    return approach(call, event);
}

static struct retry_action conclude(struct retry_call *call,
                                    const struct decide_question *question)
{
    struct decision decision;
    decide_outcome(call, question, &decision);
    if (decision.is_waiting) {
        return wait_begin(call, &decision);
    }
    bool has_more = call->step == 0 && call->shared->profile->follow_up.path;
    return decision.action.is_ok && has_more
               ? follow_up(call, question->event)
               : finish(call, decision.action, question->event->now_ns);
}

/* The layers outside layer i see a failure of which the wire knows nothing. */
static struct retry_action fail_unsent(struct retry_call *call, int i,
                                       enum retry_reason reason,
                                       const struct retry_event *event)
{
    struct attempt_outcome outcome = {
        .end = reason == REASON_BREAKER ? END_UNREACHABLE : END_TIMEOUT,
    };
    gate_leave(call);
    return conclude(call, &(struct decide_question){
                              .event = event,
                              .outcome = &outcome,
                              .from = i - 1,
                              .reason = reason,
                          });
}

/* From here to the wire: the breakers, then the limiters. */
static struct retry_action approach(struct retry_call *call,
                                    const struct retry_event *event)
{
    int i = gate_breaker(call, event->now_ns);
    if (i >= 0 && retry_layer(call, i)->breaker.is_retryable) {
        return fail_unsent(call, i, REASON_BREAKER, event);
    }
    if (i >= 0) {
        return give_up(call, RETRY_DONE, REASON_BREAKER, event->now_ns);
    }
    return gate_pass(call, event->now_ns)
               ? begin_attempt(call, event->now_ns)
               : wait_for_limiter(call, event->now_ns);
}

/* -- one function per event --------------------------------------------------
 */

static struct retry_action on_start(struct retry_call *call,
                                    const struct retry_event *event)
{
    assert(call->phase == RETRY_PHASE_NEW);
    runs_start(call, event->now_ns);
    call->shared->active_calls++;
    call->started_ns = event->now_ns;
    call->phase = RETRY_PHASE_SENDING;
    if (deadline_progress_is_over(call, 0, event->now_ns)) {
        return give_up(call, RETRY_DONE, REASON_PROGRESS, event->now_ns);
    }
    gate_begin(call, 0);
    return approach(call, event);
}

/* An attempt that a call timeout of a layer ended is nothing to the layers
 * inside it: their runs were cut off with it. */
static struct retry_action ask_layers(struct retry_call *call,
                                      const struct retry_event *event)
{
    struct decide_question question = {
        .event = event,
        .outcome = event->outcome,
        .from = call->layer_count - 1,
        .reason =
            outcome_is_success(event->outcome) ? REASON_SUCCESS : REASON_FINAL,
    };
    int expired = event->outcome->end == END_TIMEOUT
                      ? deadline_expired(call, event->now_ns)
                      : -1;
    if (expired >= 0) {
        question.from = expired - 1;
        question.reason = REASON_CALL_TIMEOUT;
    }
    gate_record(call, event);
    return conclude(call, &question);
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

/* The wait is over: counters, runs and limiters of the coming attempt. */
static void begin_again(struct retry_call *call, int64_t now_ns)
{
    int i = call->waiting_layer;
    bool is_own_window = call->is_watching;
    if (call->wait_kind == WAIT_RETRY) {
        call->state[i].attempts++;
    }
    runs_begin(call, (uint8_t)(UINT8_MAX << (i + 1)), now_ns);
    gate_begin(call, i);
    call->is_past_window =
        is_own_window && retry_layer(call, i)->rate_limiter.poll_ns == 0;
}

static struct retry_action resume(struct retry_call *call,
                                  const struct retry_event *event)
{
    begin_again(call, event->now_ns);
    if (deadline_progress_is_over(call, call->waiting_layer, event->now_ns)) {
        return give_up(call, RETRY_DONE, REASON_PROGRESS, event->now_ns);
    }
    return approach(call, event);
}

static struct retry_action on_waiting_timer(struct retry_call *call,
                                            const struct retry_event *event)
{
    int64_t now_ns = event->now_ns;
    bool has_looked = call->is_watching && now_ns >= call->look_ns;
    bool is_over = now_ns >= call->wait_until_ns;
    int expired = deadline_expired(call, now_ns);
    if (expired >= 0) {
        return fail_unsent(call, expired, REASON_CALL_TIMEOUT, event);
    }
    if (call->wait_kind == WAIT_LIMITER && (is_over || has_looked)) {
        return approach(call, event);
    }
    if (is_over) {
        return resume(call, event);
    }
    if (has_looked) {
        gate_watch(call, call->waiting_layer, now_ns);
    }
    return wait_present(call);
}

static struct retry_action on_timer(struct retry_call *call,
                                    const struct retry_event *event)
{
    bool is_in_flight = call->phase == RETRY_PHASE_SENDING;
    assert(is_in_flight || call->phase == RETRY_PHASE_WAITING);
    if (event->now_ns >= deadline_abort(call)) {
        return give_up(call, is_in_flight ? RETRY_ABORT : RETRY_DONE,
                       REASON_PROGRESS, event->now_ns);
    }
    return is_in_flight ? in_flight(call, RETRY_WAIT)
                        : on_waiting_timer(call, event);
}

static struct retry_action on_sent(struct retry_call *call, int64_t now_ns)
{
    assert(call->phase == RETRY_PHASE_WAITING);
    if (call->wait_kind == WAIT_RETRY) {
        call->state[call->waiting_layer].previous_ns =
            now_ns - call->wait_from_ns;
    }
    if (call->wait_kind != WAIT_LIMITER) {
        begin_again(call, now_ns);
    }
    gate_pass_by(call, now_ns);
    return begin_attempt(call, now_ns);
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
        return on_start(call, event);
    case RETRY_ENDED:
        return on_ended(call, event);
    case RETRY_TIMER:
        return on_timer(call, event);
    case RETRY_SENT:
        return on_sent(call, event->now_ns);
    case RETRY_CANCEL:
        return on_cancel(call, event->now_ns);
    }
    assert(false);
    return on_cancel(call, event->now_ns);
}
