/* Tells what happens to calls, as client/call_event.h says. */
#include <string.h>

#include "client/budget.h"
#include "client/driver_clock.h"
#include "client/driver_parts.h"
#include "model/json_pointer.h"

static bool is_wanted(const struct driver_call *call)
{
    return call->client->driver->options->on_event != NULL;
}

/* The request of the attempt that was begun last, else the first one. */
static int step_of(const struct driver_call *call)
{
    return call->aimed_at > 0 ? call->aimed_at : 0;
}

static struct retry_request request_of(const struct driver_call *call)
{
    int step = step_of(call);
    struct retry_request request = call->client->driver->requests[step];
    const char *payload = call->payloads[step];
    request.body_bytes = payload ? (int64_t)strlen(payload) : 0;
    return request;
}

/* Adds what every event says, and tells it. */
static void emit(struct driver_call *call, struct call_event *event)
{
    const struct driver_client *client = call->client;
    const struct driver *driver = client->driver;
    struct retry_request request = request_of(call);
    int64_t now_ns = driver_clock_ns();
    event->at_ns = now_ns - driver->origin_ns;
    event->wall_ns = driver_clock_wall_ns();
    event->client = client->index;
    event->call = call->number;
    event->token = call->token;
    event->session = client->session_name;
    event->handler = client->handler->number;
    event->profile = &driver->profile;
    event->request = &request;
    event->step = step_of(call);
    event->has_entered = call->has_entered;
    event->elapsed_ns = call->has_entered ? now_ns - call->entered_ns : 0;
    driver->options->on_event(driver->options->context, event);
}

void driver_event_queue(struct driver_call *call)
{
    if (is_wanted(call)) {
        emit(call, &(struct call_event){.kind = EVENT_QUEUED});
    }
}

void driver_event_enter(struct driver_call *call)
{
    if (is_wanted(call)) {
        emit(call, &(struct call_event){.kind = EVENT_ENTERED});
    }
}

/* -- attempts ---------------------------------------------------------------
 */

/* Layer i of the profile as the one that decided; -1: none did, then the
 * innermost one counts. */
static void set_layer(const struct driver_call *call, struct call_event *event,
                      int i)
{
    int counting = i >= 0 ? i : retry_innermost(&call->course.engine);
    event->layer = i >= 0 ? retry_layer(&call->course.engine, i) : NULL;
    event->attempt_limit = ATTEMPTS_UNLIMITED;
    if (counting >= 0) {
        event->layer_attempt = call->course.engine.state[counting].attempts - 1;
        event->attempt_limit = budget_attempts(&call->course.engine, counting);
    }
}

static struct call_event attempt_event(const struct driver_call *call,
                                       enum call_event_kind kind)
{
    return (struct call_event){
        .kind = kind,
        .attempt = call->course.engine.attempts - 1,
        .duration_ns = driver_clock_ns() - call->course.attempt_ns,
    };
}

void driver_event_start(struct driver_call *call)
{
    if (!is_wanted(call)) {
        return;
    }
    struct call_event event = attempt_event(call, EVENT_START);
    set_layer(call, &event, call->sending_layer);
    call->layer_attempt = event.layer_attempt;
    event.duration_ns = 0;
    emit(call, &event);
}

/* NULL: not there, or empty. */
static const char *look_up(const struct attempt_outcome *outcome,
                           const char *pointer, struct json_value *value)
{
    const struct json_text body = {outcome->body, outcome->body_size, NULL};
    if (!pointer) {
        return NULL;
    }
    json_pointer_read(&body, pointer, value);
    return value->kind == JSON_STRING && value->text[0] ? value->text : NULL;
}

static void notice(struct driver_call *call,
                   const struct attempt_outcome *outcome)
{
    const struct queue_state *queue =
        &call->client->driver->profile.queue_state;
    struct json_value state, reason;
    struct call_event event = attempt_event(call, EVENT_NOTICE);
    if (!queue->state || !outcome->body) {
        return;
    }
    event.queue_state = look_up(outcome, queue->state, &state);
    event.queue_reason = look_up(outcome, queue->reason, &reason);
    if (event.queue_state) {
        emit(call, &event);
    }
}

static bool is_success(const struct driver_call *call,
                       const struct retry_action *action)
{
    return action->is_ok || call->course.engine.step > call->aimed_at;
}

static enum call_event_kind kind_of(const struct driver_call *call,
                                    const struct retry_action *action)
{
    if (is_success(call, action)) {
        return EVENT_STOP;
    }
    if (action->kind == RETRY_WAIT) {
        return EVENT_RETRY;
    }
    return call->was_cut && action->reason == REASON_CALL_TIMEOUT
               ? EVENT_ABORTED
               : EVENT_FAILED;
}

static int index_of(const struct driver_call *call, const struct layer *layer)
{
    return layer ? (int)(layer - call->client->driver->profile.layers) : -1;
}

void driver_event_ended(struct driver_call *call,
                        const struct attempt_outcome *outcome,
                        const struct retry_action *action)
{
    if (!is_wanted(call)) {
        return;
    }
    notice(call, outcome);
    struct call_event event = attempt_event(call, kind_of(call, action));
    event.outcome = outcome;
    if (event.kind == EVENT_STOP) {
        set_layer(call, &event, call->sending_layer);
        event.layer_attempt = call->layer_attempt;
    } else {
        set_layer(call, &event, index_of(call, action->layer));
        event.rule = action->rule;
        event.reason = action->reason;
    }
    if (event.kind == EVENT_RETRY) {
        event.delay_ns = action->delay_ns;
        event.wait_kind = action->wait_kind;
    }
    emit(call, &event);
}

static void set_end(struct call_event *event, const struct retry_action *action)
{
    event->reason = action->reason;
    event->is_ok = action->is_ok;
}

void driver_event_aborted(struct driver_call *call,
                          const struct retry_action *action)
{
    if (!is_wanted(call)) {
        return;
    }
    struct call_event event = attempt_event(call, EVENT_ABORTED);
    set_layer(call, &event, index_of(call, action->layer));
    set_end(&event, action);
    event.outcome = &call->course.last;
    emit(call, &event);
}

void driver_event_done(struct driver_call *call,
                       const struct retry_action *action)
{
    if (!is_wanted(call)) {
        return;
    }
    struct call_event event = {.kind = EVENT_DONE};
    set_end(&event, action);
    emit(call, &event);
}
