/* Client-side throttling by chance: the more requests of a handler a service
 * turned away lately, the fewer are sent to it (Site Reliability Engineering,
 * chapter 21, "Client-Side Throttling"). Pure; a part of the retry engine. */
#ifndef RETRYSPEC_CLIENT_THROTTLE_H
#define RETRYSPEC_CLIENT_THROTTLE_H

#include <stdint.h>

#include "client/retry.h"

/* A request comes to the layers that cover it, from the outside in. Gives the
 * one that does not let it pass; -1: none. `*u` is uniform in [0, 1), and still
 * is so afterwards, whatever the answer. */
int throttle_refuses(struct retry_call *call, int64_t now_ns, double *u);

/* How an attempt that passed ended. */
void throttle_record(struct retry_call *call, const struct retry_event *ended);

#endif
