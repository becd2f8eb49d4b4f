/* A rate limiter: a window that a throttling answer closes, and a steady rate.
 * Pure; a part of the retry engine. */
#ifndef RETRYSPEC_CLIENT_LIMITER_H
#define RETRYSPEC_CLIENT_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"

/* -- the window -------------------------------------------------------------
 */

/* Replaces the window that is, even a longer one (tinkex). */
void limiter_close(struct retry_limiter *limiter, int64_t from_ns,
                   int64_t delay_ns);
void limiter_clear(struct retry_limiter *limiter);
bool limiter_is_shut(const struct retry_limiter *limiter, int64_t now_ns);

/* When who looks at `now_ns` passes the window, if it stays as it is: `now_ns`
 * if it is open, its end, or the first poll at or after it. */
int64_t limiter_open_ns(const struct rate_limiter *policy,
                        const struct retry_limiter *limiter, int64_t now_ns);

/* -- the steady rate: a bucket of `burst` tokens, one for an attempt ---------
 */

/* When who comes at `now_ns` gets a token. */
int64_t limiter_due_ns(const struct rate_limiter *policy,
                       const struct retry_limiter *limiter, int64_t now_ns);

/* The same, and it is taken: first come first served. */
int64_t limiter_reserve(const struct rate_limiter *policy,
                        struct retry_limiter *limiter, int64_t now_ns);

/* Who reserved `due_ns` won't send. Only the last reservation can be given
 * back: those behind it have their times. */
void limiter_give_back(const struct rate_limiter *policy,
                       struct retry_limiter *limiter, int64_t due_ns);

#endif
