#include "mock_server/attempt.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mock_server/raw.h"

/* Given to the script; the trace keeps TRACE_HEADERS_MAX and says how many it
 * left out. */
enum { HEADERS_MAX = 256 };

bool attempt_target(struct conn *conn, const char *target)
{
    size_t size = strlen(target) + 1;
    attempt_clear(conn);
    conn->target = size <= TARGET_INLINE ? conn->target_text : malloc(size);
    if (!conn->target) {
        return false;
    }
    memcpy(conn->target, target, size);
    return true;
}

void attempt_begin(struct conn *conn, const char *method, int64_t now_ns)
{
    struct mock_run *run = conn->run;
    struct mock_run_stats *stats = &run->stats;
    int64_t t_ns = run_clock(run, now_ns);
    conn->attempt = (struct trace_attempt){
        .id = ++stats->requests,
        .conn = conn->id,
        .conn_use = ++conn->uses,
        .accepted_ns = conn->accepted_ns,
        .head_ns = t_ns,
        .request_end_ns = TRACE_NEVER,
        .first_byte_ns = TRACE_NEVER,
        .last_byte_ns = TRACE_NEVER,
        .gone_ns = TRACE_NEVER,
        .method = method,
        .target = conn->target ? conn->target : "",
        .call = "",
        .body_sha256 = "",
        .route = "",
        .step = "",
        .judged = true,
        .reply_sha256 = "",
        .proof = "",
        .reason = "",
    };
    conn->in_flight = true;
    conn->is_traced = false;
    if (++stats->in_flight > stats->peak_in_flight) {
        stats->peak_in_flight = stats->in_flight;
    }
    stats->last_activity_ns = t_ns;
}

/* -- the body -- */

static bool keep(struct conn *conn, const char *bytes, size_t size)
{
    size_t left = SCRIPT_BODY_LOOK_MAX - conn->body_kept;
    if (size > left) {
        size = left;
    }
    size_t wanted = conn->body_kept + size;
    if (wanted > conn->body_room) {
        size_t room =
            2 * conn->body_room > wanted ? 2 * conn->body_room : wanted;
        char *body = realloc(conn->body, room);
        if (!body) {
            return false;
        }
        conn->body = body;
        conn->body_room = room;
    }
    memcpy(conn->body + conn->body_kept, bytes, size);
    conn->body_kept = wanted;
    return true;
}

bool attempt_body(struct conn *conn, const char *bytes, size_t size)
{
    if (conn->attempt.body_size == 0) {
        digest_begin(&conn->digest);
    }
    digest_add(&conn->digest, bytes, size);
    conn->attempt.body_size += (int64_t)size;
    return keep(conn, bytes, size);
}

static void drop_body(struct conn *conn)
{
    free(conn->body);
    conn->body = NULL;
    conn->body_kept = conn->body_room = 0;
}

/* -- the request line -- */

static enum MHD_Result collect_header(void *context, enum MHD_ValueKind kind,
                                      const char *name, const char *value)
{
    struct http_headers *headers = context;
    (void)kind;
    union {
        const struct http_header *in;
        struct http_header *out;
    } items = {headers->items};
    if (headers->count == HEADERS_MAX) {
        return MHD_NO;
    }
    items.out[headers->count++] =
        (struct http_header){name, value ? value : ""};
    return MHD_YES;
}

static void trace_request(struct conn *conn, const struct http_headers *headers)
{
    if (headers) {
        conn->attempt.headers = *headers;
    }
    trace_write_request(conn->run->trace, &conn->attempt);
    conn->attempt.headers = (struct http_headers){0};
    conn->attempt.body_sha256 = conn->attempt.call = conn->attempt.reason = "";
    conn->is_traced = true;
}

static void ask_script(struct conn *conn, int64_t now_ns,
                       const struct http_headers *headers,
                       struct script_answer *answer)
{
    char *query = strchr(conn->target, '?');
    if (query) {
        *query = '\0'; /* for the length of the call */
    }
    struct script_request request = {
        .now_ns = run_clock(conn->run, now_ns),
        .conn = conn->id,
        .method = conn->attempt.method,
        .path = conn->target,
        .query = query ? query + 1 : "",
        .headers = headers,
        .body = conn->body ? conn->body : "",
        .body_size = conn->body_kept,
    };
    script_decide(conn->run->script, &request, answer);
    if (query) {
        *query = '?';
    }
}

static size_t pool_used(const struct conn *conn, size_t header_count)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        conn->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return (info ? info->header_size : 0) + header_count * CONN_POOL_HEADER;
}

void attempt_decide(struct conn *conn, int64_t now_ns,
                    struct script_answer *answer)
{
    struct trace_attempt *attempt = &conn->attempt;
    struct http_header items[HEADERS_MAX];
    struct http_headers headers = {.items = items};
    MHD_get_connection_values(conn->mhd, MHD_HEADER_KIND, collect_header,
                              &headers);
    conn->pool_used = pool_used(conn, headers.count);
    attempt->request_end_ns = run_clock(conn->run, now_ns);
    char sha256[DIGEST_TEXT] = "";
    if (attempt->body_size > 0) {
        digest_end(&conn->digest, sha256);
    }
    ask_script(conn, now_ns, &headers, answer);
    drop_body(conn);

    attempt->body_sha256 = sha256;
    attempt->call = answer->call;
    attempt->delay_ns = answer->delay_ns;
    attempt->reason = answer->reason;
    attempt->route = answer->route ? answer->route->where : "";
    attempt->judged = !answer->route || answer->route->judged;
    if (answer->reply) {
        conn->prepared = replies_find(&conn->run->replies, answer->reply);
        attempt->step = answer->reply->where;
        attempt->step_text = &conn->prepared->step_text;
    }
    trace_request(conn, &headers);
}

void attempt_refuse(struct conn *conn, int status, const char *reason)
{
    conn->attempt.status = status;
    conn->attempt.reason = reason;
    struct http_headers none = {0};
    trace_request(conn, &none);
    drop_body(conn);
}

/* -- the response line -- */

void attempt_gone(struct conn *conn, int64_t now_ns, bool by_reset)
{
    conn->attempt.gone_ns = run_clock(conn->run, now_ns);
    conn->attempt.gone_by_reset = by_reset;
}

void attempt_end(struct conn *conn, enum attempt_end end, const char *proof)
{
    struct mock_run *run = conn->run;
    assert(conn->in_flight);
    if (!conn->is_traced) {
        trace_request(conn, NULL);
    }
    conn->attempt.end = end;
    conn->attempt.proof = proof;
    trace_write_response(run->trace, &conn->attempt);
    conn->in_flight = false;
    run->stats.in_flight--;
    if (conn->attempt.last_byte_ns > run->stats.last_activity_ns) {
        run->stats.last_activity_ns = conn->attempt.last_byte_ns;
    }
    conn->attempt.proof = "";
}

void attempt_clear(struct conn *conn)
{
    assert(!conn->in_flight);
    drop_body(conn);
    if (conn->target != conn->target_text) {
        free(conn->target);
    }
    conn->target = NULL;
    free(conn->dated);
    conn->dated = NULL;
    if (conn->made) {
        MHD_destroy_response(conn->made);
        conn->made = NULL;
    }
    raw_free(conn->raw);
    conn->raw = NULL;
    conn->prepared = NULL;
}
