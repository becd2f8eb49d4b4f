/* How long a client may take over a scenario before it is stopped. Pure. */
#ifndef RETRYSPEC_RUNNER_DEADLINE_H
#define RETRYSPEC_RUNNER_DEADLINE_H

#include <stdint.h>

#include "model/profile.h"
#include "model/scenario.h"

/* Three times what the scenario takes, when its caller gives up, and the waits
 * that the profile allows one call (at most DEADLINE_PROFILE_MAX_NS). To that
 * comes `extra_ns`, or with 0 what is missing to DEADLINE_MIN_NS. */
int64_t deadline_ns(const struct scenario *scenario,
                    const struct profile *profile, int64_t extra_ns);

#define DEADLINE_MIN_NS         (30 * NS_PER_S)
#define DEADLINE_PROFILE_MAX_NS (300 * NS_PER_S)

/* The longest that all waits of one call may last by the profile, cut to
 * DEADLINE_PROFILE_MAX_NS. */
int64_t deadline_profile_ns(const struct profile *profile);

#endif
