#include "client/deadline.h"

#include "client/layers.h"
#include "model/units.h"

int64_t *deadline_shared_progress(const struct retry_call *call, int i)
{
    return &call->shared->layers[i].progress_ns;
}

/* The innermost layer that has a run now: while the call waits, the runs inside
 * the layer that waits are over or not begun. */
static int last_running(const struct retry_call *call)
{
    if (call->phase != RETRY_PHASE_WAITING) {
        return retry_innermost(call);
    }
    return call->wait_kind == WAIT_LIMITER ? call->gate_layer
                                           : call->waiting_layer;
}

static int64_t progress_deadline(const struct retry_call *call, int i)
{
    const struct progress *progress = &retry_layer(call, i)->progress;
    int64_t since_ns = progress->clock == PROGRESS_PER_HANDLER
                           ? *deadline_shared_progress(call, i)
                           : call->state[i].started_ns;
    return units_after(since_ns, progress->timeout_ns);
}

/* Those of the set that have a run now. Most sets are empty. */
static uint8_t running(const struct retry_call *call, uint8_t layers)
{
    return layers ? layers_to(call, layers, last_running(call)) : 0;
}

int64_t deadline_abort(const struct retry_call *call)
{
    int64_t deadline_ns = NS_FOREVER;
    uint8_t left = running(call, call->shared->having.progress);
    for (int i; (i = layers_take(&left)) >= 0;) {
        if (retry_layer(call, i)->progress.aborts_attempt) {
            deadline_ns = units_min(deadline_ns, progress_deadline(call, i));
        }
    }
    return deadline_ns;
}

static int64_t layer_deadline(const struct retry_call *call, int i)
{
    return units_after(call->state[i].started_ns,
                       retry_layer(call, i)->call_timeout_ns);
}

static int64_t first_deadline(const struct retry_call *call, uint8_t layers)
{
    int64_t deadline_ns = NS_FOREVER;
    for (int i; (i = layers_take(&layers)) >= 0;) {
        deadline_ns = units_min(deadline_ns, layer_deadline(call, i));
    }
    return deadline_ns;
}

int64_t deadline_call(const struct retry_call *call, int last)
{
    return first_deadline(
        call, layers_to(call, call->shared->having.call_timeout, last));
}

int64_t deadline_present_call(const struct retry_call *call)
{
    return first_deadline(call,
                          running(call, call->shared->having.call_timeout));
}

int deadline_expired(const struct retry_call *call, int64_t now_ns)
{
    uint8_t left = running(call, call->shared->having.call_timeout);
    for (int i; (i = layers_take(&left)) >= 0;) {
        if (now_ns >= layer_deadline(call, i)) {
            return i;
        }
    }
    return -1;
}

bool deadline_progress_is_over(const struct retry_call *call, int from,
                               int64_t now_ns)
{
    uint8_t left = layers_from(call, call->shared->having.progress, from);
    for (int i; (i = layers_take(&left)) >= 0;) {
        bool is_first = call->fresh >> i & 1;
        bool is_tested =
            !is_first || retry_layer(call, i)->progress.is_tested_at_first;
        if (is_tested && now_ns > progress_deadline(call, i)) {
            return true;
        }
    }
    return false;
}
