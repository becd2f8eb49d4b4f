/* libmicrohttpd's callbacks. */
#ifndef RETRYSPEC_MOCK_SERVER_REQUEST_H
#define RETRYSPEC_MOCK_SERVER_REQUEST_H

#include "mock_server/parts.h"

/* A daemon without listening socket, thread or time limit. NULL and a problem
 * on failure. */
struct MHD_Daemon *request_daemon(struct mock_server *server,
                                  unsigned connection_limit,
                                  struct error *error);

/* Hands the connection's descriptor over. On failure it is closed and the
 * connection forgotten. */
void request_add(struct conn *conn, const struct sockaddr_storage *peer,
                 socklen_t peer_size);

#endif
