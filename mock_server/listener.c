#include "mock_server/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "mock_server/accept_fault.h"
#include "mock_server/conn.h"
#include "mock_server/request.h"
#include "model/units.h"

enum { ACCEPTS_A_TURN = 64 };

/* -- sockets -- */

/* Every kernel has Reno, and it sends at once what its window allows. Machines
 * choose others by default, and BBR paces: it would hold bytes back that the
 * trace says have left. A system that refuses keeps its own. */
static void send_without_pacing(int fd)
{
    static const char reno[] = "reno";
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, reno, sizeof reno - 1);
}

static int bound_socket(const struct mock_run *run)
{
    int fd = socket(run->address.ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&run->address, run->address_size) !=
            0) {
        int problem = errno;
        if (fd >= 0) {
            close(fd);
        }
        errno = problem;
        return -1;
    }
    send_without_pacing(fd);
    return fd;
}

static bool watch_listener(struct mock_run *run)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = run};
    return epoll_ctl(run->server->epoll_fd, EPOLL_CTL_ADD, run->listen_fd,
                     &event) == 0;
}

static bool start_listening(struct mock_run *run)
{
    run->listen_fd = bound_socket(run);
    return run->listen_fd >= 0 && listen(run->listen_fd, SOMAXCONN) == 0 &&
           watch_listener(run);
}

static bool read_address(struct mock_run *run, const char *text, uint16_t port)
{
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (getaddrinfo(text, service, &hints, &found) != 0) {
        return false;
    }
    memcpy(&run->address, found->ai_addr, found->ai_addrlen);
    run->address_size = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

/* A wildcard address is no place to connect to: the URL names loopback. */
static void write_url(struct mock_run *run)
{
    char host[INET6_ADDRSTRLEN] = "", port[8] = "";
    getnameinfo((const struct sockaddr *)&run->address, run->address_size, host,
                sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    if (run->address.ss_family == AF_INET6) {
        snprintf(run->url, sizeof run->url, "http://[%s]:%s",
                 strcmp(host, "::") == 0 ? "::1" : host, port);
    } else {
        snprintf(run->url, sizeof run->url, "http://%s:%s",
                 strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : host, port);
    }
}

bool listener_open(struct mock_run *run, const char *bind_address,
                   uint16_t port, struct error *error)
{
    run->listen_fd = run->holder_fd = -1;
    if (!read_address(run, bind_address, port)) {
        struct problem *problem =
            error_add(error, PROBLEM_INPUT, "\"%s\" is no address to bind to",
                      bind_address);
        snprintf(problem->hint, sizeof problem->hint,
                 "give a numeric address such as 127.0.0.1");
        return false;
    }
    /* The first socket takes the port and never listens: it keeps the port ours
     * while the listener refuses. */
    run->holder_fd = bound_socket(run);
    socklen_t size = sizeof run->address;
    if (run->holder_fd < 0 ||
        getsockname(run->holder_fd, (struct sockaddr *)&run->address, &size) !=
            0 ||
        !start_listening(run)) {
        error_add_errno(error, errno, "can't listen on %s port %u",
                        bind_address, (unsigned)port);
        listener_close(run);
        return false;
    }
    run->address_size = size;
    write_url(run);
    return true;
}

static void close_socket(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* -- accepting -- */

static bool is_filler(const struct mock_run *run,
                      const struct sockaddr_storage *peer)
{
    for (int i = 0; i < STALL_FILLERS; i++) {
        if (run->filler_ports[i] == address_port(peer)) {
            return true;
        }
    }
    return false;
}

/* Out of descriptors: without giving one up, the connection could neither be
 * accepted nor leave the queue, and the loop would spin. */
static void shed(struct mock_run *run)
{
    struct mock_server *server = run->server;
    close(server->spare_fd);
    int fd = accept(run->listen_fd, NULL, NULL);
    if (fd >= 0) {
        close(fd);
    }
    server->spare_fd = dup(server->epoll_fd);
}

static void take(struct mock_run *run, int fd,
                 const struct sockaddr_storage *peer, int64_t now_ns)
{
    bool is_full = run->conns_open >= run->connections_max;
    struct conn *conn = conn_open(run, fd, peer, now_ns);
    if (!conn) {
        close(fd);
        return;
    }
    if (is_full) {
        accept_fault_full(conn);
        return;
    }
    const struct reply *reply =
        script_accept(run->script, run_clock(run, now_ns), conn->id);
    if (!reply) {
        request_add(conn, peer,
                    peer->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                : sizeof(struct sockaddr_in));
        return;
    }
    if (run->has_outages && run->listener_timer.place == 0) {
        listener_update(run, now_ns); /* a fault at accept starts the clock */
    }
    accept_fault_strike(conn, reply, now_ns);
}

/* False: nothing more is waiting. */
static bool accept_one(struct mock_run *run, int64_t now_ns)
{
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof peer;
    int fd = accept4(run->listen_fd, (struct sockaddr *)&peer, &size,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        if (is_filler(run, &peer)) {
            close(fd);
        } else {
            take(run, fd, &peer, now_ns);
        }
        return true;
    }
    if (errno == EMFILE || errno == ENFILE) {
        shed(run);
        return true;
    }
    return errno == ECONNABORTED || errno == EINTR;
}

void listener_accept(struct mock_run *run, int64_t now_ns)
{
    for (int i = 0; i < ACCEPTS_A_TURN && run->listen_fd >= 0; i++) {
        if (!accept_one(run, now_ns)) {
            return;
        }
    }
}

/* -- windows -- */

/* Connections that are whole by now were made before the window. */
static void drain(struct mock_run *run, int64_t now_ns)
{
    for (int i = 0; i < SOMAXCONN && accept_one(run, now_ns); i++) {
    }
}

/* With a backlog of 0 and our own connections in it, the kernel drops every
 * further SYN: the client's connect gets no answer. */
static void stall(struct mock_run *run)
{
    epoll_ctl(run->server->epoll_fd, EPOLL_CTL_DEL, run->listen_fd, NULL);
    listen(run->listen_fd, 0);
    for (int i = 0; i < STALL_FILLERS; i++) {
        int fd = socket(run->address.ss_family,
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        struct sockaddr_storage own = {0};
        socklen_t size = sizeof own;
        run->filler_fds[i] = fd;
        if (fd < 0) {
            continue;
        }
        if (connect(fd, (const struct sockaddr *)&run->address,
                    run->address_size) != 0 &&
            errno != EINPROGRESS) {
            continue; /* the queue is a little shorter then */
        }
        getsockname(fd, (struct sockaddr *)&own, &size);
        run->filler_ports[i] = address_port(&own);
    }
}

static void unstall(struct mock_run *run, int64_t now_ns)
{
    listen(run->listen_fd, SOMAXCONN);
    drain(run, now_ns);
    for (int i = 0; i < STALL_FILLERS; i++) {
        close_socket(&run->filler_fds[i]);
        run->filler_ports[i] = 0;
    }
    watch_listener(run);
}

static enum fault_do outage_kind(enum script_listener state)
{
    return state == LISTENER_STALLED ? FAULT_STALL : FAULT_REFUSE;
}

static void enter(struct mock_run *run, enum script_listener state,
                  const char *window)
{
    int64_t now_ns = alarm_now();
    run->listener = state;
    run->outage = window;
    if (state == LISTENER_OPEN) {
        return;
    }
    drain(run, now_ns);
    if (state == LISTENER_STALLED) {
        stall(run);
    } else {
        close_socket(&run->listen_fd);
    }
    trace_write_outage(run->trace, run_clock(run, alarm_now()),
                       outage_kind(state), true, window);
}

static bool leave(struct mock_run *run)
{
    if (run->listener == LISTENER_OPEN) {
        return true;
    }
    int64_t now_ns = alarm_now();
    trace_write_outage(run->trace, run_clock(run, now_ns),
                       outage_kind(run->listener), false, run->outage);
    if (run->listener == LISTENER_STALLED) {
        run->listener = LISTENER_OPEN;
        unstall(run, now_ns);
        return true;
    }
    run->listener = LISTENER_OPEN;
    return start_listening(run);
}

void listener_update(struct mock_run *run, int64_t now_ns)
{
    int64_t next_ns = NS_FOREVER;
    const char *window = "";
    enum script_listener state =
        script_listener(run->script, run_clock(run, now_ns), &next_ns, &window);
    if (state != run->listener ||
        (state != LISTENER_OPEN && window != run->outage)) {
        if (!leave(run)) {
            /* Somebody took the port or descriptors ran out: try again soon. */
            close_socket(&run->listen_fd);
            run->listener = LISTENER_REFUSING;
            timers_set(&run->server->timers, &run->listener_timer,
                       now_ns + NS_PER_MS);
            return;
        }
        enter(run, state, window);
    }
    if (next_ns != NS_FOREVER) {
        timers_set(&run->server->timers, &run->listener_timer,
                   units_add(run->origin_ns, next_ns));
    }
}

void listener_close(struct mock_run *run)
{
    for (int i = 0; i < STALL_FILLERS; i++) {
        close_socket(&run->filler_fds[i]);
    }
    if (run->listener != LISTENER_OPEN) {
        trace_write_outage(run->trace, run_clock(run, alarm_now()),
                           outage_kind(run->listener), false, run->outage);
    }
    close_socket(&run->listen_fd);
    close_socket(&run->holder_fd);
}
