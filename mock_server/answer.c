#include "mock_server/answer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mock_server/attempt.h"
#include "mock_server/conn.h"
#include "mock_server/head.h"
#include "mock_server/listener.h"
#include "mock_server/raw.h"
#include "mock_server/script_miss.h"
#include "model/units.h"

/* What libmicrohttpd adds to the scripted headers, with room to spare. */
enum { PLAIN_HEAD = 512 };

/* -- what is due -- */

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

static void take_reply(struct conn *conn, const struct script_answer *answer)
{
    struct trace_attempt *attempt = &conn->attempt;
    const struct reply *reply = answer->reply;
    attempt->status = reply->status;
    attempt->reply_size = reply->body_size;
    attempt->reply_sha256 = conn->prepared->sha256;
    attempt->reply_headers = conn->prepared->dated->headers;
    attempt->reply_text =
        conn->prepared->is_dated ? NULL : &conn->prepared->text;
    if (answer->has_fault) {
        attempt->fault = at_request(reply->fault);
    }
}

/* A response head must fit into libmicrohttpd's memory beside that of the
 * request. And 0.9.75 ends a chunked answer to HEAD with a last chunk, which
 * the client would read as the next response. */
static bool is_raw(const struct conn *conn)
{
    return conn->attempt.fault.kind != FAULT_NONE || conn->prepared->is_raw ||
           conn->pool_used + conn->prepared->head_size + PLAIN_HEAD >
               CONN_POOL ||
           (conn->is_head && conn->prepared->reply->framing == FRAMING_CHUNKED);
}

/* HTTP-dates count from the moment of the answer. */
static bool date_headers(struct conn *conn)
{
    if (!conn->prepared->is_dated) {
        return true;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    conn->dated =
        reply_date(conn->prepared->reply, now.tv_sec * NS_PER_S + now.tv_nsec);
    if (conn->dated) {
        conn->attempt.reply_headers = conn->dated->headers;
    }
    return conn->dated != NULL;
}

/* 103 (RFC 8297) goes out at once, before any delay; HTTP/1.0 has no interim
 * responses. The socket's buffer is empty here but for a client that sends many
 * requests and reads nothing: it gets none of it. */
static bool send_hints(struct conn *conn)
{
    const struct reply *reply = conn->prepared->reply;
    if (reply->early_hint_count == 0 || conn->is_http10) {
        return true;
    }
    size_t size = 0;
    char *text = head_format_hints(reply, &size);
    bool is_sent = text && send(conn->fd, text, size,
                                MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
    free(text);
    return is_sent;
}

/* -- no reply -- */

static enum MHD_Result answer_unmatched(struct conn *conn,
                                        const struct script_answer *answer)
{
    conn->run->stats.unmatched++;
    conn->attempt.status = SCRIPT_MISS_STATUS;
    char *text = script_miss_body(answer->reason);
    if (text) {
        conn->attempt.reply_size = (int64_t)strlen(text);
        conn->made = MHD_create_response_from_buffer(strlen(text), text,
                                                     MHD_RESPMEM_MUST_FREE);
    }
    if (!conn->made || MHD_add_response_header(conn->made, "Content-Type",
                                               "application/json") != MHD_YES) {
        return MHD_NO;
    }
    return answer_plain(conn, alarm_now());
}

/* -- now or later -- */

static enum MHD_Result begin_raw(struct conn *conn, int64_t now_ns)
{
    conn_hold(conn);
    raw_begin(conn, &conn->attempt.fault, now_ns);
    return MHD_YES;
}

enum MHD_Result answer_decide(struct conn *conn, int64_t now_ns)
{
    struct mock_run *run = conn->run;
    struct script_answer answer;
    attempt_decide(conn, now_ns, &answer);
    if (run->has_outages && run->listener_timer.place == 0) {
        listener_update(run, now_ns); /* the first request starts the clock */
    }
    if (!answer.reply) {
        return answer_unmatched(conn, &answer);
    }
    take_reply(conn, &answer);
    if (!send_hints(conn)) {
        return MHD_NO;
    }
    if (answer.delay_ns > 0) {
        conn_hold(conn);
        conn->phase = CONN_DELAYED;
        timers_set(&run->server->timers, &conn->timer,
                   units_add(now_ns, answer.delay_ns));
        return MHD_YES;
    }
    if (!date_headers(conn)) {
        return MHD_NO;
    }
    return is_raw(conn) ? begin_raw(conn, now_ns) : answer_plain(conn, now_ns);
}

void answer_due(struct conn *conn, int64_t now_ns)
{
    if (!date_headers(conn)) {
        attempt_end(conn, END_CLOSE, "the server is out of memory");
        conn_release(conn, CONN_ENDING);
    } else if (is_raw(conn)) {
        raw_begin(conn, &conn->attempt.fault, now_ns);
    } else {
        conn_release(conn, CONN_DUE);
    }
}

/* -- plain answers -- */

/* The object to queue; made for this answer if it can't be shared. */
static struct MHD_Response *response_of(struct conn *conn, int64_t now_ns)
{
    struct MHD_Response *shared =
        conn->made ? conn->made : reply_share(conn->prepared, now_ns);
    if (shared) {
        return shared;
    }
    const struct dated *dated =
        conn->dated ? conn->dated : conn->prepared->dated;
    int64_t *progress =
        conn->prepared->is_big ? &conn->attempt.sent_bytes : NULL;
    conn->made = reply_build(conn->prepared, &dated->headers, progress);
    return conn->made;
}

enum MHD_Result answer_plain(struct conn *conn, int64_t now_ns)
{
    struct MHD_Response *response = response_of(conn, now_ns);
    if (!response) { /* a header that libmicrohttpd refuses */
        return begin_raw(conn, now_ns);
    }
    int64_t t_ns = run_clock(conn->run, now_ns);
    conn->attempt.first_byte_ns = conn->attempt.last_byte_ns = t_ns;
    conn->phase = CONN_ANSWERING;
    return MHD_queue_response(conn->mhd, (unsigned)conn->attempt.status,
                              response);
}

static int64_t body_bytes(const struct conn *conn)
{
    bool has_body =
        head_allows_body((int)conn->attempt.status) && !conn->is_head;
    return has_body ? conn->attempt.reply_size : 0;
}

void answer_done(struct conn *conn, enum MHD_RequestTerminationCode code)
{
    struct mock_run *run = conn->run;
    /* The last bytes left after this turn began. An instant that is rather too
     * early than too late: what the client measures from their arrival is then
     * never longer than what the trace says. */
    int64_t turn_ns = run_clock(run, run->server->turn_ns);
    if (turn_ns > conn->attempt.last_byte_ns) {
        conn->attempt.last_byte_ns = turn_ns;
    }
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        conn->attempt.sent_bytes = body_bytes(conn);
        attempt_end(conn, END_STATUS, "");
        return;
    }
    if (conn->attempt.gone_ns == TRACE_NEVER && !conn_client_left(conn)) {
        attempt_end(conn, END_CLOSE, "libmicrohttpd gave the answer up");
        return;
    }
    if (conn->attempt.gone_ns == TRACE_NEVER) {
        attempt_gone(conn, alarm_now(), true); /* writing to it failed */
    }
    if (conn->attempt.last_byte_ns > conn->attempt.gone_ns) {
        conn->attempt.last_byte_ns = conn->attempt.gone_ns;
    }
    attempt_end(conn, END_TIMEOUT, "the client left during the answer");
}
