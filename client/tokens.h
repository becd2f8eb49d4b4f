/* A bucket of retry tokens, shared by the calls of a handler. Pure; a part of
 * the retry engine. */
#ifndef RETRYSPEC_CLIENT_TOKENS_H
#define RETRYSPEC_CLIENT_TOKENS_H

#include <stdbool.h>

#include "client/retry.h"

/* What a success or the start of a call brings; never above the capacity. */
void tokens_add(const struct token_bucket *policy, double *tokens,
                double amount);

/* A failure that the layer sees: it costs, retried or not, if the policy says
 * so (gRPC retryThrottling, A6). Never below 0. */
void tokens_charge_failure(const struct token_bucket *policy, double *tokens,
                           enum attempt_end end);

/* Are there tokens for a retry after such a failure? */
bool tokens_allow(const struct token_bucket *policy, double tokens,
                  enum attempt_end end);

/* The retry itself (botocore's standard mode). */
void tokens_charge_retry(const struct token_bucket *policy, double *tokens,
                         enum attempt_end end);

#endif
