#include "client/throttle.h"

#include <math.h>

#include "client/layers.h"
#include "client/window.h"

/* What the windows count. */
enum { REQUESTS, ACCEPTS };

static const struct throttle *policy_of(const struct retry_call *call, int i)
{
    return &retry_layer(call, i)->throttle;
}

static uint8_t throttles(const struct retry_call *call)
{
    return layers_from(call, call->shared->having.throttle, 0);
}

static double sum(const struct retry_call *call, int i, int64_t now_ns,
                  int which)
{
    return (double)window_sum(&call->shared->layers[i].window,
                              policy_of(call, i)->window_ns, now_ns, which);
}

/* Of those before it. */
static double chance(const struct retry_call *call, int i, int64_t now_ns)
{
    enum retry_known known = call->shared->layers[i].attempts;
    if (known != KNOWN_BY_COUNT)
        return known == KNOWN_TO_PASS ? 0 : 1;
    double requests = sum(call, i, now_ns, REQUESTS);
    double accepts = sum(call, i, now_ns, ACCEPTS);
    double most = policy_of(call, i)->k * accepts;
    return fmax(0, (requests - most) / (requests + 1));
}

/* What is left of u after it was compared with p is uniform again. */
static bool is_below(double *u, double p)
{
    bool is_so = *u < p;
    double rest = is_so ? *u / p : (*u - p) / (1 - p);
    *u = fmin(rest, 1 - 0x1p-53);
    return is_so;
}

int throttle_refuses(struct retry_call *call, int64_t now_ns, double *u)
{
    uint8_t left = throttles(call);
    for (int i; (i = layers_take(&left)) >= 0;) {
        double p = chance(call, i, now_ns);
        window_add(&call->shared->layers[i].window,
                   policy_of(call, i)->window_ns, now_ns, REQUESTS);
        if (p > 0 && is_below(u, p))
            return i;
    }
    return -1;
}

void throttle_record(struct retry_call *call, const struct retry_event *ended)
{
    const struct attempt_outcome *outcome = ended->outcome;
    uint8_t left = outcome->end == END_STATUS ? throttles(call) : 0;
    for (int i; (i = layers_take(&left)) >= 0;) {
        const struct throttle *policy = policy_of(call, i);
        if (!status_set_has(&policy->rejected, outcome->status))
            window_add(&call->shared->layers[i].window, policy->window_ns,
                       ended->now_ns, ACCEPTS);
    }
}
