/* How long a client may take over a scenario before it is stopped, from its
 * first request on. Pure. */
#ifndef RETRYSPEC_RUNNER_TIME_LIMIT_H
#define RETRYSPEC_RUNNER_TIME_LIMIT_H

#include <stdint.h>

#include "model/profile.h"
#include "model/scenario.h"

/* Three times what the scenario takes, when its caller gives up, and the waits
 * that the profile allows one call (at most TIME_LIMIT_WAITS_MAX_NS). To that
 * comes `extra_ns`, or with 0 what is missing to TIME_LIMIT_MIN_NS. */
int64_t time_limit_ns(const struct scenario *scenario,
                      const struct profile *profile, int64_t extra_ns);

#define TIME_LIMIT_MIN_NS (30 * NS_PER_S)
/* For what comes before the first request: a virtual machine that starts, a
 * program that `go run` builds. */
#define TIME_LIMIT_START_NS     (60 * NS_PER_S)
#define TIME_LIMIT_WAITS_MAX_NS (300 * NS_PER_S)

/* The longest that all waits of one call may last by the profile, cut to
 * TIME_LIMIT_WAITS_MAX_NS. */
int64_t time_limit_waits_ns(const struct profile *profile);

#endif
