/* Which notices of a paused queue are told: never an active one, and of each
 * sampler at most one in so long. Pure.
 *
 * What is remembered of a sampler is forgotten once the time is over, and of
 * more than NOTICES_MAX samplers at once the ones told longest ago: the state
 * does not grow with the number of sessions. */
#ifndef RETRYSPEC_DIALECTS_NOTICES_H
#define RETRYSPEC_DIALECTS_NOTICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NOTICES_MAX = 1024, NOTICES_NAME_MAX = 48 };

/* Zero-initialise before use. */
struct notices {
    int64_t debounce_ns; /* 0: 60 s */
    struct notice {
        char sampler[NOTICES_NAME_MAX];
        int64_t told_ns;
    } told[NOTICES_MAX]; /* oldest first */
    size_t count;
};

/* Is it to be told now? If so it counts as told. */
bool notices_admit(struct notices *notices, const char *sampler,
                   const char *state, int64_t now_ns);

/* The server's own reason if it gave one that is not empty, else ours. */
const char *notices_reason(const char *state, const char *reason);

#endif
