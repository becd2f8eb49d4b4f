#include "mock_server/conn.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "mock_server/answer.h"
#include "mock_server/attempt.h"
#include "mock_server/raw.h"
#include "model/units.h"

/* How long a client may take to answer our FIN with its own. */
#define LINGER_NS (10 * NS_PER_S)

/* After a FIN at rest: how long libmicrohttpd has to see it by itself. */
#define LOOK_AGAIN_NS NS_PER_MS

struct conn *conn_open(struct mock_run *run, int fd,
                       const struct sockaddr_storage *peer, int64_t now_ns)
{
    struct mock_server *server = run->server;
    struct conn *conn = calloc(1, sizeof *conn);
    /* A timer a connection, two a run at most, and the canary. */
    if (!conn || !timers_reserve(&server->timers, server->conn_count + 1 +
                                                      server->run_count + 1)) {
        free(conn);
        return NULL;
    }
    *conn = (struct conn){
        .watch = WATCH_CONN,
        .fd = fd,
        .run = run,
        .next = run->conns,
        .timer = {.kind = TIMER_CONN},
        .phase = CONN_HEAD,
        .id = ++run->stats.connections,
        .accepted_ns = run_clock(run, now_ns),
    };
    if (run->conns) {
        run->conns->previous = conn;
    }
    run->conns = conn;
    run->conns_open++;
    server->conn_count++;
    run->stats.last_activity_ns = conn->accepted_ns;
    trace_write_accept(run->trace, conn->accepted_ns, conn->id,
                       address_port(peer));
    return conn;
}

static void unlink_conn(struct conn *conn)
{
    if (conn->previous) {
        conn->previous->next = conn->next;
    } else {
        conn->run->conns = conn->next;
    }
    if (conn->next) {
        conn->next->previous = conn->previous;
    }
}

void conn_forget(struct conn *conn)
{
    struct mock_run *run = conn->run;
    struct mock_server *server = run->server;
    int64_t t_ns = run_clock(run, alarm_now());
    attempt_clear(conn);
    trace_write_close(run->trace, t_ns, conn->id, conn->uses);
    run->stats.last_activity_ns = t_ns;
    timers_set(&server->timers, &conn->timer, NS_FOREVER);
    unlink_conn(conn);
    run->conns_open--;
    server->conn_count--;
    free(conn);
}

static void unwatch(struct conn *conn)
{
    if (conn->watched) {
        epoll_ctl(conn->run->server->epoll_fd, EPOLL_CTL_DEL, conn->fd, NULL);
        conn->watched = 0;
    }
}

void conn_close(struct conn *conn)
{
    unwatch(conn);
    int fd = conn->fd;
    conn_forget(conn);
    close(fd);
}

static void watch(struct conn *conn, uint32_t events)
{
    if (events == conn->watched) {
        return;
    }
    struct epoll_event event = {.events = events, .data.ptr = conn};
    epoll_ctl(conn->run->server->epoll_fd,
              conn->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, conn->fd, &event);
    conn->watched = events;
}

void conn_watch(struct conn *conn, uint32_t events)
{
    watch(conn, events | EPOLLRDHUP);
}

void conn_rest(struct conn *conn)
{
    watch(conn, EPOLLRDHUP | EPOLLET);
}

bool conn_is_held(const struct conn *conn)
{
    return conn->phase == CONN_DELAYED || conn->phase == CONN_RAW ||
           conn->phase == CONN_SILENT || conn->phase == CONN_LINGER;
}

void conn_hold(struct conn *conn)
{
    timers_set(&conn->run->server->timers, &conn->timer, NS_FOREVER);
    MHD_suspend_connection(conn->mhd);
    if (conn->has_left) {
        conn_watch(conn, 0); /* the watch at rest told it, and tells it once */
    }
}

void conn_release(struct conn *conn, enum conn_phase phase)
{
    if (!conn->mhd) {
        conn_close(conn);
        return;
    }
    struct mock_server *server = conn->run->server;
    timers_set(&server->timers, &conn->timer, NS_FOREVER);
    conn_rest(conn);
    conn->phase = phase;
    server->must_run = true;
    MHD_resume_connection(conn->mhd);
}

void conn_linger(struct conn *conn, int64_t now_ns)
{
    conn->phase = CONN_LINGER;
    conn_watch(conn, EPOLLIN);
    timers_set(&conn->run->server->timers, &conn->timer, now_ns + LINGER_NS);
}

/* Unread bytes would make the close a RST, and a client that is still sending
 * would never see our answer. */
static void discard(struct conn *conn)
{
    char bytes[64 * 1024];
    ssize_t size = recv(conn->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    (void)size; /* the end and errors come as events */
}

static bool was_reset(const struct conn *conn)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error != 0 || conn->was_reset;
}

bool conn_client_left(const struct conn *conn)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &size);
    /* We shut down before these, and the client has said nothing yet. */
    return info.tcpi_state != TCP_ESTABLISHED &&
           info.tcpi_state != TCP_FIN_WAIT1 && info.tcpi_state != TCP_FIN_WAIT2;
}

static void client_left(struct conn *conn, int64_t now_ns)
{
    if (conn->in_flight) {
        attempt_gone(conn, now_ns, was_reset(conn));
        if (conn->raw) {
            raw_abandon(conn, true);
        } else {
            attempt_end(conn, END_TIMEOUT, "the client left before the answer");
        }
    }
    conn_release(conn, CONN_ENDING);
}

/* -- while libmicrohttpd has it -- */

/* The FIN or RST is seen; libmicrohttpd should see it as well, and soon closes.
 * EPOLLHUP without a FIN of ours is a RST. */
static void left_at_rest(struct conn *conn, uint32_t events, int64_t now_ns)
{
    conn->has_left = true;
    if (conn->in_flight && conn->phase == CONN_ANSWERING) {
        attempt_gone(conn, now_ns, events & (EPOLLERR | EPOLLHUP));
    } else if (conn->phase == CONN_HEAD || conn->phase == CONN_BODY) {
        timers_set(&conn->run->server->timers, &conn->timer,
                   now_ns + LOOK_AGAIN_NS);
    }
}

/* It did not: a connection that is resumed is read in any case. */
static void look(struct conn *conn)
{
    MHD_suspend_connection(conn->mhd);
    MHD_resume_connection(conn->mhd);
    conn->run->server->must_run = true;
}

void conn_look_again(struct conn *conn)
{
    if (conn->has_left) {
        timers_set(&conn->run->server->timers, &conn->timer, alarm_now());
    }
}

void conn_event(struct conn *conn, uint32_t events, int64_t now_ns)
{
    if (conn->mhd && !conn_is_held(conn)) {
        left_at_rest(conn, events, now_ns);
    } else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        client_left(conn, now_ns);
    } else if (conn->phase == CONN_LINGER) {
        discard(conn);
    } else if (events & EPOLLOUT) {
        raw_continue(conn, now_ns);
    }
}

void conn_timer(struct conn *conn, int64_t now_ns)
{
    switch (conn->phase) {
    case CONN_DELAYED:
        answer_due(conn, now_ns);
        return;
    case CONN_RAW:
        raw_continue(conn, now_ns);
        return;
    case CONN_SILENT:
        if (conn->raw) {
            raw_continue(conn, now_ns);
            return;
        }
        shutdown(conn->fd, SHUT_WR); /* a hang at accept is over */
        conn_linger(conn, now_ns);
        return;
    case CONN_LINGER:
        conn_release(conn, CONN_ENDING);
        return;
    case CONN_HEAD:
    case CONN_BODY:
        look(conn);
        return;
    case CONN_DUE:
    case CONN_ANSWERING:
    case CONN_ENDING:
        return;
    }
}
