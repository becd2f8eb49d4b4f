/* A bucket of retry tokens, shared by the calls of a handler. Pure; a part of
 * the retry engine. */
#ifndef RETRYSPEC_CLIENT_TOKENS_H
#define RETRYSPEC_CLIENT_TOKENS_H

#include <stdbool.h>

#include "client/retry.h"

/* What the start of a call brings; never above the capacity. */
void tokens_begin(const struct token_bucket *policy, double *tokens);

/* What a success brings; `paid` is for the last retry of the layer's run. */
void tokens_succeed(const struct token_bucket *policy, double *tokens,
                    enum retry_paid paid);

/* A failure that the layer sees: it costs, retried or not, if the policy says
 * so of failures of this kind (gRPC retryThrottling, A6). Never below 0. */
void tokens_charge_failure(const struct token_bucket *policy, double *tokens,
                           enum failures_cost kind, enum attempt_end end);

/* Are there tokens for a retry after such a failure? */
bool tokens_allow(const struct token_bucket *policy, double tokens,
                  enum attempt_end end);

/* The retry itself (botocore's standard mode). */
enum retry_paid tokens_charge_retry(const struct token_bucket *policy,
                                    double *tokens, enum attempt_end end);

#endif
