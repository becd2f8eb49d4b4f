#include "client/limiter.h"

#include <math.h>

#include "model/units.h"

void limiter_close(struct retry_limiter *limiter, int64_t from_ns,
                   int64_t delay_ns)
{
    limiter->is_closed = limiter->was_closed = true;
    limiter->until_ns = units_after(from_ns, delay_ns);
}

void limiter_clear(struct retry_limiter *limiter)
{
    limiter->is_closed = false;
}

bool limiter_is_shut(const struct retry_limiter *limiter, int64_t now_ns)
{
    return limiter->is_closed && now_ns < limiter->until_ns;
}

int64_t limiter_open_ns(const struct rate_limiter *policy,
                        const struct retry_limiter *limiter, int64_t now_ns)
{
    if (!limiter_is_shut(limiter, now_ns))
        return now_ns;
    if (policy->poll_ns == 0 || limiter->until_ns == NS_FOREVER)
        return limiter->until_ns;
    int64_t left_ns = limiter->until_ns - now_ns;
    int64_t polls = (left_ns - 1) / policy->poll_ns + 1;
    int64_t sleep_ns;
    return __builtin_mul_overflow(polls, policy->poll_ns, &sleep_ns)
               ? NS_FOREVER
               : units_after(now_ns, sleep_ns);
}

/* The time in which a token comes; far from overflow. */
static int64_t token_ns(const struct rate_limiter *policy)
{
    return llround(fmin((double)NS_PER_S / policy->per_second, 1e18));
}

/* All but one token of a full bucket, by the same rounded time: nobody of those
 * who come at once waits for a nanosecond. */
static int64_t stock_ns(const struct rate_limiter *policy)
{
    return llround(fmin((policy->burst - 1) * (double)token_ns(policy), 1e18));
}

int64_t limiter_due_ns(const struct rate_limiter *policy,
                       const struct retry_limiter *limiter, int64_t now_ns)
{
    return policy->per_second > 0 && limiter->is_paced
               ? units_max(limiter->next_send_ns, now_ns)
               : now_ns;
}

/* After a pause the bucket is full, so that the next token but `burst` is one
 * interval ahead. */
int64_t limiter_reserve(const struct rate_limiter *policy,
                        struct retry_limiter *limiter, int64_t now_ns)
{
    if (policy->per_second <= 0)
        return now_ns;
    int64_t due_ns = limiter_due_ns(policy, limiter, now_ns);
    int64_t from_ns = now_ns - stock_ns(policy);
    if (limiter->is_paced)
        from_ns = units_max(from_ns, limiter->next_send_ns);
    limiter->next_send_ns = units_after(from_ns, token_ns(policy));
    limiter->is_paced = true;
    return due_ns;
}

void limiter_give_back(const struct rate_limiter *policy,
                       struct retry_limiter *limiter, int64_t due_ns)
{
    if (limiter->next_send_ns == units_after(due_ns, token_ns(policy)))
        limiter->next_send_ns = due_ns;
}
