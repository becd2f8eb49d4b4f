#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "mock_server/attempt.h"
#include "mock_server/conn.h"
#include "mock_server/listener.h"
#include "mock_server/parts.h"
#include "mock_server/raw.h"
#include "model/units.h"

enum { CONNECTIONS_MAX = 16384, REQUEST_BYTES_MAX = 64 << 20 };

static bool has_outages(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->route_count; i++) {
        const struct route *route = &scenario->routes[i];
        for (size_t j = 0; j < route->window_count; j++) {
            enum fault_do kind = route->windows[j].reply.fault.kind;
            if (kind == FAULT_REFUSE || kind == FAULT_STALL) {
                return true;
            }
        }
    }
    return false;
}

static bool prepare(struct mock_run *run,
                    const struct mock_run_options *options, struct error *error)
{
    struct mock_server *server = run->server;
    size_t timers = server->conn_count + 2 * (server->run_count + 1) + 1;
    if (!timers_reserve(&server->timers, timers)) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    run->script =
        script_create(options->scenario, options->seed, options->level, error);
    return run->script &&
           replies_init(&run->replies, options->scenario, error) &&
           listener_open(run, options->bind ? options->bind : "127.0.0.1",
                         options->port, error);
}

static void free_run(struct mock_run *run)
{
    replies_deinit(&run->replies);
    script_free(run->script);
    free(run);
}

struct mock_run *mock_run_start(struct mock_server *server,
                                const struct mock_run_options *options,
                                struct error *error)
{
    struct mock_run *run = calloc(1, sizeof *run);
    if (!run) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return NULL;
    }
    *run = (struct mock_run){
        .watch = WATCH_LISTENER,
        .server = server,
        .scenario = options->scenario,
        .trace = options->trace,
        .connections_max = options->connections_max > 0
                               ? options->connections_max
                               : CONNECTIONS_MAX,
        .request_bytes_max = options->request_bytes_max > 0
                                 ? options->request_bytes_max
                                 : REQUEST_BYTES_MAX,
        .has_outages = has_outages(options->scenario),
        .listener_timer = {.kind = TIMER_LISTENER},
        .listen_fd = -1,
        .holder_fd = -1,
        .filler_fds = {-1, -1},
    };
    if (!prepare(run, options, error)) {
        free_run(run);
        return NULL;
    }
    run->origin_ns = alarm_now();
    run->next = server->runs;
    server->runs = run;
    server->run_count++;
    server_runs_changed(server);
    if (run->has_outages) {
        listener_update(run, run->origin_ns);
    }
    return run;
}

const char *mock_run_url(const struct mock_run *run)
{
    return run->url;
}

uint16_t mock_run_port(const struct mock_run *run)
{
    const char *colon = strrchr(run->url, ':');
    return (uint16_t)strtoul(colon + 1, NULL, 10);
}

int64_t mock_run_origin_ns(const struct mock_run *run)
{
    return run->origin_ns;
}

void mock_run_stats(const struct mock_run *run, struct mock_run_stats *stats)
{
    *stats = run->stats;
    stats->lag_p99_ns = lag_p99(&run->lag);
    stats->lag_max_ns = run->lag.max_ns;
}

size_t mock_run_uses(const struct mock_run *run, struct script_use *uses,
                     size_t size)
{
    return script_uses(run->script, uses, size);
}

/* -- stopping -- */

static void stop_conn(struct conn *conn)
{
    if (conn->in_flight && conn->raw) {
        raw_abandon(conn, false);
    } else if (conn->in_flight) {
        attempt_end(conn, END_UNFINISHED, "the run ended");
    }
    if (!conn->mhd) {
        conn_close(conn);
        return;
    }
    shutdown(conn->fd, SHUT_RDWR);
    if (conn_is_held(conn)) {
        conn_release(conn, CONN_ENDING);
    } else {
        conn->phase = CONN_ENDING;
    }
}

void mock_run_stop(struct mock_run *run)
{
    struct mock_server *server = run->server;
    listener_close(run);
    timers_set(&server->timers, &run->listener_timer, NS_FOREVER);
    for (struct conn *conn = run->conns, *next; conn; conn = next) {
        next = conn->next;
        stop_conn(conn);
    }
    server_finish_run(run);
    struct mock_run **link = &server->runs;
    while (*link != run) {
        link = &(*link)->next;
    }
    *link = run->next;
    server->run_count--;
    server_runs_changed(server);
    free_run(run);
}
