#include "client/tokens.h"

#include <math.h>

static double cost_of(const struct token_bucket *policy, enum attempt_end end)
{
    return end == END_TIMEOUT ? policy->timeout_cost : policy->cost;
}

void tokens_add(const struct token_bucket *policy, double *tokens,
                double amount)
{
    *tokens = fmin(*tokens + amount, policy->capacity);
}

void tokens_charge_failure(const struct token_bucket *policy, double *tokens,
                           enum attempt_end end)
{
    if (policy->failures_cost)
        *tokens = fmax(*tokens - cost_of(policy, end), 0);
}

bool tokens_allow(const struct token_bucket *policy, double tokens,
                  enum attempt_end end)
{
    return tokens >= cost_of(policy, end) && tokens > policy->threshold;
}

void tokens_charge_retry(const struct token_bucket *policy, double *tokens,
                         enum attempt_end end)
{
    if (!policy->failures_cost)
        *tokens -= cost_of(policy, end);
}
