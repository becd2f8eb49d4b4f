#include "client/gate.h"

#include <assert.h>

#include "client/allowance.h"
#include "client/breaker.h"
#include "client/layers.h"
#include "client/limiter.h"
#include "client/throttle.h"
#include "model/units.h"

static const struct rate_limiter *policy_of(const struct retry_call *call,
                                            int i)
{
    return &retry_layer(call, i)->rate_limiter;
}

/* The layers from `from` inwards that have a limiter. */
static uint8_t limiters_from(const struct retry_call *call, int from)
{
    return layers_from(call, call->shared->having.limiter, from);
}

struct retry_limiter *gate_limiter(const struct retry_call *call, int i)
{
    struct retry_layer_shared *shared = &call->shared->layers[i];
    return shared->wider_limiter ? shared->wider_limiter : &shared->limiter;
}

/* -- breakers ---------------------------------------------------------------
 */

static uint8_t breakers(const struct retry_call *call)
{
    return layers_from(call, call->shared->having.breaker, 0);
}

static struct retry_breaker *breaker_of(const struct retry_call *call, int i)
{
    return &call->shared->layers[i].breaker;
}

/* Tinkex's wrapper asks once, before the whole call. */
static bool asks_breaker(const struct retry_call *call, int i)
{
    switch (retry_layer(call, i)->breaker.checked) {
    case BREAKER_PER_ATTEMPT:
        return true;
    case BREAKER_PER_CALL:
        return call->fresh >> i & 1;
    }
    assert(false);
    return true;
}

int gate_breaker(const struct retry_call *call, int64_t now_ns)
{
    uint8_t left = breakers(call);
    for (int i; (i = layers_take(&left)) >= 0;) {
        if (asks_breaker(call, i) &&
            breaker_is_open(&retry_layer(call, i)->breaker, breaker_of(call, i),
                            now_ns)) {
            return i;
        }
    }
    return -1;
}

static struct breaker_attempt attempt_at(const struct retry_call *call, int i)
{
    return (struct breaker_attempt){
        .sent_ns = call->attempt_started_ns,
        .is_probe = call->probes >> i & 1,
    };
}

static void admit(struct retry_call *call, int64_t now_ns)
{
    uint8_t left = breakers(call);
    for (int i; (i = layers_take(&left)) >= 0;) {
        if (asks_breaker(call, i) &&
            breaker_admit(&retry_layer(call, i)->breaker, breaker_of(call, i),
                          now_ns)) {
            call->probes |= (uint8_t)(1 << i);
        }
    }
}

void gate_record(struct retry_call *call, const struct retry_event *ended)
{
    uint8_t left = breakers(call);
    for (int i; (i = layers_take(&left)) >= 0;) {
        struct breaker_attempt attempt = attempt_at(call, i);
        breaker_record(&retry_layer(call, i)->breaker, breaker_of(call, i),
                       &attempt, ended);
    }
    call->probes = 0;
    allowance_end(call);
    throttle_record(call, ended);
}

static void give_back_probes(struct retry_call *call)
{
    for (int i; (i = layers_take(&call->probes)) >= 0;) {
        struct breaker_attempt attempt = {call->attempt_started_ns, true};
        breaker_give_back(&retry_layer(call, i)->breaker, breaker_of(call, i),
                          &attempt);
    }
}

/* -- limiters ---------------------------------------------------------------
 */

void gate_begin(struct retry_call *call, int from)
{
    call->gate_layer = (int16_t)from;
    call->is_past_window = call->has_reserved = false;
}

void gate_watch(struct retry_call *call, int i, int64_t now_ns)
{
    const struct rate_limiter *policy = policy_of(call, i);
    call->wait_until_ns =
        limiter_open_ns(policy, gate_limiter(call, i), now_ns);
    call->look_ns =
        policy->poll_ns > 0 ? units_after(now_ns, policy->poll_ns) : NS_FOREVER;
}

/* One exact sleep looks at the window once only: what becomes of it meanwhile
 * goes unnoticed (S1-59). */
static bool pass_window(struct retry_call *call, int64_t now_ns)
{
    int i = call->gate_layer;
    if (call->is_past_window || !limiter_is_shut(gate_limiter(call, i), now_ns))
        return true;
    gate_watch(call, i, now_ns);
    call->is_past_window = policy_of(call, i)->poll_ns == 0;
    return false;
}

static bool pass_rate(struct retry_call *call, int64_t now_ns)
{
    int i = call->gate_layer;
    if (call->has_reserved)
        return now_ns >= call->wait_until_ns;
    call->wait_until_ns =
        limiter_reserve(policy_of(call, i), gate_limiter(call, i), now_ns);
    call->look_ns = NS_FOREVER;
    call->has_reserved = call->wait_until_ns > now_ns;
    return !call->has_reserved;
}

static void begin_runs_inside(struct retry_call *call, int64_t now_ns)
{
    uint8_t left = layers_from(call, call->fresh, call->gate_layer + 1);
    for (int i; (i = layers_take(&left)) >= 0;)
        call->state[i].started_ns = now_ns;
}

static void go_to(struct retry_call *call, int i)
{
    if (i != call->gate_layer)
        gate_begin(call, i);
}

bool gate_pass(struct retry_call *call, int64_t now_ns)
{
    uint8_t left = limiters_from(call, call->gate_layer);
    for (int i; (i = layers_take(&left)) >= 0;) {
        go_to(call, i);
        if (!pass_window(call, now_ns))
            return false;
        call->is_past_window = true;
        if (!pass_rate(call, now_ns))
            return false;
        begin_runs_inside(call, now_ns);
    }
    gate_begin(call, call->layer_count);
    return true;
}

void gate_pass_by(struct retry_call *call, int64_t now_ns)
{
    uint8_t left = limiters_from(call, call->gate_layer);
    for (int i; (i = layers_take(&left)) >= 0;) {
        bool is_paid = i == call->gate_layer && call->has_reserved;
        if (!is_paid)
            limiter_reserve(policy_of(call, i), gate_limiter(call, i), now_ns);
    }
    begin_runs_inside(call, now_ns);
    gate_begin(call, call->layer_count);
}

/* -- both -------------------------------------------------------------------
 */

void gate_send(struct retry_call *call, int64_t now_ns)
{
    admit(call, now_ns);
    allowance_send(call);
    call->fresh = 0;
}

void gate_leave(struct retry_call *call)
{
    if (call->has_reserved) {
        limiter_give_back(policy_of(call, call->gate_layer),
                          gate_limiter(call, call->gate_layer),
                          call->wait_until_ns);
        call->has_reserved = false;
    }
    give_back_probes(call);
}

static int64_t limiter_gate_ns(const struct retry_call *call, int i,
                               int64_t now_ns)
{
    const struct rate_limiter *policy = policy_of(call, i);
    const struct retry_limiter *limiter = gate_limiter(call, i);
    return limiter_due_ns(policy, limiter,
                          limiter_open_ns(policy, limiter, now_ns));
}

int64_t gate_open_ns(const struct retry_call *call, int from, int64_t now_ns)
{
    bool is_held =
        call->phase == RETRY_PHASE_WAITING && call->wait_kind == WAIT_LIMITER;
    uint8_t left = limiters_from(call, from);
    if (is_held)
        left &= limiters_from(call, call->gate_layer);
    for (int i; (i = layers_take(&left)) >= 0;) {
        bool has_its_time =
            is_held && i == call->gate_layer && call->is_past_window;
        now_ns = has_its_time ? units_max(now_ns, call->wait_until_ns)
                              : limiter_gate_ns(call, i, now_ns);
    }
    return now_ns;
}
