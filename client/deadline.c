#include "client/deadline.h"

#include "model/units.h"

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

int64_t *deadline_shared_progress(const struct retry_call *call, int i)
{
    return &call->shared->layers[i].progress_ns;
}

int deadline_last(const struct retry_call *call)
{
    if (call->phase != RETRY_PHASE_WAITING) {
        return call->layer_count - 1;
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

int64_t deadline_abort(const struct retry_call *call)
{
    int64_t deadline_ns = NS_FOREVER;
    int last = deadline_last(call);
    for (int i = 0; i <= last; i++) {
        if (retry_call_has(call, i) &&
            retry_layer(call, i)->progress.aborts_attempt) {
            deadline_ns = earlier(deadline_ns, progress_deadline(call, i));
        }
    }
    return deadline_ns;
}

static int64_t layer_deadline(const struct retry_call *call, int i)
{
    return retry_call_has(call, i)
               ? units_after(call->state[i].started_ns,
                             retry_layer(call, i)->call_timeout_ns)
               : NS_FOREVER;
}

int64_t deadline_call(const struct retry_call *call, int last)
{
    int64_t deadline_ns = NS_FOREVER;
    for (int i = 0; i <= last; i++) {
        deadline_ns = earlier(deadline_ns, layer_deadline(call, i));
    }
    return deadline_ns;
}

int deadline_expired(const struct retry_call *call, int64_t now_ns)
{
    int last = deadline_last(call);
    for (int i = 0; i <= last; i++) {
        if (now_ns >= layer_deadline(call, i)) {
            return i;
        }
    }
    return -1;
}

bool deadline_progress_is_over(const struct retry_call *call, int from,
                               int64_t now_ns)
{
    for (int i = from; i < call->layer_count; i++) {
        const struct progress *progress = &retry_layer(call, i)->progress;
        bool is_first = call->fresh >> i & 1;
        if (retry_call_has(call, i) &&
            (!is_first || progress->is_tested_at_first) &&
            now_ns > progress_deadline(call, i)) {
            return true;
        }
    }
    return false;
}
