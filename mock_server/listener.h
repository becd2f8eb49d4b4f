/* A run's listening socket: accept loop, faults at accept, and windows in which
 * it refuses or stalls. */
#ifndef RETRYSPEC_MOCK_SERVER_LISTENER_H
#define RETRYSPEC_MOCK_SERVER_LISTENER_H

#include <stdint.h>

#include "mock_server/parts.h"

/* Binds, listens, fills in the run's address and URL. On failure a problem and
 * nothing is left open. */
bool listener_open(struct mock_run *run, const char *bind_address,
                   uint16_t port, struct error *error);
void listener_close(struct mock_run *run);

/* Accepts what is there, some at a time. */
void listener_accept(struct mock_run *run, int64_t now_ns);

/* Brings the listener into the state that the script says, and sets the timer
 * of the next change. */
void listener_update(struct mock_run *run, int64_t now_ns);

#endif
