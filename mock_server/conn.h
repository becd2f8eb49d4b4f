/* Connections: their life, what happens while libmicrohttpd does not watch
 * them. */
#ifndef RETRYSPEC_MOCK_SERVER_CONN_H
#define RETRYSPEC_MOCK_SERVER_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "mock_server/parts.h"

/* A connection that was just accepted; traced. NULL without memory. */
struct conn *conn_open(struct mock_run *run, int fd,
                       const struct sockaddr_storage *peer, int64_t now_ns);

/* Its descriptor is closed, or about to be: traces and frees. */
void conn_forget(struct conn *conn);

/* Ours alone: closes the descriptor and forgets. */
void conn_close(struct conn *conn);

/* While libmicrohttpd has it: watches for the client's FIN. Its own watch is
 * edge-triggered and misses a FIN that comes together with bytes. */
void conn_rest(struct conn *conn);

bool conn_is_held(const struct conn *conn);

/* libmicrohttpd is done with a request: if the client left meanwhile, makes it
 * look. */
void conn_look_again(struct conn *conn);

/* libmicrohttpd closes it: was the client first? */
bool conn_client_left(const struct conn *conn);

/* Stops libmicrohttpd from touching it, and watches for the client leaving. */
void conn_hold(struct conn *conn);

/* Watches a held connection for these events, and for the client leaving. */
void conn_watch(struct conn *conn, uint32_t events);

/* Gives a held one back: to answer (CONN_DUE) or to be closed (CONN_ENDING). An
 * own one is closed. */
void conn_release(struct conn *conn, enum conn_phase phase);

/* After our FIN: waits for the client's, then releases. */
void conn_linger(struct conn *conn, int64_t now_ns);

/* An event of the outer epoll, or the timer, on a held or own connection. */
void conn_event(struct conn *conn, uint32_t events, int64_t now_ns);
void conn_timer(struct conn *conn, int64_t now_ns);

#endif
