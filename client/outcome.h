/* How an attempt ended, as policies look at it. Pure; a part of the retry
 * engine. */
#ifndef RETRYSPEC_CLIENT_OUTCOME_H
#define RETRYSPEC_CLIENT_OUTCOME_H

#include <stdbool.h>

#include "client/retry.h"

/* 2xx and 3xx. */
bool outcome_is_success(const struct attempt_outcome *outcome);

/* Is it one of the set? A body is parsed only if the set asks for it. */
bool outcome_fits(const struct outcome_set *on,
                  const struct retry_request *request,
                  const struct attempt_outcome *outcome);

#endif
