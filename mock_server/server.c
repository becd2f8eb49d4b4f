#include "mock_server/server.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mock_server/conn.h"
#include "mock_server/listener.h"
#include "mock_server/parts.h"
#include "mock_server/request.h"
#include "model/units.h"

enum {
    TIMERS_A_TURN = 16,
    EVENTS_A_TURN = 128,
    MHD_RUNS_A_TURN = 2,
    MHD_RUNS_TO_STOP = 64
};

/* A loop writes the trace in parts of about this size: in smaller ones a byte
 * costs the kernel more, larger ones are no longer in the processor's cache.
 * What is less is written after a while. */
enum { TRACE_PART = 128 * 1024, TRACE_WAIT_MS = 4 };

#define CANARY_NS   (10 * NS_PER_MS)
#define MHD_TURN_NS (1 * NS_PER_MS)

/* -- making -- */

static unsigned raise_file_limit(void)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024;
    }
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > 1000000 ? 1000000 : (unsigned)limit.rlim_cur;
}

static bool watch(struct mock_server *server, int fd, uint32_t events,
                  enum watch *kind)
{
    struct epoll_event event = {.events = events};
    event.data.ptr = kind;
    return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool init(struct mock_server *server, struct error *error)
{
    unsigned files = raise_file_limit();
    if (!alarm_init(&server->alarm, error)) {
        return false;
    }
    server->daemon = request_daemon(server, files, error);
    if (!server->daemon) {
        return false;
    }
    server->mhd_fd =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll_fd < 0 ||
        !watch(server, server->mhd_fd, EPOLLIN, &server->mhd_watch) ||
        !watch(server, server->alarm.fd, EPOLLIN | EPOLLET,
               &server->timer_watch)) {
        error_add_errno(error, errno, "can't make the event loop");
        return false;
    }
    server->spare_fd = dup(server->epoll_fd);
    return true;
}

struct mock_server *mock_server_create(struct error *error)
{
    struct mock_server *server = calloc(1, sizeof *server);
    if (!server) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return NULL;
    }
    *server = (struct mock_server){
        .mhd_watch = WATCH_MHD,
        .timer_watch = WATCH_TIMER,
        .epoll_fd = -1,
        .spare_fd = -1,
        .alarm = {.fd = -1},
        .canary = {.kind = TIMER_CANARY},
    };
    if (!init(server, error)) {
        mock_server_free(server);
        return NULL;
    }
    return server;
}

void mock_server_free(struct mock_server *server)
{
    if (!server) {
        return;
    }
    while (server->runs) {
        mock_run_stop(server->runs);
    }
    if (server->daemon) {
        MHD_stop_daemon(server->daemon);
    }
    if (server->epoll_fd >= 0) {
        close(server->epoll_fd);
    }
    if (server->spare_fd >= 0) {
        close(server->spare_fd);
    }
    alarm_deinit(&server->alarm);
    timers_deinit(&server->timers);
    free(server);
}

int mock_server_fd(const struct mock_server *server)
{
    return server->epoll_fd;
}

/* -- the loop -- */

static void dispatch(struct mock_server *server,
                     const struct epoll_event *event)
{
    enum watch *watch = event->data.ptr;
    switch (*watch) {
    case WATCH_MHD:
        server->must_run = true;
        return;
    case WATCH_TIMER:
        alarm_clear(&server->alarm);
        return;
    case WATCH_LISTENER:
        listener_accept((struct mock_run *)(void *)watch, alarm_now());
        return;
    case WATCH_CONN:
        conn_event((struct conn *)(void *)watch, event->events, alarm_now());
        return;
    }
}

static void record_lag(struct mock_server *server, struct timer *timer,
                       int64_t late_ns)
{
    struct mock_run *run = server->runs;
    switch ((enum timer_kind)timer->kind) {
    case TIMER_CANARY:
        for (; run; run = run->next) {
            lag_add_ticks(&run->lag, late_ns, CANARY_NS);
        }
        return;
    case TIMER_LISTENER:
        run = OWNER(timer, struct mock_run, listener_timer);
        break;
    case TIMER_CONN:
        run = OWNER(timer, struct conn, timer)->run;
        break;
    }
    lag_add(&run->lag, late_ns);
}

static void fire(struct mock_server *server, struct timer *timer,
                 int64_t now_ns)
{
    record_lag(server, timer, now_ns - timer->at_ns);
    switch ((enum timer_kind)timer->kind) {
    case TIMER_CANARY:
        timers_set(&server->timers, timer, now_ns + CANARY_NS);
        return;
    case TIMER_LISTENER:
        listener_update(OWNER(timer, struct mock_run, listener_timer), now_ns);
        return;
    case TIMER_CONN:
        conn_timer(OWNER(timer, struct conn, timer), now_ns);
        return;
    }
}

/* Few at a time: between answers that are due at once we read what their
 * clients send next. Else requests come in herds, and so do their answers. */
static void run_timers(struct mock_server *server)
{
    int64_t now_ns = alarm_now();
    struct timer *timer;
    server->timers_ns = now_ns;
    for (int i = 0; i < TIMERS_A_TURN; i++) {
        if (!(timer = timers_pop(&server->timers, now_ns)))
            return;
        fire(server, timer, now_ns);
    }
}

/* libmicrohttpd's epoll is edge-triggered inside: while it says that it has
 * work, nothing else will wake us for it. */
static bool mhd_has_work(struct mock_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    return MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES &&
           timeout_ms == 0;
}

static void run_mhd(struct mock_server *server, int turns)
{
    int64_t began_ns = alarm_now();
    for (int i = 0; server->must_run && i < turns; i++) {
        server->turn_ns = i == 0 ? began_ns : alarm_now();
        if (server->turn_ns - began_ns > MHD_TURN_NS) {
            return; /* timers and new connections first */
        }
        server->must_run = false;
        MHD_run(server->daemon);
        server->must_run |= mhd_has_work(server);
    }
}

static int poll_events(struct mock_server *server, int timeout_ms)
{
    struct epoll_event events[EVENTS_A_TURN];
    int count = epoll_wait(server->epoll_fd, events, EVENTS_A_TURN, timeout_ms);
    for (int i = 0; i < count; i++) {
        dispatch(server, &events[i]);
    }
    return count;
}

/* Returns the number of events. */
static int turn(struct mock_server *server, int timeout_ms)
{
    int count = poll_events(server, timeout_ms);
    run_timers(server);
    run_mhd(server, MHD_RUNS_A_TURN);
    alarm_set(&server->alarm, timers_next_ns(&server->timers));
    return count;
}

/* Returns whether some are left. */
static bool flush_traces(struct mock_server *server, size_t least)
{
    bool is_left = false;
    for (struct mock_run *run = server->runs; run; run = run->next) {
        if (trace_writer_pending(run->trace) >= least) {
            trace_writer_flush(run->trace);
        }
        is_left |= trace_writer_pending(run->trace) > 0;
    }
    return is_left;
}

int64_t mock_server_step(struct mock_server *server)
{
    if (turn(server, 0) == EVENTS_A_TURN || server->must_run) {
        flush_traces(server, TRACE_PART);
        return 0;
    }
    flush_traces(server, 1);
    int64_t next_ns = timers_next_ns(&server->timers);
    if (next_ns == NS_FOREVER) {
        return NS_FOREVER;
    }
    int64_t left_ns = next_ns - alarm_now();
    return left_ns > 0 ? left_ns : 0;
}

void mock_server_loop(struct mock_server *server, const volatile int *stop)
{
    bool has_lines = false;
    int64_t flushed_ns = 0;
    while (!*stop) {
        turn(server, server->must_run ? 0 : has_lines ? TRACE_WAIT_MS : -1);
        bool is_due =
            server->timers_ns - flushed_ns >= TRACE_WAIT_MS * NS_PER_MS;
        flushed_ns = is_due ? server->timers_ns : flushed_ns;
        has_lines = flush_traces(server, is_due ? 1 : TRACE_PART);
    }
}

/* -- for run.c -- */

void server_runs_changed(struct mock_server *server)
{
    if (!server->runs) {
        timers_set(&server->timers, &server->canary, NS_FOREVER);
    } else if (server->canary.place == 0) {
        timers_set(&server->timers, &server->canary, alarm_now() + CANARY_NS);
    }
    alarm_set(&server->alarm, timers_next_ns(&server->timers));
}

void server_finish_run(struct mock_run *run)
{
    for (int i = 0; run->conns && i < MHD_RUNS_TO_STOP; i++) {
        run->server->must_run = true;
        run_mhd(run->server, 1);
    }
    assert(!run->conns);
}
