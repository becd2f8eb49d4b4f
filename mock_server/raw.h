/* Our own non-blocking writer, for everything that is not a plain whole reply:
 * faults, partial bodies, slow ones, bytes that are no HTTP, statuses 1xx.
 *
 * It writes on the descriptor of a suspended connection and ends with the
 * connection: after a FIN the client's is awaited (so that our close can't turn
 * the FIN into a RST), then libmicrohttpd closes. Nothing it says promises a
 * connection that lives on, but a fault's head looks as if it did. */
#ifndef RETRYSPEC_MOCK_SERVER_RAW_H
#define RETRYSPEC_MOCK_SERVER_RAW_H

#include "mock_server/parts.h"

struct raw;

/* Answers the present request, whose connection is suspended and whose
 * `prepared` and `dated` are set, with `fault` (kind FAULT_NONE: none). */
void raw_begin(struct conn *conn, const struct fault *fault, int64_t now_ns);

/* Sends these bytes and a FIN; `end` and `proof` are for the trace. */
void raw_refuse(struct conn *conn, const char *bytes, int64_t now_ns);

/* The descriptor can be written, or the connection's timer is due. */
void raw_continue(struct conn *conn, int64_t now_ns);

/* The client left, or the run ends (is_gone false): writes the response line.
 */
void raw_abandon(struct conn *conn, bool is_gone);

void raw_free(struct raw *raw); /* NULL: nothing */

/* Sends RST at once. False if the connection was gone already. */
bool raw_reset(int fd);

/* What we send for "garbage". */
extern const char raw_garbage[];
enum { RAW_GARBAGE_SIZE = 31 };

#endif
