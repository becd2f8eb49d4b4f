#include "client/budget.h"

#include "model/units.h"

void budget_count_failure(struct retry_call *call, int i, enum attempt_end end)
{
    struct retry_layer_state *state = &call->state[i];
    switch (end) {
    case END_STATUS:
        state->status_failures++;
        return;
    case END_REFUSED:
    case END_UNREACHABLE:
        state->connect_failures++;
        return;
    case END_RESET:
    case END_CLOSE:
    case END_RESET_BODY:
    case END_CUT:
    case END_GARBAGE:
    case END_TIMEOUT:
        state->read_failures++;
        return;
    case END_CANCELLED:
    case END_UNFINISHED:
        return;
    }
}

/* The innermost enabled layer with rules: what a caller sets for one call
 * stands in the place of what it says (tinkex: opts[:max_retries]). */
static bool is_overridden(const struct retry_call *call, int i)
{
    for (int k = retry_innermost(call); k > i; k--) {
        const struct layer *inner = retry_layer(call, k);
        if (retry_call_has(call, k) && !inner->is_disabled &&
            inner->rule_count > 0) {
            return false;
        }
    }
    return true;
}

int64_t budget_attempts(const struct retry_call *call, int i)
{
    return call->override.attempts > 0 && is_overridden(call, i)
               ? call->override.attempts
               : retry_layer(call, i)->budget.attempts;
}

static int64_t elapsed_limit(const struct retry_call *call, int i)
{
    return call->override.elapsed_ns > 0 && is_overridden(call, i)
               ? call->override.elapsed_ns
               : retry_layer(call, i)->budget.elapsed_ns;
}

bool budget_attempts_are_spent(const struct retry_call *call, int i)
{
    const struct budget *budget = &retry_layer(call, i)->budget;
    const struct retry_layer_state *state = &call->state[i];
    return state->attempts >= budget_attempts(call, i) ||
           state->connect_failures >= budget->connect_attempts ||
           state->read_failures >= budget->read_attempts ||
           state->status_failures >= budget->status_attempts;
}

static int64_t elapsed_deadline(const struct retry_call *call, int i)
{
    return units_after(call->state[i].started_ns, elapsed_limit(call, i));
}

bool budget_elapsed_is_spent(const struct retry_call *call, int i,
                             int64_t now_ns)
{
    return now_ns >= elapsed_deadline(call, i);
}

bool budget_forbids_sleep(const struct retry_call *call, int i, int64_t end_ns)
{
    return retry_layer(call, i)->budget.elapsed_test == ELAPSED_BEFORE_SLEEP &&
           end_ns > elapsed_deadline(call, i);
}

int64_t budget_cut_ns(const struct retry_call *call, int i, int64_t now_ns)
{
    if (retry_layer(call, i)->budget.elapsed_test != ELAPSED_CUT_SLEEP) {
        return NS_FOREVER;
    }
    int64_t deadline_ns = elapsed_deadline(call, i);
    return deadline_ns == NS_FOREVER ? NS_FOREVER : deadline_ns - now_ns;
}
