#include "mock_server/raw.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <time.h>

#include "mock_server/attempt.h"
#include "mock_server/conn.h"
#include "mock_server/head.h"
#include "mock_server/raw_parts.h"
#include "model/units.h"

enum { PROOF_MAX = 200, PIECES_A_TURN = 4 };

/* A dripping connection is looked at no more often than this. */
#define DRIP_TICK_NS (5 * NS_PER_MS)
/* How often the kernel is asked whether all was acknowledged, and how long. */
#define ACK_TICK_NS  (NS_PER_MS / 2)
#define ACK_LIMIT_NS (5 * NS_PER_S)

bool raw_reset(int fd)
{
    /* Dissolving the association sends RST at once; closing with SO_LINGER 0
     * would be libmicrohttpd's act, and it shuts down first. */
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    return connect(fd, &none, sizeof none) == 0;
}

void raw_free(struct raw *raw)
{
    if (raw) {
        free(raw->head);
        free(raw->buffer);
        free(raw);
    }
}

static struct timers *timers_of(struct conn *conn)
{
    return &conn->run->server->timers;
}

static int64_t unacknowledged(int fd)
{
    int count = 0;
    return ioctl(fd, SIOCOUTQ, &count) == 0 ? count : 0;
}

/* -- the end -- */

static void end_attempt(struct conn *conn, enum attempt_end end,
                        const char *proof)
{
    struct raw *raw = conn->raw;
    conn->attempt.sent_bytes = raw->body_sent;
    if (raw->fault.kind == FAULT_DRIP) {
        conn->attempt.fault_fired = raw->dripped > 0;
    }
    attempt_end(conn, end, proof);
}

static void prove_fin(const struct conn *conn, char proof[PROOF_MAX])
{
    const struct raw *raw = conn->raw;
    size_t used = 0;
    if (raw->garbage_sent) {
        used = (size_t)snprintf(proof, PROOF_MAX, "%d B that are no HTTP, ",
                                RAW_GARBAGE_SIZE);
    } else if (raw->is_dripping) {
        char took[UNITS_TEXT_MAX];
        int64_t span_ns = conn->attempt.last_byte_ns -
                          run_clock(conn->run, raw->drip_from_ns);
        used = (size_t)snprintf(
            proof, PROOF_MAX, "%" PRId64 " B in %s, ", raw->dripped,
            units_format_seconds(span_ns, took, sizeof took));
    }
    snprintf(proof + used, PROOF_MAX - used,
             "FIN sent after %" PRId64 " body bytes", raw->body_sent);
}

static void finish_fin(struct conn *conn, int64_t now_ns)
{
    struct raw *raw = conn->raw;
    int64_t fin_ns = alarm_now(); /* after the bytes before it */
    shutdown(conn->fd, SHUT_WR);
    if (conn->in_flight) {
        char proof[PROOF_MAX];
        prove_fin(conn, proof);
        if (raw->fault.kind == FAULT_CLOSE ||
            raw->fault.kind == FAULT_GARBAGE) {
            conn->attempt.fault_fired = raw->is_struck;
        }
        /* The FIN of a hang, too, is what the client goes on from. */
        if (conn->attempt.last_byte_ns == TRACE_NEVER ||
            raw->fault.kind == FAULT_CLOSE || raw->fault.kind == FAULT_HANG) {
            conn->attempt.last_byte_ns = run_clock(conn->run, fin_ns);
        }
        end_attempt(conn, raw_pieces_end(raw, true), proof);
    }
    conn_linger(conn, now_ns);
}

/* RST as soon as the client's kernel has every byte, so that the client reads
 * them all and then ECONNRESET. */
static void finish_reset(struct conn *conn, int64_t now_ns)
{
    struct raw *raw = conn->raw;
    int64_t pending = unacknowledged(conn->fd);
    if (!raw->is_waiting_for_ack) {
        raw->is_waiting_for_ack = true;
        raw->reset_by_ns = now_ns + ACK_LIMIT_NS;
    }
    if (pending > 0 && now_ns < raw->reset_by_ns) {
        timers_set(timers_of(conn), &conn->timer, now_ns + ACK_TICK_NS);
        return;
    }
    now_ns = alarm_now();
    conn->attempt.last_byte_ns = run_clock(conn->run, now_ns);
    conn->attempt.fault_fired = raw_reset(conn->fd);
    char proof[PROOF_MAX];
    if (!conn->attempt.fault_fired) {
        snprintf(proof, sizeof proof, "the connection was gone already");
    } else if (pending > 0) {
        snprintf(proof, sizeof proof,
                 "RST sent, %" PRId64 " body bytes sent, %" PRId64
                 " B not acknowledged",
                 raw->body_sent, pending);
    } else {
        snprintf(proof, sizeof proof,
                 "RST sent, %" PRId64 " body bytes acknowledged",
                 raw->body_sent);
    }
    end_attempt(conn, raw_pieces_end(raw, false), proof);
    conn_release(conn, CONN_ENDING);
}

static void finish_hang(struct conn *conn, int64_t now_ns)
{
    struct raw *raw = conn->raw;
    conn->phase = CONN_SILENT;
    raw->silent_from_ns = now_ns;
    conn->attempt.fault_fired = true;
    if (conn->attempt.last_byte_ns == TRACE_NEVER) {
        conn->attempt.last_byte_ns = run_clock(conn->run, now_ns);
    }
    free(raw->buffer);
    raw->buffer = NULL;
    free(raw->head);
    raw->head = NULL;
    conn_watch(conn, 0);
    if (raw->fault.for_ns != NS_FOREVER) {
        timers_set(timers_of(conn), &conn->timer,
                   units_add(now_ns, raw->fault.for_ns));
    }
    if (raw_pieces_are_whole(raw)) {
        end_attempt(conn, END_STATUS, "whole response sent, then silent");
    }
}

static void finish(struct conn *conn, int64_t now_ns)
{
    switch (conn->raw->is_struck ? conn->raw->fault.kind : FAULT_NONE) {
    case FAULT_RESET:
    case FAULT_REFUSE:
        finish_reset(conn, now_ns);
        return;
    case FAULT_HANG:
    case FAULT_STALL:
        finish_hang(conn, now_ns);
        return;
    case FAULT_NONE:
    case FAULT_CLOSE:
    case FAULT_GARBAGE:
    case FAULT_DRIP:
        finish_fin(conn, now_ns);
        return;
    }
}

void raw_abandon(struct conn *conn, bool is_gone)
{
    struct raw *raw = conn->raw;
    char proof[PROOF_MAX], span[UNITS_TEXT_MAX];
    if (conn->phase == CONN_SILENT) {
        int64_t silent_ns = alarm_now() - raw->silent_from_ns;
        snprintf(proof, sizeof proof,
                 "silent for %s after %" PRId64 " body bytes, until the %s",
                 units_format_seconds(silent_ns, span, sizeof span),
                 raw->body_sent, is_gone ? "client left" : "run ended");
    } else {
        snprintf(proof, sizeof proof,
                 "%" PRId64 " of %" PRId64 " body bytes sent when the %s",
                 raw->body_sent, raw->body_size,
                 is_gone ? "client left" : "run ended");
    }
    enum attempt_end end = is_gone ? END_TIMEOUT : END_UNFINISHED;
    end_attempt(conn, raw_pieces_are_whole(raw) ? END_STATUS : end, proof);
}

/* -- sending -- */

/* Whole bytes that `rate` allows after `span_ns`. */
static int64_t drip_allowed(int64_t span_ns, int64_t rate)
{
    int64_t seconds = span_ns / NS_PER_S, rest = span_ns % NS_PER_S;
    if (rate > NS_PER_S) {
        return seconds * rate + rest * (rate / NS_PER_S);
    }
    return seconds * rate + rest * rate / NS_PER_S;
}

/* The span after which byte `count` (from 1) is allowed. */
static int64_t drip_span(int64_t count, int64_t rate)
{
    int64_t seconds = count / rate, rest = count % rate;
    double rest_ns = (double)rest * (double)NS_PER_S / (double)rate;
    return seconds * NS_PER_S + (int64_t)rest_ns + 1;
}

/* How much of the piece may go now; 0: a timer is set. */
static size_t allowance(struct conn *conn, int64_t now_ns)
{
    struct raw *raw = conn->raw;
    size_t left = raw->size - raw->sent;
    if (!raw->is_dripping) {
        return left;
    }
    if (raw->drip_from_ns == 0) {
        raw->drip_from_ns = now_ns;
    }
    int64_t more = drip_allowed(now_ns - raw->drip_from_ns, raw->fault.rate) -
                   raw->dripped;
    if (more > 0) {
        return (uint64_t)more < left ? (size_t)more : left;
    }
    int64_t due_ns =
        raw->drip_from_ns + drip_span(raw->dripped + 1, raw->fault.rate);
    if (due_ns < now_ns + DRIP_TICK_NS) {
        due_ns = now_ns + DRIP_TICK_NS;
    }
    timers_set(timers_of(conn), &conn->timer, due_ns);
    conn_watch(conn, 0);
    return 0;
}

/* Sends some of the piece. False: wait for an event or the timer. */
static bool send_some(struct conn *conn)
{
    struct raw *raw = conn->raw;
    int64_t now_ns = alarm_now();
    size_t size = allowance(conn, now_ns);
    if (size == 0) {
        return false;
    }
    ssize_t taken = send(conn->fd, raw->bytes + raw->sent, size, MSG_NOSIGNAL);
    if (taken < 0) {
        /* A broken connection is told by the watch, with its reason. */
        bool is_full = errno == EAGAIN || errno == EWOULDBLOCK;
        conn->was_reset |= !is_full; /* asked once, the kernel forgets it */
        conn_watch(conn, is_full ? EPOLLOUT : 0);
        return false;
    }
    /* Before the bytes left: what the client measures from their arrival is
     * then never longer than what the trace says. */
    conn->attempt.last_byte_ns = run_clock(conn->run, now_ns);
    if (conn->attempt.first_byte_ns == TRACE_NEVER) {
        conn->attempt.first_byte_ns = conn->attempt.last_byte_ns;
    }
    raw->dripped += raw->is_dripping ? taken : 0;
    raw_pieces_took(raw, (size_t)taken);
    return true;
}

static void pump(struct conn *conn, int64_t now_ns)
{
    struct raw *raw = conn->raw;
    for (int i = 0; i < PIECES_A_TURN; i++) {
        bool is_out = false;
        if (raw->sent == raw->size && !raw_pieces_next(raw, &is_out)) {
            if (is_out) {
                raw->is_struck = false; /* no memory: a FIN, and it says so */
            }
            finish(conn, now_ns);
            return;
        }
        if (!send_some(conn)) {
            return;
        }
    }
    /* Others first: after `now_ns`, the timer waits for the next turn. */
    timers_set(timers_of(conn), &conn->timer, now_ns + 1);
}

void raw_continue(struct conn *conn, int64_t now_ns)
{
    if (conn->phase == CONN_SILENT) {
        finish_fin(conn, now_ns);
    } else if (conn->raw->is_waiting_for_ack) {
        finish_reset(conn, now_ns);
    } else {
        pump(conn, now_ns);
    }
}

/* -- the beginning -- */

static bool makes_head(struct raw *raw, const struct conn *conn,
                       const struct http_headers *headers)
{
    bool is_faulty =
        raw->fault.kind != FAULT_NONE && raw->fault.kind != FAULT_DRIP;
    struct head_options options = {
        .reply = raw->reply,
        .headers = headers,
        .unix_s = time(NULL),
        .says_close = !is_faulty && raw->reply->status >= 200,
    };
    raw->has_body = head_allows_body(raw->reply->status) && !conn->is_head;
    raw->is_chunked = raw->has_body && raw->reply->framing == FRAMING_CHUNKED;
    raw->body_size = raw->has_body ? raw->reply->body_size : 0;
    if (is_faulty && raw->fault.at == FAULT_AT_REQUEST) {
        return true; /* it strikes before the head */
    }
    raw->head = head_format(&options, &raw->head_size);
    return raw->head != NULL;
}

static void start(struct conn *conn, int64_t now_ns)
{
    int on = 1; /* a drip must not wait for acknowledgements */
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    conn->phase = CONN_RAW;
    pump(conn, now_ns);
}

static void fail(struct conn *conn)
{
    attempt_end(conn, END_CLOSE, "the server is out of memory");
    conn_release(conn, CONN_ENDING);
}

void raw_begin(struct conn *conn, const struct fault *fault, int64_t now_ns)
{
    struct raw *raw = calloc(1, sizeof *raw);
    const struct dated *dated =
        conn->dated ? conn->dated : conn->prepared->dated;
    conn->raw = raw;
    if (!raw) {
        fail(conn);
        return;
    }
    raw->fault = *fault;
    raw->reply = conn->prepared->reply;
    if (!makes_head(raw, conn, &dated->headers)) {
        fail(conn);
        return;
    }
    start(conn, now_ns);
}

void raw_refuse(struct conn *conn, const char *bytes, int64_t now_ns)
{
    struct raw *raw = calloc(1, sizeof *raw);
    conn->raw = raw;
    if (!raw || !(raw->head = strdup(bytes))) {
        fail(conn);
        return;
    }
    raw->head_size = strlen(bytes);
    start(conn, now_ns);
}
