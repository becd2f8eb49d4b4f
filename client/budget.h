/* How often and how long a layer may try in one run. Pure; a part of the retry
 * engine. */
#ifndef RETRYSPEC_CLIENT_BUDGET_H
#define RETRYSPEC_CLIENT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"

/* What layer i may attempt in one run: as the caller says, else as its profile
 * does; ATTEMPTS_UNLIMITED. */
int64_t budget_attempts(const struct retry_call *call, int i);

/* A failure that a rule of layer i wants to try again. */
void budget_count_failure(struct retry_call *call, int i, enum attempt_end end);

bool budget_attempts_are_spent(const struct retry_call *call, int i);
bool budget_elapsed_is_spent(const struct retry_call *call, int i,
                             int64_t now_ns);

/* Is a wait until `end_ns` beyond the time of a layer that tests it before it
 * sleeps? */
bool budget_forbids_sleep(const struct retry_call *call, int i, int64_t end_ns);

/* What is left for a wait of a layer that cuts it to that; NS_FOREVER: it
 * doesn't. */
int64_t budget_cut_ns(const struct retry_call *call, int i, int64_t now_ns);

#endif
