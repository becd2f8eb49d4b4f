/* What a client does around the engine for its plan: the same live
 * (client/driver) and in virtual time (sim). Pure. */
#ifndef RETRYSPEC_CLIENT_CALLER_H
#define RETRYSPEC_CLIENT_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"
#include "model/plan.h"
#include "model/rng.h"
#include "model/trace.h"

/* -- the plan ---------------------------------------------------------------
 */

/* The plan may ask for another timeout of an attempt than the profile's. It
 * replaces the limit, not what the limit is a limit of. `layers` has room for
 * PROFILE_LAYERS_MAX, and is what the copy points to. */
struct profile caller_profile(const struct profile *profile, int64_t asked_ns,
                              struct layer *layers);

/* When a client begins, since the start of the run: evenly over the spread, as
 * docs/adapters.md asks of every adapter. */
int64_t caller_start_ns(const struct workload *workload, int64_t client);

/* Of delays, from which nothing but outcomes draws; and of what depends on
 * timing. */
struct caller_streams {
    struct rng calls, timing;
};
struct caller_streams caller_streams(uint64_t seed, int64_t client,
                                     int64_t call);

/* -- what is sent -----------------------------------------------------------
 */

/* Heap text of the first request and of the follow-up, which carries the token
 * too; NULL where there is no body. False without memory. */
bool caller_payloads(const struct workload *workload,
                     const struct retry_request requests[2], const char *token,
                     char *payloads[2]);

/* An idempotency key, in the shape of a random UUID. */
enum { CALLER_KEY = 37 };
void caller_draw_key(struct rng *rng, char key[CALLER_KEY]);

/* -- attempts ---------------------------------------------------------------
 */

/* A client whose profile knows no limit takes the one that the plan asks for as
 * most HTTP clients do: for the time without a byte. */
struct attempt_timeout caller_timeout(const struct attempt_timeout *own,
                                      int64_t asked_ns);

/* Is it sent again below the layers, having been so `resends` times? */
bool caller_resends(const struct resend *resend,
                    const struct attempt_outcome *outcome, int64_t resends);

/* -- the end of a call ------------------------------------------------------
 */

/* "status 503" or "reset". */
const char *caller_outcome(const struct attempt_outcome *outcome,
                           char text[32]);

/* What the caller learns: fills all but `call`. `sha256` is of the body of the
 * last answer and kept in the result, as is `text`. */
struct caller_end {
    const struct retry_call *call;
    const struct retry_action *action;
    const struct attempt_outcome *last;
    const char *sha256;
};
struct trace_result caller_result(const struct caller_end *end, char text[80]);

#endif
