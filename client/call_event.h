/* What happens to the calls of a client, as its caller may see it: one stream
 * of events in our own terms. dialects/ prints it as JSON or as the source
 * systems word it, and counts gauges from it. Plain data; all pointers are
 * borrowed for the time of the callback.
 *
 * One call that fails once and then succeeds:
 *
 *   EVENT_QUEUED   only if it has to wait for a slot
 *   EVENT_ENTERED  every slot is held, the retry loop begins
 *   EVENT_START    attempt 0
 *   EVENT_RETRY    attempt 0, duration, outcome, delay
 *   EVENT_START    attempt 1
 *   EVENT_STOP     attempt 1, duration
 *   EVENT_DONE     ok, elapsed
 *
 * EVENT_QUEUED and EVENT_ENTERED happen once at most, in this order; a wait for
 * a slot between attempts makes no event. What ends by itself gives STOP, RETRY
 * or FAILED; a first request that succeeds gives STOP even if the follow-up is
 * still to come. */
#ifndef RETRYSPEC_CLIENT_CALL_EVENT_H
#define RETRYSPEC_CLIENT_CALL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"

/* X(constant, word) */
#define CALL_EVENT_LIST(X)                                                    \
    X(EVENT_QUEUED, "queued")   /* waits for a slot */                        \
    X(EVENT_ENTERED, "entered") /* holds its slots; sure to end with DONE */  \
    X(EVENT_START, "start")                                                   \
    X(EVENT_STOP, "stop")       /* a success */                               \
    X(EVENT_RETRY, "retry")     /* failed, and is tried again after delay */  \
    X(EVENT_FAILED, "failed")   /* failed for good: no layer retries it */    \
    X(EVENT_ABORTED, "aborted") /* ended in flight by a progress timeout, a   \
                                     call timeout or the caller */            \
    X(EVENT_NOTICE, "notice")   /* the service said something of its queue */ \
    X(EVENT_DONE, "done")       /* also of a call that never entered */

enum call_event_kind {
#define X(constant, word) constant,
    CALL_EVENT_LIST(X)
#undef X
};
extern const char *const call_event_words[];

enum { EVENT_BODY_MIN = 4096 };

struct call_event {
    enum call_event_kind kind;
    int64_t at_ns;        /* monotonic, since the run began */
    int64_t wall_ns;      /* Unix time */
    int64_t client, call; /* as in the token rs-<client>-<call> */
    const char *token;
    const char *session; /* name of its session: "session-<number>" */
    /* Of its handler, from 0 in the order of their creation. A session whose
     * handler has left the handler cache gets a new one. */
    int64_t handler;
    const struct profile *profile;
    const struct retry_request *request; /* of the step */

    /* START, STOP, RETRY, FAILED, ABORTED */
    int64_t attempt; /* of the whole call, from 0 */
    /* Of `layer`, from 0; if that is NULL, of the innermost layer that covers
     * the request. And the limit of that layer, ATTEMPTS_UNLIMITED: none. */
    int64_t layer_attempt, attempt_limit;
    int step;            /* 0, or 1 of the follow-up request */
    int64_t duration_ns; /* of the attempt */
    int64_t delay_ns;    /* RETRY: the wait that follows, as drawn */
    /* NULL with EVENT_START. Of an answer that is no success the body is kept,
     * at least its first EVENT_BODY_MIN bytes. */
    const struct attempt_outcome *outcome;
    /* Of `profile`: the layer that decided; with START and STOP the one whose
     * retry or poll brought the attempt about. NULL: none. */
    const struct layer *layer;
    const struct profile_rule *rule; /* that decided; NULL: none */
    enum retry_wait_kind wait_kind;  /* RETRY */

    /* All but EVENT_QUEUED and EVENT_ENTERED */
    int64_t elapsed_ns; /* since EVENT_ENTERED */
    /* EVENT_FAILED, EVENT_ABORTED, EVENT_DONE */
    enum retry_reason reason;
    bool is_ok;
    bool has_entered; /* EVENT_DONE */

    /* EVENT_NOTICE */
    const char *queue_state, *queue_reason; /* reason NULL: none was given */
};

#endif
