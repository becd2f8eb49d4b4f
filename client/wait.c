#include "client/wait.h"

#include "client/deadline.h"
#include "client/gate.h"
#include "client/runs.h"
#include "model/units.h"

/* What may change while it lasts. */
static void tell_times(const struct retry_call *call,
                       struct retry_action *action)
{
    action->until_ns = call->wait_until_ns;
    action->wake_ns =
        units_min(deadline_abort(call), deadline_present_call(call));
    if (call->is_watching) {
        action->wake_ns = units_min(action->wake_ns, call->look_ns);
    }
}

void wait_present(const struct retry_call *call, struct retry_action *action)
{
    *action = call->wait;
    tell_times(call, action);
}

bool wait_is_remembered(const struct retry_action *wait)
{
    return wait->wait_kind == WAIT_RETRY ||
           wait->rule->backoff.jitter == JITTER_DECORRELATED;
}

static void count_wait(struct retry_layer_state *state,
                       const struct retry_action *action)
{
    state->streak++;
    if (action->wait_kind == WAIT_RETRY) {
        state->retries++;
    } else {
        state->polls++;
    }
    if (wait_is_remembered(action)) {
        state->previous_ns = action->delay_ns;
    }
}

/* A layer that covers both requests, or a rule that says so, begins the call
 * again with the first one; the layers that cover only that begin anew. */
static void go_back(struct retry_call *call, const struct retry_action *action,
                    int64_t now_ns)
{
    bool covers_both = call->covers[0] >> call->waiting_layer & 1;
    if (call->step == 0 ||
        (!covers_both && action->rule->action != RULE_START_OVER)) {
        return;
    }
    call->step = 0;
    runs_begin(call, call->covers[0] & (uint8_t)~call->covers[1], now_ns);
}

/* A retry that closes the limiter of its layer waits in that window. */
static void watch_own_window(struct retry_call *call,
                             const struct retry_action *action)
{
    call->is_watching = action->rule->closes_limiter &&
                        action->rule->action != RULE_START_OVER &&
                        !action->is_never;
    if (call->is_watching) {
        gate_watch(call, call->waiting_layer, call->wait_from_ns);
    }
}

static void keep(struct retry_call *call, const struct retry_action *action)
{
    call->wait = *action;
    call->wait.retry_after.text = NULL; /* of headers that will be gone */
}

void wait_begin(struct retry_call *call, int i, struct retry_action *action)
{
    call->phase = RETRY_PHASE_WAITING;
    call->waiting_layer = i;
    call->wait_from_ns = action->wait_from_ns;
    call->wait_until_ns = action->until_ns;
    call->wait_kind =
        action->rule->action == RULE_POLL ? WAIT_POLL : WAIT_RETRY;
    call->fresh = 0;
    action->wait_kind = call->wait_kind;
    count_wait(&call->state[i], action);
    go_back(call, action, action->wait_from_ns);
    action->step = call->step;
    watch_own_window(call, action);
    keep(call, action);
    tell_times(call, action);
}

void wait_for_limiter(struct retry_call *call, int64_t now_ns,
                      struct retry_action *action)
{
    int64_t delay_ns = call->wait_until_ns == NS_FOREVER
                           ? NS_FOREVER
                           : call->wait_until_ns - now_ns;
    call->phase = RETRY_PHASE_WAITING;
    call->wait_kind = WAIT_LIMITER;
    call->is_watching = true;
    call->wait_from_ns = now_ns;
    *action = (struct retry_action){
        .kind = RETRY_WAIT,
        .wait_kind = WAIT_LIMITER,
        .step = call->step,
        .wait_from_ns = now_ns,
        .delay_ns = delay_ns,
        .layer = retry_layer(call, call->gate_layer),
        .law = {.has_header = true,
                .use = RA_REPLACE,
                .header_ns = delay_ns,
                .cut_ns = NS_FOREVER},
    };
    keep(call, action);
    tell_times(call, action);
}
