/* The mock server: one event loop, no threads. It owns the listening sockets
 * and the accept loop; libmicrohttpd gets the healthy connections. Several runs
 * live side by side, a listener each. The caller owns the outer loop: it polls
 * mock_server_fd() and calls mock_server_step().
 *
 * TLS, HTTP/2 and an admin listener would be kinds of listener: struct
 * mock_run_options is the place where they come in. */
#ifndef RETRYSPEC_MOCK_SERVER_SERVER_H
#define RETRYSPEC_MOCK_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "mock_server/script.h"
#include "model/error.h"
#include "model/scenario.h"
#include "model/trace.h"

struct mock_server;
struct mock_run;

/* Raises the soft limit of open files to the hard one. */
struct mock_server *mock_server_create(struct error *error);
void mock_server_free(struct mock_server *server);

/* Becomes readable when there is work. */
int mock_server_fd(const struct mock_server *server);

/* Does all work that is due, without blocking. Returns nanoseconds until the
 * next deadline (0: call again at once; NS_FOREVER: none). Every line is with
 * the kernel when it returns non-zero. */
int64_t mock_server_step(struct mock_server *server);

/* As poll + step until *stop is set; for `retryspec serve`. A line is with the
 * kernel some milliseconds later. */
void mock_server_loop(struct mock_server *server, const volatile int *stop);

struct mock_run_options {
    const struct scenario *scenario; /* borrowed until the run ends */
    uint64_t seed;
    int level;
    const char *bind;           /* "127.0.0.1" unless the user says otherwise */
    uint16_t port;              /* 0: any */
    struct trace_writer *trace; /* borrowed; the run writes, step flushes */
    int64_t connections_max;    /* 0: 16384 */
    int64_t request_bytes_max;  /* 0: 64 MiB; beyond: 413 and close */
};

/* Opens the listener. NULL and a problem on failure. */
struct mock_run *mock_run_start(struct mock_server *server,
                                const struct mock_run_options *options,
                                struct error *error);

/* "http://127.0.0.1:41873", owned by the run. */
const char *mock_run_url(const struct mock_run *run);
uint16_t mock_run_port(const struct mock_run *run);

/* Zero of the run's trace clock on CLOCK_MONOTONIC. */
int64_t mock_run_origin_ns(const struct mock_run *run);

struct mock_run_stats {
    int64_t connections, requests, in_flight, unmatched, peak_in_flight;
    int64_t lag_p99_ns, lag_max_ns; /* lateness of due timers and the canary */
    int64_t last_activity_ns;       /* run clock */
};
void mock_run_stats(const struct mock_run *run, struct mock_run_stats *stats);

/* As script_uses, of the run's script: what was reached, what never was. */
size_t mock_run_uses(const struct mock_run *run, struct script_use *uses,
                     size_t size);

/* Closes the listener and every connection; attempts in flight get their
 * response line with the end "unfinished". Then frees the run. The trace writer
 * has every line; the caller appends the rest and flushes. */
void mock_run_stop(struct mock_run *run);

#endif
