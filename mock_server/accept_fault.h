/* Faults that strike a connection before anything is read from it. */
#ifndef RETRYSPEC_MOCK_SERVER_ACCEPT_FAULT_H
#define RETRYSPEC_MOCK_SERVER_ACCEPT_FAULT_H

#include <stdint.h>

#include "mock_server/parts.h"

void accept_fault_strike(struct conn *conn, const struct reply *reply,
                         int64_t now_ns);

/* More connections than the run allows: closes it and says so in the trace. */
void accept_fault_full(struct conn *conn);

#endif
