/* From a reply to what leaves the server when, and how the client sees it. The
 * wire has no bandwidth limit: all bytes leave at once but for a drip. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mock_server/body.h"
#include "mock_server/head.h"
#include "mock_server/raw_parts.h"
#include "sim/sim_parts.h"

enum { PROOF_MAX = 200, LAST_CHUNK = 5 };

static int64_t latency(const struct sim_conn *conn)
{
    return conn->world->input->latency_ns;
}

static void set_timer(struct sim_conn *conn, int64_t at_ns)
{
    sim_clock_set(&conn->world->clock, &conn->server, at_ns);
}

static const struct fault *fault_of(const struct sim_conn *conn)
{
    return &conn->attempt.fault;
}

static int64_t body_size(const struct sim_conn *conn)
{
    return conn->answer.has_body ? conn->answer.reply->body_size : 0;
}

/* -- which bytes ------------------------------------------------------------
 */

/* Body bytes that are sent before the fault strikes; all without one. */
static int64_t body_before_fault(const struct sim_conn *conn)
{
    const struct fault *fault = fault_of(conn);
    int64_t size = body_size(conn);
    if (fault->kind == FAULT_NONE) {
        return size;
    }
    switch (fault->at) {
    case FAULT_AT_ACCEPT:
    case FAULT_AT_REQUEST:
    case FAULT_AT_HEAD:
        return 0;
    case FAULT_AT_BODY:
        return fault->after_bytes < size ? fault->after_bytes : size;
    case FAULT_AT_END:
        return size;
    }
    return size;
}

static bool strikes_before_head(const struct fault *fault)
{
    return fault->kind != FAULT_NONE &&
           (fault->at == FAULT_AT_REQUEST || fault->at == FAULT_AT_ACCEPT);
}

/* What the client has by now, in the terms of the server's writer. */
static struct raw pieces(const struct sim_conn *conn, bool is_all_sent)
{
    const struct fault *fault = fault_of(conn);
    return (struct raw){
        .reply = conn->answer.reply,
        .has_body = conn->answer.has_body,
        .is_chunked = conn->answer.is_chunked,
        .body_size = body_size(conn),
        .head_sent = conn->answer.is_head_sent,
        .body_sent = conn->attempt.sent_bytes,
        .tail_sent = is_all_sent,
        .garbage_sent =
            fault->kind == FAULT_GARBAGE && conn->attempt.fault_fired,
    };
}

static bool sends_tail(const struct fault *fault)
{
    return fault->kind == FAULT_NONE || fault->at == FAULT_AT_END;
}

/* -- a drip -----------------------------------------------------------------
 */

static size_t chunk_overhead(int64_t size)
{
    return (size_t)snprintf(NULL, 0, "%" PRIx64 "\r\n\r\n", (uint64_t)size);
}

/* Bytes on the wire for `size` body bytes and what follows them. */
static int64_t wire_bytes(const struct sim_conn *conn, int64_t size)
{
    if (!conn->answer.is_chunked) {
        return size;
    }
    int64_t whole = size / PIECE_BODY_MAX, rest = size % PIECE_BODY_MAX;
    int64_t bytes = size + LAST_CHUNK;
    bytes += whole * (int64_t)chunk_overhead(PIECE_BODY_MAX);
    return bytes + (rest > 0 ? (int64_t)chunk_overhead(rest) : 0);
}

int64_t sim_answer_drip_ns(const struct sim_conn *conn, int64_t count)
{
    int64_t rate = fault_of(conn)->rate;
    double rest_ns = (double)(count % rate) * (double)NS_PER_S / (double)rate;
    return units_add(
        units_add(conn->answer.drip_from_ns, count / rate * NS_PER_S),
        (int64_t)rest_ns);
}

int64_t sim_answer_dripped(const struct sim_conn *conn, int64_t now_ns)
{
    if (now_ns <= conn->answer.drip_from_ns) {
        return 0;
    }
    double span_s =
        (double)(now_ns - conn->answer.drip_from_ns) / (double)NS_PER_S;
    double guess = span_s * (double)fault_of(conn)->rate;
    int64_t all = conn->answer.drip_bytes;
    int64_t count = guess < (double)all ? (int64_t)guess : all;
    while (count < all && sim_answer_drip_ns(conn, count + 1) <= now_ns) {
        count++;
    }
    while (count > 0 && sim_answer_drip_ns(conn, count) > now_ns) {
        count--;
    }
    return count;
}

/* -- the end ----------------------------------------------------------------
 */

/* The client gets what was sent; of a body without a stated length it can't
 * know that it was cut. */
static void tell(struct sim_conn *conn, enum attempt_end end)
{
    struct sim_answer *answer = &conn->answer;
    if (end == END_STATUS && answer->has_body &&
        conn->attempt.sent_bytes < answer->reply->body_size) {
        struct reply cut = *answer->reply;
        cut.body_size = conn->attempt.sent_bytes;
        body_sha256(&cut, answer->cut_sha256);
        answer->sha256 = answer->cut_sha256;
    }
    sim_conn_tell(conn, end);
}

static void prove_fin(const struct sim_conn *conn, char proof[PROOF_MAX])
{
    const char *before = "";
    char text[100], span[UNITS_TEXT_MAX];
    if (fault_of(conn)->kind == FAULT_GARBAGE) {
        before = "31 B that are no HTTP, ";
    } else if (fault_of(conn)->kind == FAULT_DRIP) {
        int64_t span_ns = sim_now(conn->world) - conn->answer.drip_from_ns;
        snprintf(text, sizeof text, "%" PRId64 " B in %s, ",
                 conn->answer.drip_bytes,
                 units_format_seconds(span_ns, span, sizeof span));
        before = text;
    }
    snprintf(proof, PROOF_MAX, "%sFIN sent after %" PRId64 " body bytes",
             before, conn->attempt.sent_bytes);
}

static void finish_fin(struct sim_conn *conn, bool is_all_sent)
{
    int64_t now_ns = sim_now(conn->world);
    enum fault_do kind = fault_of(conn)->kind;
    char proof[PROOF_MAX];
    if (conn->attempt.last_byte_ns == TRACE_NEVER || kind == FAULT_CLOSE ||
        kind == FAULT_HANG) {
        conn->attempt.last_byte_ns = now_ns;
    }
    struct raw raw = pieces(conn, is_all_sent);
    enum attempt_end end = raw_pieces_end(&raw, true);
    prove_fin(conn, proof);
    sim_server_end(conn, end, proof);
    conn->answer.is_last = true;
    tell(conn, end);
    sim_server_linger(conn);
}

/* Every byte before it was acknowledged. */
static void finish_reset(struct sim_conn *conn)
{
    struct raw raw = pieces(conn, sends_tail(fault_of(conn)));
    enum attempt_end end = raw_pieces_end(&raw, false);
    char proof[PROOF_MAX];
    snprintf(proof, sizeof proof,
             "RST sent, %" PRId64 " body bytes acknowledged",
             conn->attempt.sent_bytes);
    conn->attempt.last_byte_ns = sim_now(conn->world);
    conn->attempt.fault_fired = true;
    sim_server_end(conn, end, proof);
    if (end == END_STATUS) { /* told when it was whole */
        sim_conn_hang_up(conn, true);
    } else {
        sim_conn_tell(conn, end);
    }
    sim_server_close(conn);
}

static void finish_drip(struct sim_conn *conn)
{
    conn->attempt.sent_bytes = body_size(conn);
    conn->attempt.last_byte_ns = sim_now(conn->world);
    conn->attempt.fault_fired = conn->answer.drip_bytes > 0;
    finish_fin(conn, true);
}

void sim_answer_finish(struct sim_conn *conn)
{
    switch (fault_of(conn)->kind) {
    case FAULT_DRIP:
        finish_drip(conn);
        return;
    case FAULT_RESET:
    case FAULT_REFUSE:
        finish_reset(conn);
        return;
    case FAULT_HANG:
    case FAULT_STALL:
    case FAULT_NONE:
    case FAULT_CLOSE:
    case FAULT_GARBAGE:
        finish_fin(conn, false);
        return;
    }
}

/* The client left in the middle of a drip. */
static void stop_drip(struct sim_conn *conn)
{
    int64_t now_ns = sim_now(conn->world);
    int64_t count = sim_answer_dripped(conn, now_ns);
    int64_t size = conn->attempt.sent_bytes + count;
    conn->attempt.sent_bytes = size < body_size(conn) ? size : body_size(conn);
    conn->attempt.fault_fired = count > 0;
    if (count > 0) {
        conn->attempt.last_byte_ns = sim_answer_drip_ns(conn, count);
    }
}

void sim_answer_abandon(struct sim_conn *conn)
{
    char proof[PROOF_MAX] = "the client left before the answer";
    char span[UNITS_TEXT_MAX];
    int64_t now_ns = sim_now(conn->world);
    if (conn->phase == SIM_SILENT) {
        snprintf(proof, sizeof proof,
                 "silent for %s after %" PRId64
                 " body bytes, until the client left",
                 units_format_seconds(now_ns - conn->answer.silent_from_ns,
                                      span, sizeof span),
                 conn->attempt.sent_bytes);
    } else if (conn->phase == SIM_SENDING) {
        if (fault_of(conn)->kind == FAULT_DRIP) {
            stop_drip(conn);
        }
        snprintf(proof, sizeof proof,
                 "%" PRId64 " of %" PRId64
                 " body bytes sent when the client left",
                 conn->attempt.sent_bytes, body_size(conn));
    }
    struct raw raw = pieces(conn, sends_tail(fault_of(conn)));
    bool is_whole = conn->phase != SIM_DELAYED && raw_pieces_are_whole(&raw);
    sim_server_end(conn, is_whole ? END_STATUS : END_TIMEOUT, proof);
}

/* -- the beginning ----------------------------------------------------------
 */

static void start_plain(struct sim_conn *conn)
{
    if (conn->answer.is_last) {
        finish_fin(conn, true);
        return;
    }
    conn->phase = SIM_REST;
    sim_server_end(conn, END_STATUS, "");
    tell(conn, END_STATUS);
}

static void start_reset(struct sim_conn *conn)
{
    struct raw raw = pieces(conn, sends_tail(fault_of(conn)));
    if (!conn->answer.is_head_sent) {
        finish_reset(conn);
        return;
    }
    conn->phase = SIM_SENDING;
    set_timer(conn, units_add(sim_now(conn->world), 2 * latency(conn)));
    if (raw_pieces_are_whole(&raw)) {
        tell(conn, END_STATUS);
    }
}

static void start_hang(struct sim_conn *conn)
{
    int64_t now_ns = sim_now(conn->world);
    struct raw raw = pieces(conn, sends_tail(fault_of(conn)));
    conn->phase = SIM_SILENT;
    conn->answer.silent_from_ns = now_ns;
    conn->attempt.fault_fired = true;
    if (conn->attempt.last_byte_ns == TRACE_NEVER) {
        conn->attempt.last_byte_ns = now_ns;
    }
    set_timer(conn, units_add(now_ns, fault_of(conn)->for_ns));
    if (raw_pieces_are_whole(&raw)) {
        sim_server_end(conn, END_STATUS, "whole response sent, then silent");
        tell(conn, END_STATUS);
    }
}

static void start_drip(struct sim_conn *conn)
{
    int64_t left = body_size(conn) - conn->attempt.sent_bytes;
    conn->answer.drip_from_ns = sim_now(conn->world);
    conn->answer.drip_bytes = wire_bytes(conn, left);
    conn->phase = SIM_SENDING;
    if (conn->answer.drip_bytes == 0) {
        finish_drip(conn);
        return;
    }
    set_timer(conn, sim_answer_drip_ns(conn, conn->answer.drip_bytes));
}

static void start(struct sim_conn *conn)
{
    int64_t now_ns = sim_now(conn->world);
    const struct fault *fault = fault_of(conn);
    conn->answer.is_head_sent = !strikes_before_head(fault);
    if (conn->answer.is_head_sent || fault->kind == FAULT_GARBAGE) {
        conn->attempt.first_byte_ns = conn->attempt.last_byte_ns = now_ns;
    }
    if (conn->answer.is_head_sent) {
        conn->attempt.sent_bytes = body_before_fault(conn);
        conn->answer.head_ns = units_add(now_ns, latency(conn));
    }
    switch (fault->kind) {
    case FAULT_NONE:
        start_plain(conn);
        return;
    case FAULT_RESET:
    case FAULT_REFUSE:
        start_reset(conn);
        return;
    case FAULT_HANG:
    case FAULT_STALL:
        start_hang(conn);
        return;
    case FAULT_DRIP:
        start_drip(conn);
        return;
    case FAULT_CLOSE:
    case FAULT_GARBAGE:
        conn->attempt.fault_fired = true;
        finish_fin(conn, sends_tail(fault));
        return;
    }
}

/* HTTP-dates count from the moment of the answer. */
void sim_answer_due(struct sim_conn *conn)
{
    struct sim_world *world = conn->world;
    struct sim_answer *answer = &conn->answer;
    const struct sim_reply *ready =
        sim_replies_find(&world->replies, answer->reply);
    if (!ready || ready->is_dated) {
        answer->made =
            sim_head_create(answer->reply, world->wall_ns + sim_now(world));
        if (!answer->made) {
            sim_fail_memory(world);
            return;
        }
        conn->attempt.reply_headers = answer->made->headers;
        answer->seen = &answer->made->seen;
    }
    start(conn);
}

/* -- the decision -----------------------------------------------------------
 */

/* A fault at accept that is due on a connection that was open before. */
static struct fault at_request(struct fault fault)
{
    if (fault.at != FAULT_AT_ACCEPT) {
        return fault;
    }
    fault.at = FAULT_AT_REQUEST;
    if (fault.kind == FAULT_REFUSE) {
        fault.kind = FAULT_RESET;
    } else if (fault.kind == FAULT_STALL) {
        fault.kind = FAULT_HANG;
        fault.for_ns = NS_FOREVER;
    }
    return fault;
}

static bool is_head_request(const struct sim_conn *conn)
{
    return strcmp(conn->attempt.method, "HEAD") == 0;
}

/* Does the answer say that it is the last on its connection? One that is
 * faulty warns of nothing. */
static bool says_close(const struct sim_conn *conn)
{
    const struct reply *reply = conn->answer.reply;
    const struct http_headers *headers = &conn->attempt.reply_headers;
    enum fault_do kind = fault_of(conn)->kind;
    if (kind != FAULT_NONE && kind != FAULT_DRIP) {
        return kind == FAULT_CLOSE || kind == FAULT_GARBAGE;
    }
    return kind == FAULT_DRIP || reply->status < 200 ||
           reply->framing == FRAMING_CLOSE ||
           http_header_get(headers, "Connection") != NULL ||
           (is_head_request(conn) && reply->framing == FRAMING_CHUNKED);
}

static void take_reply(struct sim_conn *conn, const struct reply *reply,
                       bool has_fault)
{
    struct trace_attempt *attempt = &conn->attempt;
    struct sim_answer *answer = &conn->answer;
    const struct sim_reply *ready =
        sim_replies_find(&conn->world->replies, reply);
    answer->reply = reply;
    answer->has_body =
        head_allows_body(reply->status) && !is_head_request(conn);
    answer->is_chunked = answer->has_body && reply->framing == FRAMING_CHUNKED;
    attempt->status = reply->status;
    attempt->reply_size = reply->body_size;
    answer->sha256 = !answer->has_body ? conn->world->replies.empty_sha256
                     : ready           ? ready->sha256
                                       : conn->miss.sha256;
    if (ready) {
        answer->seen = &ready->head->seen;
        attempt->reply_sha256 = ready->sha256;
        attempt->reply_headers = ready->head->headers;
        attempt->reply_text = ready->is_dated ? NULL : &ready->text;
    }
    if (has_fault) {
        attempt->fault = at_request(reply->fault);
    }
    answer->is_last = says_close(conn);
}

void sim_answer_decide(struct sim_conn *conn,
                       const struct script_answer *answer)
{
    static const struct http_headers none;
    int64_t now_ns = sim_now(conn->world);
    sim_head_free(conn->answer.made); /* of the request before this one */
    conn->answer = (struct sim_answer){
        .seen = &none,
        .sha256 = "",
        .hints_ns = NS_FOREVER,
        .head_ns = NS_FOREVER,
        .drip_from_ns = NS_FOREVER,
    };
    if (answer->reply) {
        take_reply(conn, answer->reply, answer->has_fault);
        if (answer->reply->early_hint_count > 0) { /* RFC 8297: at once */
            conn->answer.hints_ns = units_add(now_ns, latency(conn));
        }
    } else if (sim_miss_init(&conn->miss, answer->reason)) {
        take_reply(conn, &conn->miss.reply, false);
    } else {
        sim_fail_memory(conn->world);
        return;
    }
    if (answer->delay_ns > 0) {
        conn->phase = SIM_DELAYED;
        set_timer(conn, units_add(now_ns, answer->delay_ns));
    } else {
        sim_answer_due(conn);
    }
}
