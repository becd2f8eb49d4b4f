/* A circuit breaker: after so many failures in a row nothing is sent for a
 * time, then a few attempts decide. Pure; a part of the retry engine. */
#ifndef RETRYSPEC_CLIENT_BREAKER_H
#define RETRYSPEC_CLIENT_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"

/* An attempt, as far as a breaker may tell it from others. */
struct breaker_attempt {
    int64_t sent_ns;
    bool is_probe; /* breaker_admit() said so */
};

/* Would an attempt be let through? */
bool breaker_is_open(const struct circuit_breaker *policy,
                     const struct retry_breaker *breaker, int64_t now_ns);

/* Lets an attempt through that breaker_is_open() does not stop. True if it is
 * one of those that decide a half-open circuit. */
bool breaker_admit(const struct circuit_breaker *policy,
                   struct retry_breaker *breaker, int64_t now_ns);

/* How it ended. While the circuit is not closed only the attempts that decide
 * it count: what was sent before it opened says nothing about the service now.
 */
void breaker_record(const struct circuit_breaker *policy,
                    struct retry_breaker *breaker,
                    const struct breaker_attempt *attempt,
                    const struct retry_event *ended);

/* It did not end: whether the service is well is as open as before. */
void breaker_give_back(const struct circuit_breaker *policy,
                       struct retry_breaker *breaker,
                       const struct breaker_attempt *attempt);

#endif
