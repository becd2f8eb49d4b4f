#include "client/tokens.h"

#include <math.h>

/* Sums of decimals such as 0.1 stay the decimals that they are meant to be:
 * at a threshold the last bit would decide. */
static double exact(double tokens)
{
    return rint(tokens * 1e6) / 1e6;
}

static double cost_of(const struct token_bucket *policy, enum attempt_end end)
{
    return end == END_TIMEOUT ? policy->timeout_cost : policy->cost;
}

static void add(const struct token_bucket *policy, double *tokens,
                double amount)
{
    *tokens = exact(fmin(*tokens + amount, policy->capacity));
}

void tokens_begin(const struct token_bucket *policy, double *tokens)
{
    add(policy, tokens, policy->per_call);
}

void tokens_succeed(const struct token_bucket *policy, double *tokens,
                    enum retry_paid paid)
{
    double amount = policy->refund;
    if (policy->returns_cost && paid == PAID_COST)
        amount = policy->cost;
    if (policy->returns_cost && paid == PAID_TIMEOUT_COST)
        amount = policy->timeout_cost;
    add(policy, tokens, amount);
}

void tokens_charge_failure(const struct token_bucket *policy, double *tokens,
                           enum failures_cost kind, enum attempt_end end)
{
    if (policy->failures_cost == kind)
        *tokens = exact(fmax(*tokens - cost_of(policy, end), 0));
}

bool tokens_allow(const struct token_bucket *policy, double tokens,
                  enum attempt_end end)
{
    return tokens >= cost_of(policy, end) && tokens > policy->threshold;
}

enum retry_paid tokens_charge_retry(const struct token_bucket *policy,
                                    double *tokens, enum attempt_end end)
{
    if (policy->failures_cost != FAILURES_FREE)
        return PAID_NOTHING;
    *tokens = exact(*tokens - cost_of(policy, end));
    return end == END_TIMEOUT ? PAID_TIMEOUT_COST : PAID_COST;
}
