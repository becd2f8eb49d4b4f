/* Waits between attempts and before them. Pure; a part of the retry engine. */
#ifndef RETRYSPEC_CLIENT_WAIT_H
#define RETRYSPEC_CLIENT_WAIT_H

#include <stdint.h>

#include "client/retry.h"

/* Layer i waits before it tries again: `action` is what it decided, and what
 * the caller is told. */
void wait_begin(struct retry_call *call, int i, struct retry_action *action);

/* The attempt waits for a limiter: gate_pass() said so. */
void wait_for_limiter(struct retry_call *call, int64_t now_ns,
                      struct retry_action *action);

/* The wait as it stands now: others may have moved the progress clock on. */
void wait_present(const struct retry_call *call, struct retry_action *action);

/* Does the next delay follow this one (decorrelated jitter)? */
bool wait_is_remembered(const struct retry_action *wait);

#endif
