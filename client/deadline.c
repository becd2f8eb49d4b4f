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

static int64_t progress_deadline(const struct retry_call *call, int i)
{
    const struct progress *progress = &retry_layer(call, i)->progress;
    int64_t since_ns = progress->clock == PROGRESS_PER_HANDLER
                           ? *deadline_shared_progress(call, i)
                           : call->state[i].started_ns;
    return units_add(since_ns, progress->timeout_ns);
}

int64_t deadline_abort(const struct retry_call *call)
{
    int64_t deadline_ns = NS_FOREVER;
    for (int i = 0; i < call->layer_count; i++) {
        if (retry_call_has(call, i) &&
            retry_layer(call, i)->progress.aborts_attempt) {
            deadline_ns = earlier(deadline_ns, progress_deadline(call, i));
        }
    }
    return deadline_ns;
}

int64_t deadline_call(const struct retry_call *call, int last)
{
    int64_t deadline_ns = NS_FOREVER;
    for (int i = 0; i <= last; i++) {
        if (retry_call_has(call, i)) {
            deadline_ns = earlier(
                deadline_ns, units_add(call->state[i].started_ns,
                                       retry_layer(call, i)->call_timeout_ns));
        }
    }
    return deadline_ns;
}

bool deadline_progress_is_over(const struct retry_call *call, int from,
                               bool is_first_of_from, int64_t now_ns)
{
    for (int i = from; i < call->layer_count; i++) {
        bool is_first = i > from || is_first_of_from;
        if (retry_call_has(call, i) &&
            (!is_first || retry_layer(call, i)->progress.is_tested_at_first) &&
            now_ns > progress_deadline(call, i)) {
            return true;
        }
    }
    return false;
}
