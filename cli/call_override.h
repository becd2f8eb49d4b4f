/* --override CALL:KEY=VALUE of `retryspec call`: what one call does otherwise
 * than the profile says. */
#ifndef RETRYSPEC_CLI_CALL_OVERRIDE_H
#define RETRYSPEC_CLI_CALL_OVERRIDE_H

#include <stdint.h>

#include "client/retry.h"

enum { CALL_OVERRIDES_MAX = 64 };

/* By call number. Zero-initialise. */
struct call_overrides {
    struct {
        int64_t call;
        struct retry_override what;
    } items[CALL_OVERRIDES_MAX];
    int count;
};

/* Adds what the option's text says; the last word on a key counts. 0, or the
 * exit code of wrong usage, which was reported. */
int call_override_add(struct call_overrides *overrides, const char *text);

/* Wrong usage, which is reported, if one is of a call that no client makes;
 * else 0. */
int call_override_check(const struct call_overrides *overrides, int64_t calls);

/* NULL: the call does as the profile says. */
const struct retry_override *call_override_find(
    const struct call_overrides *overrides, int64_t call);

#endif
