#include "lab/delays.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/retry.h"
#include "lab/draw.h"
#include "model/units.h"

static const struct retry_request request_of_calls = {.method = "POST",
                                                      .path = "/"};

static bool make_room(const struct delays_request *request,
                      struct delays *retries)
{
    bool is_made = true;
    for (size_t i = 0; i < request->retries; i++) {
        retries[i].count = 0;
        retries[i].ns = calloc(request->samples, sizeof *retries[i].ns);
        is_made &= retries[i].ns != NULL;
    }
    return is_made;
}

struct sampled_call {
    const struct delays_request *request;
    struct delays *retries;
    struct retry_shared shared;
    struct retry_call call;
    struct retry_event event;
    int64_t before_ns;            /* the attempt before */
    struct delay_range wait, sum; /* that the laws allow since then */
    size_t number, draws;
};

static int64_t plus(int64_t a_ns, int64_t b_ns)
{
    return a_ns > NS_FOREVER - b_ns ? NS_FOREVER : a_ns + b_ns;
}

static struct delay_range range_plus(struct delay_range a, struct delay_range b)
{
    return (struct delay_range){plus(a.min_ns, b.min_ns),
                                plus(a.max_ns, b.max_ns)};
}

static void keep(struct sampled_call *sampled, size_t retry)
{
    bool is_summed = sampled->request->is_summed;
    struct delays *delays = &sampled->retries[retry];
    int64_t now_ns = sampled->event.now_ns;
    struct delay_range range;
    sampled->sum = range_plus(sampled->sum, sampled->wait);
    range = is_summed ? sampled->sum : sampled->wait;
    if (delays->count == 0 || range.min_ns < delays->least_ns)
        delays->least_ns = range.min_ns;
    if (delays->count == 0 || range.max_ns > delays->most_ns)
        delays->most_ns = range.max_ns;
    delays->ns[delays->count++] =
        is_summed ? now_ns : now_ns - sampled->before_ns;
}

/* False: the call is over, or waits for ever. */
static bool follow(struct sampled_call *sampled,
                   const struct retry_action *action,
                   const struct attempt_outcome *outcome)
{
    struct retry_event *event = &sampled->event;
    int64_t wake_ns =
        action->until_ns < action->wake_ns ? action->until_ns : action->wake_ns;
    bool waits = action->kind == RETRY_WAIT && !action->is_never &&
                 wake_ns != NS_FOREVER;
    if (action->kind == RETRY_SEND) {
        sampled->before_ns = event->now_ns;
        sampled->wait = (struct delay_range){0, 0};
        event->kind = RETRY_ENDED;
        event->outcome = outcome;
    } else if (waits) {
        if (event->kind == RETRY_ENDED)
            sampled->wait = backoff_range(&action->law);
        event->kind = RETRY_TIMER;
        event->now_ns = wake_ns;
    }
    return action->kind == RETRY_SEND || waits;
}

static void sample_call(struct sampled_call *sampled)
{
    const struct delays_request *request = sampled->request;
    const struct attempt_outcome outcome = {.end = END_STATUS,
                                            .status = request->status};
    size_t attempts = 0;
    sampled->event = (struct retry_event){.kind = RETRY_START};
    sampled->sum = (struct delay_range){0, 0};
    retry_shared_init(&sampled->shared, request->profile, 0);
    retry_shared_pass(&sampled->shared);
    retry_call_init(&sampled->call, &sampled->shared, &request_of_calls);
    for (;;) {
        sampled->event.u =
            draw_uniform(request->seed, sampled->number, sampled->draws++);
        struct retry_action action =
            retry_step(&sampled->call, &sampled->event);
        if (action.kind == RETRY_SEND && attempts++ > 0) {
            keep(sampled, attempts - 2);
            if (attempts > request->retries)
                return;
        }
        if (!follow(sampled, &action, &outcome))
            return;
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bool delays_sample(const struct delays_request *request, struct delays *retries)
{
    struct sampled_call *sampled = calloc(1, sizeof *sampled);
    bool is_ready = make_room(request, retries) && sampled;
    for (size_t i = 0; is_ready && i < request->samples; i++) {
        sampled->request = request;
        sampled->retries = retries;
        sampled->number = i;
        sampled->draws = 0;
        sample_call(sampled);
    }
    for (size_t i = 0; is_ready && i < request->retries; i++)
        qsort(retries[i].ns, retries[i].count, sizeof *retries[i].ns, by_size);
    free(sampled);
    return is_ready;
}

void delays_deinit(struct delays *retries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(retries[i].ns);
        retries[i] = (struct delays){0};
    }
}

int64_t delays_quantile(const struct delays *delays, double p)
{
    size_t i = (size_t)ceil(p * (double)delays->count);
    return delays->ns[i > 0 ? i - 1 : 0];
}

double delays_share_at(const struct delays *delays, int64_t ns)
{
    size_t equal = 0;
    for (size_t i = 0; i < delays->count; i++)
        equal += delays->ns[i] == ns;
    return (double)equal / (double)delays->count;
}
