#include "client/retry.h"

#include <assert.h>

#include "client/allowance.h"
#include "client/deadline.h"
#include "client/decide.h"
#include "client/gate.h"
#include "client/layers.h"
#include "client/outcome.h"
#include "client/runs.h"
#include "client/throttle.h"
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

const struct retry_action retry_no_action;

/* -- set-up -----------------------------------------------------------------
 */

static uint8_t bit_if(bool is_set, size_t i)
{
    return (uint8_t)((unsigned)is_set << i);
}

void retry_shared_init(struct retry_shared *shared,
                       const struct profile *profile, int64_t now_ns)
{
    *shared = (struct retry_shared){.profile = profile};
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        shared->layers[i].progress_ns = now_ns;
        shared->layers[i].tokens = layer->budget.tokens.capacity;
        shared->layers[i].window.since_ns = now_ns;
        shared->having.progress |=
            bit_if(layer->progress.timeout_ns != NS_FOREVER, i);
        shared->having.call_timeout |=
            bit_if(layer->call_timeout_ns != NS_FOREVER, i);
        shared->having.attempt_timeout |=
            bit_if(layer->attempt_timeout.limit_ns != NS_FOREVER, i);
        shared->having.limiter |= bit_if(layer->rate_limiter.is_used, i);
        shared->having.breaker |= bit_if(layer->breaker.is_used, i);
        shared->having.tokens |=
            bit_if(layer->budget.tokens.is_used && !layer->is_disabled, i);
        shared->having.throttle |=
            bit_if(layer->throttle.is_used && !layer->is_disabled, i);
        shared->having.allowance |=
            bit_if(layer->budget.allowance.kind != ALLOWANCE_NONE &&
                       !layer->is_disabled,
                   i);
    }
}

void retry_shared_pass(struct retry_shared *shared)
{
    for (size_t i = 0; i < shared->profile->layer_count; i++)
        shared->layers[i].retries = shared->layers[i].attempts = KNOWN_TO_PASS;
}

static uint8_t layers_that_cover(const struct profile *profile,
                                 const char *method, const char *path)
{
    uint8_t layers = 0;
    for (size_t i = 0; i < profile->layer_count; i++) {
        layers |= bit_if(layer_covers(&profile->layers[i], method, path), i);
    }
    return layers;
}

void retry_covers_find(const struct profile *profile,
                       const struct retry_request *request, uint8_t covers[2])
{
    const struct follow_up *follow_up = &profile->follow_up;
    assert(profile->layer_count <= PROFILE_LAYERS_MAX);
    covers[0] = layers_that_cover(profile, request->method, request->path);
    covers[1] = follow_up->path ? layers_that_cover(profile, follow_up->method,
                                                    follow_up->path)
                                : 0;
}

void retry_call_bind(struct retry_call *call, struct retry_shared *shared,
                     const struct retry_request *request,
                     const uint8_t covers[2])
{
    *call = (struct retry_call){
        .shared = shared,
        .layers = shared->profile->layers,
        .request = *request,
        .layer_count = (int)shared->profile->layer_count,
        .covers = {covers[0], covers[1]},
    };
}

void retry_call_init(struct retry_call *call, struct retry_shared *shared,
                     const struct retry_request *request)
{
    uint8_t covers[2];
    retry_covers_find(shared->profile, request, covers);
    retry_call_bind(call, shared, request, covers);
}

void retry_call_override(struct retry_call *call,
                         const struct retry_override *override)
{
    assert(call->phase == RETRY_PHASE_NEW);
    call->override = *override;
}

int retry_innermost(const struct retry_call *call)
{
    return layers_innermost(call->covers[call->step]);
}

/* Its own, or that of the next layer inside that has one: tinkex holds slots
 * around the retries whose attempts meet the limiter. */
static const struct retry_limiter *throttling_limiter(
    const struct retry_call *call, int i)
{
    while (i + 1 < call->layer_count &&
           !retry_layer(call, i)->rate_limiter.is_used) {
        i++;
    }
    return gate_limiter(call, i);
}

bool retry_is_throttled(const struct retry_call *call, int i, int64_t now_ns)
{
    const struct retry_limiter *limiter = throttling_limiter(call, i);
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

static void finish(struct retry_call *call, struct retry_action *action,
                   int64_t now_ns)
{
    assert(call->phase != RETRY_PHASE_DONE);
    gate_leave(call);
    allowance_release(call, UINT8_MAX);
    if (call->phase != RETRY_PHASE_NEW) {
        call->shared->active_calls--;
    }
    call->phase = RETRY_PHASE_DONE;
    if (action->is_ok) {
        runs_succeed(call, call->covers[call->step], now_ns);
    }
    action->step = call->step;
    action->until_ns = action->wake_ns = NS_FOREVER;
}

static void give_up(struct retry_call *call, enum retry_reason reason,
                    int64_t now_ns, struct retry_action *action)
{
    bool is_in_flight = call->phase == RETRY_PHASE_SENDING;
    if (is_in_flight)
        allowance_end(call);
    *action = retry_no_action;
    action->kind = is_in_flight ? RETRY_ABORT : RETRY_DONE;
    action->reason = reason;
    finish(call, action, now_ns);
}

/* -- attempts ---------------------------------------------------------------
 */

/* One request has one limit: that of the innermost layer that sets one. */
static struct attempt_timeout profile_limit(const struct retry_call *call)
{
    uint8_t layers = layers_from(call, call->shared->having.attempt_timeout, 0);
    return layers ? retry_layer(call, layers_innermost(layers))->attempt_timeout
                  : (struct attempt_timeout){.limit_ns = NS_FOREVER};
}

static struct attempt_timeout attempt_limit(const struct retry_call *call)
{
    struct attempt_timeout limit = profile_limit(call);
    if (call->override.attempt_timeout_ns > 0) {
        limit.limit_ns = call->override.attempt_timeout_ns;
    }
    return limit;
}

static void in_flight(const struct retry_call *call,
                      enum retry_action_kind kind, struct retry_action *action)
{
    struct attempt_timeout limit = attempt_limit(call);
    int64_t total_ns =
        limit.kind == TIMEOUT_TOTAL ? limit.limit_ns : NS_FOREVER;
    *action = retry_no_action;
    action->kind = kind;
    action->step = call->step;
    action->until_ns =
        units_min(units_after(call->attempt_started_ns, total_ns),
                  deadline_present_call(call));
    action->attempt_timeout = limit;
    action->wake_ns = deadline_abort(call);
}

static void begin_attempt(struct retry_call *call, int64_t now_ns,
                          struct retry_action *action)
{
    call->phase = RETRY_PHASE_SENDING;
    call->attempts++;
    call->attempt_started_ns = now_ns;
    gate_send(call, now_ns);
    in_flight(call, RETRY_SEND, action);
}

/* -- from an outcome to what comes next -------------------------------------
 */

static void set_out(struct retry_call *call, int from,
                    const struct retry_event *event,
                    struct retry_action *action);

static void follow_up(struct retry_call *call, const struct retry_event *event,
                      struct retry_action *action)
{
    uint8_t first = call->covers[0], second = call->covers[1];
    runs_succeed(call, first & (uint8_t)~second, event->now_ns);
    call->step = 1;
    runs_begin(call, second & (uint8_t)~first, event->now_ns);
    gate_begin(call, 0);
    set_out(call, 0, event, action);
}

static void conclude(struct retry_call *call,
                     const struct decide_question *question,
                     struct retry_action *action)
{
    struct decision decision;
    decide_outcome(call, question, action, &decision);
    bool has_more = call->step == 0 && call->shared->profile->follow_up.path;
    if (decision.is_waiting) {
        wait_begin(call, decision.layer, action);
    } else if (action->is_ok && has_more) {
        follow_up(call, question->event, action);
    } else {
        finish(call, action, question->event->now_ns);
    }
}

/* The layers outside layer i see a failure of which the wire knows nothing. */
static void fail_unsent(struct retry_call *call,
                        const struct decide_question *question,
                        struct retry_action *action)
{
    static const struct attempt_outcome unreachable = {.end = END_UNREACHABLE};
    struct decide_question failed = *question;
    failed.outcome = &unreachable;
    gate_leave(call);
    conclude(call, &failed, action);
}

static void time_out_unsent(struct retry_call *call, int i,
                            const struct retry_event *event,
                            struct retry_action *action)
{
    static const struct attempt_outcome timeout = {.end = END_TIMEOUT};
    gate_leave(call);
    conclude(call,
             &(struct decide_question){.event = event,
                                       .outcome = &timeout,
                                       .from = i - 1,
                                       .reason = REASON_CALL_TIMEOUT},
             action);
}

/* From here to the wire: the breakers, then the limiters. */
static void approach(struct retry_call *call, const struct retry_event *event,
                     struct retry_action *action)
{
    int i = gate_breaker(call, event->now_ns);
    if (i >= 0 && retry_layer(call, i)->breaker.is_retryable) {
        fail_unsent(call,
                    &(struct decide_question){.event = event,
                                              .from = i - 1,
                                              .reason = REASON_BREAKER},
                    action);
    } else if (i >= 0) {
        give_up(call, REASON_BREAKER, event->now_ns, action);
    } else if (gate_pass(call, event->now_ns)) {
        begin_attempt(call, event->now_ns, action);
    } else {
        wait_for_limiter(call, event->now_ns, action);
    }
}

/* A throttle looks at each attempt once, however long the rest takes. */
static void come(struct retry_call *call, const struct retry_event *event,
                 struct retry_action *action)
{
    struct retry_event rest = *event;
    int i = throttle_refuses(call, event->now_ns, &rest.u);
    if (i >= 0 && retry_layer(call, i)->throttle.is_retryable) {
        fail_unsent(call,
                    &(struct decide_question){.event = &rest,
                                              .from = i - 1,
                                              .reason = REASON_THROTTLED},
                    action);
    } else if (i >= 0) {
        give_up(call, REASON_THROTTLED, event->now_ns, action);
    } else {
        approach(call, &rest, action);
    }
}

/* A new attempt, unless the progress of a layer from `from` inwards is over. */
static void set_out(struct retry_call *call, int from,
                    const struct retry_event *event,
                    struct retry_action *action)
{
    call->phase = RETRY_PHASE_COMING;
    if (deadline_progress_is_over(call, from, event->now_ns)) {
        give_up(call, REASON_PROGRESS, event->now_ns, action);
    } else {
        come(call, event, action);
    }
}

/* -- one function per event --------------------------------------------------
 */

static void on_start(struct retry_call *call, const struct retry_event *event,
                     struct retry_action *action)
{
    assert(call->phase == RETRY_PHASE_NEW);
    runs_start(call, event->now_ns);
    call->shared->active_calls++;
    set_out(call, 0, event, action);
}

/* An attempt that a call timeout of a layer ended is nothing to the layers
 * inside it: their runs were cut off with it. */
static void ask_layers(struct retry_call *call, const struct retry_event *event,
                       struct retry_action *action)
{
    struct decide_question question = {
        .event = event,
        .outcome = event->outcome,
        .from = retry_innermost(call),
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
    conclude(call, &question, action);
}

/* The caller's doing is no outcome that a layer looks at. */
static bool is_given_up(enum attempt_end end)
{
    return end == END_CANCELLED || end == END_UNFINISHED;
}

static void on_ended(struct retry_call *call, const struct retry_event *event,
                     struct retry_action *action)
{
    assert(call->phase == RETRY_PHASE_SENDING);
    if (is_given_up(event->outcome->end)) {
        allowance_end(call);
        call->phase = RETRY_PHASE_COMING; /* nothing is left to abort */
        give_up(call, REASON_CANCELLED, event->now_ns, action);
    } else {
        ask_layers(call, event, action);
    }
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

static void resume(struct retry_call *call, const struct retry_event *event,
                   struct retry_action *action)
{
    begin_again(call, event->now_ns);
    set_out(call, call->waiting_layer, event, action);
}

static void on_waiting_timer(struct retry_call *call,
                             const struct retry_event *event,
                             struct retry_action *action)
{
    int64_t now_ns = event->now_ns;
    bool is_to_look = call->is_watching && now_ns >= call->look_ns;
    bool is_over = now_ns >= call->wait_until_ns;
    int expired = deadline_expired(call, now_ns);
    if (expired >= 0) {
        time_out_unsent(call, expired, event, action);
    } else if (call->wait_kind == WAIT_LIMITER && (is_over || is_to_look)) {
        approach(call, event, action);
    } else if (is_over) {
        resume(call, event, action);
    } else {
        if (is_to_look)
            gate_watch(call, call->waiting_layer, now_ns);
        wait_present(call, action);
    }
}

static void on_timer(struct retry_call *call, const struct retry_event *event,
                     struct retry_action *action)
{
    bool is_in_flight = call->phase == RETRY_PHASE_SENDING;
    assert(is_in_flight || call->phase == RETRY_PHASE_WAITING);
    if (event->now_ns >= deadline_abort(call)) {
        give_up(call, REASON_PROGRESS, event->now_ns, action);
    } else if (is_in_flight) {
        in_flight(call, RETRY_WAIT, action);
    } else {
        on_waiting_timer(call, event, action);
    }
}

/* The delay was what has been seen; but none is none, however long the way to
 * the wire took. */
static void remember_seen(struct retry_call *call, int64_t now_ns)
{
    struct delay_range range = backoff_range(&call->wait.law);
    int64_t seen_ns = units_max(now_ns - call->wait_from_ns, range.min_ns);
    if (wait_is_remembered(&call->wait)) {
        call->state[call->waiting_layer].previous_ns =
            range.max_ns > 0 ? seen_ns : 0;
    }
}

static void on_sent(struct retry_call *call, int64_t now_ns,
                    struct retry_action *action)
{
    assert(call->phase == RETRY_PHASE_WAITING);
    if (call->wait_kind != WAIT_LIMITER) {
        remember_seen(call, now_ns);
    }
    if (call->wait_kind != WAIT_LIMITER) {
        begin_again(call, now_ns);
    }
    gate_pass_by(call, now_ns);
    begin_attempt(call, now_ns, action);
}

struct retry_action retry_step(struct retry_call *call,
                               const struct retry_event *event)
{
    struct retry_action action;
    switch (event->kind) {
    case RETRY_START:
        on_start(call, event, &action);
        break;
    case RETRY_ENDED:
        on_ended(call, event, &action);
        break;
    case RETRY_TIMER:
        on_timer(call, event, &action);
        break;
    case RETRY_SENT:
        on_sent(call, event->now_ns, &action);
        break;
    case RETRY_CANCEL:
        give_up(call, REASON_CANCELLED, event->now_ns, &action);
        break;
    }
    return action;
}
