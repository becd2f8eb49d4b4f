/* Waits between attempts and before them. Pure; a part of the retry engine. */
#ifndef RETRYSPEC_CLIENT_WAIT_H
#define RETRYSPEC_CLIENT_WAIT_H

#include <stdint.h>

#include "client/decide.h"
#include "client/retry.h"

/* A layer waits before it tries again. */
struct retry_action wait_begin(struct retry_call *call,
                               const struct decision *decision);

/* The attempt waits for a limiter: gate_pass() said so. */
struct retry_action wait_for_limiter(struct retry_call *call, int64_t now_ns);

/* The wait as it stands now: others may have moved the progress clock on. */
struct retry_action wait_present(const struct retry_call *call);

#endif
