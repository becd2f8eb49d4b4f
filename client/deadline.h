/* The instants at which a call in progress must end or give up. Pure; a part of
 * the retry engine. */
#ifndef RETRYSPEC_CLIENT_DEADLINE_H
#define RETRYSPEC_CLIENT_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"

/* Last progress of layer i of the call, as all calls of the client share it. */
int64_t *deadline_shared_progress(const struct retry_call *call, int i);

/* The first progress timeout that also ends what is in flight; NS_FOREVER:
 * none. */
int64_t deadline_abort(const struct retry_call *call);

/* Of the call through layer `last` or one outside it. */
int64_t deadline_call(const struct retry_call *call, int last);

/* Of the call through any layer that has a run now. */
int64_t deadline_present_call(const struct retry_call *call);

/* The outermost layer whose call timeout is over; -1: none. */
int deadline_expired(const struct retry_call *call, int64_t now_ns);

/* Is a progress timeout over that is tested before an attempt? Layers from
 * `from` inwards send; those that begin a run with it (call->fresh) test theirs
 * only if they do so at first. */
bool deadline_progress_is_over(const struct retry_call *call, int from,
                               int64_t now_ns);

#endif
