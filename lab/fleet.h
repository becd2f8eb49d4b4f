/* A fleet: clients of one profile, each call with an engine of its own, meet
 * the server of a world in virtual time. Pure; the same input gives the same
 * result.
 *
 * It asks what a policy does to a server and to those who wait, for which the
 * contents of messages do not matter: no connections, no bodies, no trace. The
 * virtual world of sim/ has these, for few clients. */
#ifndef RETRYSPEC_LAB_FLEET_H
#define RETRYSPEC_LAB_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/normal.h"
#include "lab/tally.h"
#include "model/error.h"
#include "model/profile.h"
#include "model/world.h"

struct fleet_input {
    const struct world *world;
    const struct profile *profile;
    uint64_t seed;  /* of the experiment */
    uint64_t trial; /* gives each repetition random numbers of its own */
    const struct normal *normal; /* tables that runs share; NULL: its own */
};

/* Can a fleet play the profile? False and a problem if not: slots and follow-up
 * requests need more of a client than a fleet has. */
bool fleet_supports(const struct fleet_input *input, struct error *error);

/* False and a problem if memory runs out. tally_deinit() in any case. */
bool fleet_run(const struct fleet_input *input, struct tally *tally,
               struct error *error);

/* What a client costs, beside what clients of a profile with a rate limiter, a
 * breaker, tokens or a progress timeout share. Bytes. */
int64_t fleet_bytes_a_client(const struct fleet_input *input);

#endif
