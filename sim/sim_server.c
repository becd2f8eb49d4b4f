/* The server: its listener, its connections, the requests on them. */
#include <stdio.h>
#include <string.h>

#include "sim/sim_parts.h"

/* -- the listener -----------------------------------------------------------
 */

static enum fault_do outage_kind(enum script_listener state)
{
    return state == LISTENER_STALLED ? FAULT_STALL : FAULT_REFUSE;
}

static void trace_outage(struct sim_world *world, bool is_begin)
{
    if (world->listener != LISTENER_OPEN) {
        trace_write_outage(world->input->trace, sim_now(world),
                           outage_kind(world->listener), is_begin,
                           world->outage);
    }
}

void sim_server_on_listener(struct sim_world *world)
{
    int64_t next_ns = NS_FOREVER;
    const char *window = "";
    enum script_listener state =
        script_listener(world->script, sim_now(world), &next_ns, &window);
    if (state != world->listener ||
        (state != LISTENER_OPEN && window != world->outage)) {
        trace_outage(world, false);
        world->listener = state;
        world->outage = window;
        trace_outage(world, true);
    }
    sim_clock_set(&world->clock, &world->listener_timer, next_ns);
}

/* The first request, or fault at accept, starts the clock of the windows. */
static void start_windows(struct sim_world *world)
{
    if (world->has_outages && world->listener_timer.place == 0) {
        sim_server_on_listener(world);
    }
}

enum script_listener sim_server_listener(const struct sim_world *world)
{
    return world->listener;
}

/* -- connections ------------------------------------------------------------
 */

void sim_server_close(struct sim_conn *conn)
{
    struct sim_world *world = conn->world;
    trace_write_close(world->input->trace, sim_now(world), conn->id,
                      conn->served);
    conn->phase = SIM_GONE;
    sim_clock_set(&world->clock, &conn->server, NS_FOREVER);
    if (conn->is_left) {
        sim_conn_free(conn);
    }
}

void sim_server_linger(struct sim_conn *conn)
{
    conn->phase = SIM_LINGERING;
    sim_clock_set(&conn->world->clock, &conn->server, NS_FOREVER);
}

/* At the end of a hang: FIN. */
static void end_hang(struct sim_conn *conn)
{
    sim_conn_hang_up(conn, false);
    sim_server_linger(conn);
}

static void trace_accept_fault(const struct sim_conn *conn, enum fault_do kind,
                               const struct reply *reply, const char *proof)
{
    const struct sim_world *world = conn->world;
    struct trace_conn line = {
        .conn = conn->id,
        .accepted_ns = conn->accepted_ns,
        .closed_ns = TRACE_NEVER,
        .fault = kind,
        .step = reply->where,
        .proof = proof,
    };
    trace_write_accept_fault(world->input->trace, sim_now(world), &line);
}

static void strike_at_accept(struct sim_conn *conn, const struct reply *reply)
{
    const struct fault *fault = &reply->fault;
    switch (fault->kind) {
    case FAULT_RESET:
    case FAULT_REFUSE:
        trace_accept_fault(conn, fault->kind, reply, "RST sent");
        sim_conn_tell(conn, END_RESET);
        sim_server_close(conn);
        return;
    case FAULT_HANG:
    case FAULT_STALL:
        trace_accept_fault(conn, fault->kind, reply, "accepted, then silent");
        conn->phase = SIM_SILENT;
        if (fault->for_ns != NS_FOREVER && fault->kind == FAULT_HANG) {
            sim_clock_set(&conn->world->clock, &conn->server,
                          units_add(sim_now(conn->world), fault->for_ns));
        }
        return;
    case FAULT_GARBAGE:
        trace_accept_fault(conn, fault->kind, reply,
                           "31 B that are no HTTP, FIN sent");
        sim_conn_tell(conn, END_GARBAGE);
        break;
    case FAULT_CLOSE:
    case FAULT_NONE:
    case FAULT_DRIP:
        trace_accept_fault(conn, FAULT_CLOSE, reply, "FIN sent");
        sim_conn_tell(conn, END_CLOSE);
        break;
    }
    sim_server_linger(conn);
}

/* What a client's kernel might have chosen. */
static int peer_port(const struct sim_conn *conn)
{
    return (int)(32768 + conn->id % 28232);
}

bool sim_server_accept(struct sim_conn *conn)
{
    struct sim_world *world = conn->world;
    conn->id = ++world->conn_count;
    conn->accepted_ns = sim_now(world);
    conn->phase = SIM_REST;
    trace_write_accept(world->input->trace, conn->accepted_ns, conn->id,
                       peer_port(conn));
    const struct reply *reply =
        script_accept(world->script, sim_now(world), conn->id);
    if (!reply) {
        return true;
    }
    start_windows(world);
    strike_at_accept(conn, reply);
    return false;
}

void sim_server_on_left(struct sim_conn *conn)
{
    if (conn->in_flight) {
        conn->attempt.gone_ns = sim_now(conn->world);
        sim_answer_abandon(conn);
    }
    sim_server_close(conn);
}

void sim_server_on_timer(struct sim_conn *conn)
{
    if (conn->phase == SIM_DELAYED) {
        sim_answer_due(conn);
    } else if (conn->in_flight) {
        sim_answer_finish(conn);
    } else {
        end_hang(conn);
    }
}

/* -- requests ---------------------------------------------------------------
 */

static const char *target_of(const struct sim_world *world, int step)
{
    return step == 0 ? world->scenario->workload.path
                     : world->requests[step].path;
}

static void begin_attempt(struct sim_conn *conn)
{
    struct sim_world *world = conn->world;
    const struct sim_call *call = conn->sender;
    int step = conn->sent_step;
    const char *payload = call->payloads[step];
    int64_t now_ns = sim_now(world);
    conn->attempt = (struct trace_attempt){
        .id = ++world->request_count,
        .conn = conn->id,
        .conn_use = ++conn->served,
        .accepted_ns = conn->accepted_ns,
        .head_ns = now_ns,
        .request_end_ns = now_ns,
        .first_byte_ns = TRACE_NEVER,
        .last_byte_ns = TRACE_NEVER,
        .gone_ns = TRACE_NEVER,
        .method = world->requests[step].method,
        .target = target_of(world, step),
        .call = "",
        .body_size = payload ? (int64_t)strlen(payload) : 0,
        .body_sha256 = payload ? call->body_sha256[step] : "",
        .route = "",
        .step = "",
        .judged = true,
        .reply_sha256 = "",
        .proof = "",
        .reason = "",
    };
    conn->in_flight = true;
}

static void trace_request(struct sim_conn *conn,
                          const struct http_headers *headers,
                          const struct script_answer *answer)
{
    struct trace_attempt *attempt = &conn->attempt;
    attempt->headers = *headers;
    attempt->call = answer->call;
    attempt->reason = answer->reason;
    attempt->delay_ns = answer->delay_ns;
    attempt->route = answer->route ? answer->route->where : "";
    attempt->judged = !answer->route || answer->route->judged;
    attempt->step = answer->reply ? answer->reply->where : "";
    trace_write_request(conn->world->input->trace, attempt);
    attempt->headers = (struct http_headers){0};
    attempt->body_sha256 = attempt->call = attempt->reason = "";
}

static void ask_script(struct sim_conn *conn,
                       const struct http_headers *headers,
                       struct script_answer *answer)
{
    struct sim_world *world = conn->world;
    const struct retry_request *sent = &world->requests[conn->sent_step];
    const char *query = strchr(conn->attempt.target, '?');
    const char *payload = conn->sender->payloads[conn->sent_step];
    struct script_request request = {
        .now_ns = sim_now(world),
        .conn = conn->id,
        .method = sent->method,
        .path = sent->path,
        .query = query ? query + 1 : "",
        .headers = headers,
        .body = payload ? payload : "",
        .body_size = payload ? strlen(payload) : 0,
    };
    script_decide(world->script, &request, answer);
}

void sim_server_request(struct sim_conn *conn)
{
    struct sim_request request;
    struct script_answer answer;
    begin_attempt(conn);
    sim_request_headers(conn, &request);
    ask_script(conn, &request.headers, &answer);
    trace_request(conn, &request.headers, &answer);
    sim_call_release(conn->sender);
    conn->sender = NULL;
    start_windows(conn->world);
    sim_answer_decide(conn, &answer);
}

void sim_server_end(struct sim_conn *conn, enum attempt_end end,
                    const char *proof)
{
    conn->attempt.end = end;
    conn->attempt.proof = proof;
    conn->in_flight = false;
    trace_write_response(conn->world->input->trace, &conn->attempt);
    conn->attempt.proof = "";
}
