/* Level 0: a program without an adapter, such as `curl --retry 5 {url}`. It
 * is started once a call and leaves no results. Pure. */
#ifndef RETRYSPEC_RUNNER_LEVEL0_H
#define RETRYSPEC_RUNNER_LEVEL0_H

#include <stdbool.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/scenario.h"

/* Processes of one scenario at a time. */
enum { LEVEL0_LANES_MAX = 64 };

/* Does any argument hold "{url}"? */
bool level0_is(const char *const *argv);

/* Why such a program can't run the workload; NULL if it can. */
const char *level0_refusal(const struct workload *workload);

struct level0_call {
    const char *base_url;
    const struct workload *workload;
    int64_t client, call;
};

/* The arguments with every "{url}" replaced by base URL and path, and with
 * more than one call "?rs=" and the token; NULL-ended, in `arena`. NULL without
 * memory. */
const char *const *level0_argv(const char *const *argv,
                               const struct level0_call *call,
                               struct arena *arena);

#endif
