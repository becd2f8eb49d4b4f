/* One request's record: from its head to the two lines in the trace. */
#ifndef RETRYSPEC_MOCK_SERVER_ATTEMPT_H
#define RETRYSPEC_MOCK_SERVER_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "mock_server/parts.h"

/* The request line was read; keeps the target. False without memory. */
bool attempt_target(struct conn *conn, const char *target);

/* The request head is whole. `method` lives as long as the request. */
void attempt_begin(struct conn *conn, const char *method, int64_t now_ns);

/* Hashes a part of the request body and keeps the first bytes. False without
 * memory. */
bool attempt_body(struct conn *conn, const char *bytes, size_t size);

/* The request is whole: asks the script, traces the request. */
void attempt_decide(struct conn *conn, int64_t now_ns,
                    struct script_answer *answer);

/* Traces a request that never became whole; `reason` says why. */
void attempt_refuse(struct conn *conn, int status, const char *reason);

/* Writes the response line, with its request line if that is missing, and
 * forgets the request. `proof` may be "". */
void attempt_end(struct conn *conn, enum attempt_end end, const char *proof);

/* Records that the client left; attempt_end follows. */
void attempt_gone(struct conn *conn, int64_t now_ns, bool by_reset);

/* Frees what belongs to the present request. */
void attempt_clear(struct conn *conn);

#endif
