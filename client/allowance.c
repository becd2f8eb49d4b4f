#include "client/allowance.h"

#include <assert.h>
#include <math.h>

#include "client/layers.h"
#include "client/window.h"
#include "model/units.h"

/* What the windows count. */
enum { CALLS, RETRIES_OR_FAILURES };

static const struct allowance *policy_of(const struct retry_call *call, int i)
{
    return &retry_layer(call, i)->budget.allowance;
}

static uint8_t all_of(const struct retry_call *call)
{
    return layers_from(call, call->shared->having.allowance, 0);
}

static bool has_one(const struct retry_call *call, int i)
{
    return layers_have(call->shared->having.allowance, i);
}

static void count(struct retry_call *call, int i, int64_t now_ns, int which)
{
    window_add(&call->shared->layers[i].window, policy_of(call, i)->window_ns,
               now_ns, which);
}

static int64_t sum(const struct retry_call *call, int i, int64_t now_ns,
                   int which)
{
    return window_sum(&call->shared->layers[i].window,
                      policy_of(call, i)->window_ns, now_ns, which);
}

/* -- a share of the calls --------------------------------------------------
 */

/* Finagle's RetryBudget counts in whole numbers: a call brings 1000, a retry
 * takes 1000 / share, rounded down; with no share a retry takes 1. */
enum { CALL_BRINGS = 1000 };
static const double RETRY_TAKES_MAX = 1e9;

static int64_t retry_takes(const struct allowance *policy)
{
    return policy->share > 0
               ? (int64_t)fmin(CALL_BRINGS / policy->share, RETRY_TAKES_MAX)
               : 1;
}

static int64_t ratio_most(const struct allowance *policy, int64_t calls)
{
    int64_t takes = retry_takes(policy);
    int64_t brings = policy->share > 0 ? CALL_BRINGS : 0;
    int64_t reserve = policy->least * (policy->window_ns / NS_PER_S);
    return brings * calls / takes + reserve;
}

/* -- a share of what is in flight ------------------------------------------
 */

/* Envoy's retry_budget: the share is rounded down. A hair more keeps 0.2 of 15
 * from being 2. */
static int64_t concurrent_most(const struct allowance *policy,
                               int64_t in_flight)
{
    int64_t most = (int64_t)(policy->share * (double)in_flight + 1e-9);
    return units_max(most, policy->least);
}

/* -- all of them ------------------------------------------------------------
 */

int64_t allowance_most(const struct allowance *policy, int64_t counted)
{
    switch (policy->kind) {
    case ALLOWANCE_NONE:
        return INT64_MAX;
    case ALLOWANCE_RATIO:
        return ratio_most(policy, counted);
    case ALLOWANCE_CONCURRENT:
        return concurrent_most(policy, counted);
    case ALLOWANCE_FAILURES:
        return (int64_t)(policy->share * (double)counted);
    }
    assert(false);
    return INT64_MAX;
}

void allowance_begin(struct retry_call *call, int64_t now_ns)
{
    uint8_t left = call->shared->having.allowance &
                   (uint8_t)(call->covers[0] | call->covers[1]);
    for (int i; (i = layers_take(&left)) >= 0;) {
        if (policy_of(call, i)->kind != ALLOWANCE_CONCURRENT)
            count(call, i, now_ns, CALLS);
    }
}

static void add_in_flight(struct retry_call *call, int32_t by)
{
    uint8_t left = all_of(call);
    for (int i; (i = layers_take(&left)) >= 0;)
        call->shared->layers[i].in_flight += by;
}

void allowance_send(struct retry_call *call)
{
    add_in_flight(call, 1);
}

void allowance_end(struct retry_call *call)
{
    add_in_flight(call, -1);
}

void allowance_fail(struct retry_call *call, int i, int64_t now_ns)
{
    if (has_one(call, i) && policy_of(call, i)->kind == ALLOWANCE_FAILURES)
        count(call, i, now_ns, RETRIES_OR_FAILURES);
}

bool allowance_permits(const struct retry_call *call, int i, int64_t now_ns)
{
    enum retry_known known = call->shared->layers[i].retries;
    if (!has_one(call, i) || known == KNOWN_TO_PASS)
        return true;
    if (known == KNOWN_TO_FAIL)
        return false;
    const struct allowance *policy = policy_of(call, i);
    const struct retry_layer_shared *shared = &call->shared->layers[i];
    if (policy->kind == ALLOWANCE_CONCURRENT)
        return shared->retrying < allowance_most(policy, shared->in_flight);
    int64_t counted = sum(call, i, now_ns, RETRIES_OR_FAILURES);
    int64_t most = allowance_most(policy, sum(call, i, now_ns, CALLS));
    return policy->kind == ALLOWANCE_FAILURES ? counted <= most
                                              : counted < most;
}

void allowance_take(struct retry_call *call, int i, int64_t now_ns)
{
    if (!has_one(call, i))
        return;
    if (policy_of(call, i)->kind == ALLOWANCE_RATIO)
        count(call, i, now_ns, RETRIES_OR_FAILURES);
    call->retrying |= (uint8_t)(1 << i);
    call->shared->layers[i].retrying++;
}

void allowance_release(struct retry_call *call, uint8_t layers)
{
    uint8_t left = layers & call->retrying;
    call->retrying &= (uint8_t)~layers;
    for (int i; (i = layers_take(&left)) >= 0;)
        call->shared->layers[i].retrying--;
}
