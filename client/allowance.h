/* How many retries all calls of a handler may make together: a share of the
 * calls they began lately, a share of their attempts in flight, or any number
 * while few of their attempts fail. Pure; a part of the retry engine. */
#ifndef RETRYSPEC_CLIENT_ALLOWANCE_H
#define RETRYSPEC_CLIENT_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"

/* The most retries that it lets be, the one in question included, beside so
 * many calls (ALLOWANCE_CONCURRENT: attempts in flight); ALLOWANCE_FAILURES:
 * the most failures beside which it lets any be. */
int64_t allowance_most(const struct allowance *policy, int64_t counted);

/* A call begins. */
void allowance_begin(struct retry_call *call, int64_t now_ns);

/* Its attempt goes to the wire, and is there no more. */
void allowance_send(struct retry_call *call);
void allowance_end(struct retry_call *call);

/* A failure that layer i sees. */
void allowance_fail(struct retry_call *call, int i, int64_t now_ns);

/* May layer i try again? Then it does. */
bool allowance_permits(const struct retry_call *call, int i, int64_t now_ns);
void allowance_take(struct retry_call *call, int i, int64_t now_ns);

/* The retries of these layers, by bits, are over. */
void allowance_release(struct retry_call *call, uint8_t layers);

#endif
