/* The client's end of connections, and the wire: every message takes one
 * latency, and messages of one direction keep their order. */
#include <stdlib.h>

#include "sim/sim_parts.h"

/* libcurl closes a connection that was idle for longer (CURLOPT_MAXAGE_CONN).
 */
#define IDLE_MAX_NS (118 * NS_PER_S)

/* Linux sends a SYN again after 1, 3, 7, ... s and gives up after 127 s
 * (tcp_syn_retries 6). */
enum { SYNS_MAX = 7 };
#define SYN_FIRST_NS (1 * NS_PER_S)

static int64_t latency(const struct sim_conn *conn)
{
    return conn->world->input->latency_ns;
}

static void set(struct sim_conn *conn, struct timer *timer, int64_t at_ns)
{
    sim_clock_set(&conn->world->clock, timer, at_ns);
}

/* -- life -------------------------------------------------------------------
 */

static struct timer timer_of(struct sim_conn *conn, enum sim_timer_kind kind)
{
    return (struct timer){.owner = conn, .kind = kind};
}

static struct sim_conn *create(struct sim_client *client)
{
    struct sim_world *world = client->world;
    struct sim_conn *conn = calloc(1, sizeof *conn);
    if (!conn) {
        return NULL;
    }
    conn->world = world;
    conn->client = client;
    conn->connected_ns = NS_FOREVER;
    conn->arrival = timer_of(conn, SIM_TIMER_ARRIVAL);
    conn->left = timer_of(conn, SIM_TIMER_LEFT);
    conn->server = timer_of(conn, SIM_TIMER_SERVER);
    conn->outcome = timer_of(conn, SIM_TIMER_OUTCOME);
    conn->hangup = timer_of(conn, SIM_TIMER_HANGUP);
    conn->next = world->conns;
    if (conn->next) {
        conn->next->previous = conn;
    }
    world->conns = conn;
    return conn;
}

void sim_conn_free(struct sim_conn *conn)
{
    struct timer *timers[] = {&conn->arrival, &conn->left, &conn->server,
                              &conn->outcome, &conn->hangup};
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        set(conn, timers[i], NS_FOREVER);
    }
    if (conn->previous) {
        conn->previous->next = conn->next;
    } else {
        conn->world->conns = conn->next;
    }
    if (conn->next) {
        conn->next->previous = conn->previous;
    }
    if (conn->sender) {
        sim_call_release(conn->sender);
    }
    sim_head_free(conn->answer.made);
    sim_miss_deinit(&conn->miss);
    free(conn);
}

/* -- idle connections -------------------------------------------------------
 */

static void forget_idle(struct sim_conn *conn)
{
    struct sim_client *client = conn->client;
    int kept = 0;
    for (int i = 0; i < client->idle_count; i++) {
        if (client->idle[i] != conn) {
            client->idle[kept++] = client->idle[i];
        }
    }
    client->idle_count = kept;
}

static void keep_idle(struct sim_conn *conn)
{
    struct sim_client *client = conn->client;
    int room = sizeof client->idle / sizeof *client->idle;
    if (client->idle_count == room) {
        sim_conn_leave(client->idle[0]); /* the one that is idle longest */
    }
    conn->idle_since_ns = sim_now(conn->world);
    client->idle[client->idle_count++] = conn;
}

static struct sim_conn *take_idle(struct sim_client *client)
{
    while (client->idle_count > 0) {
        struct sim_conn *conn = client->idle[client->idle_count - 1];
        if (sim_now(client->world) - conn->idle_since_ns <= IDLE_MAX_NS) {
            client->idle_count--;
            return conn;
        }
        sim_conn_leave(conn);
    }
    return NULL;
}

/* -- sending ----------------------------------------------------------------
 */

bool sim_conn_is_connected(const struct sim_conn *conn)
{
    return sim_now(conn->world) >= conn->connected_ns;
}

bool sim_conn_send(struct sim_call *call)
{
    struct sim_conn *conn = take_idle(call->client);
    bool is_new = !conn;
    if (is_new) {
        conn = create(call->client);
    }
    if (!conn) {
        return false;
    }
    conn->call = call;
    call->conn = conn;
    conn->uses++;
    conn->answer.hints_ns = conn->answer.head_ns = NS_FOREVER;
    conn->answer.drip_from_ns = NS_FOREVER;
    conn->began_ns = is_new ? sim_now(conn->world) : conn->began_ns;
    sim_request_send(call, conn);
    set(conn, &conn->arrival, units_add(sim_now(conn->world), latency(conn)));
    return true;
}

/* The client's end is closed: nothing that is still on its way here counts. */
static void detach(struct sim_conn *conn)
{
    if (conn->call) {
        conn->call->conn = NULL;
        conn->call = NULL;
    }
    forget_idle(conn);
    conn->is_left = true;
    set(conn, &conn->outcome, NS_FOREVER);
    set(conn, &conn->hangup, NS_FOREVER);
}

void sim_conn_leave(struct sim_conn *conn)
{
    detach(conn);
    bool was_never_there = !sim_conn_is_connected(conn);
    if (was_never_there || conn->phase == SIM_GONE) {
        sim_conn_free(conn); /* a half-open one is never accepted */
        return;
    }
    set(conn, &conn->left, units_add(sim_now(conn->world), latency(conn)));
}

/* -- what reaches the server ------------------------------------------------
 */

/* A SYN that gets no answer is sent again. */
static void drop_syn(struct sim_conn *conn)
{
    int64_t after_ns = SYN_FIRST_NS * ((INT64_C(1) << ++conn->syns) - 1);
    int64_t again_ns = units_add(conn->began_ns, after_ns);
    if (conn->syns == SYNS_MAX) {
        conn->answer.end = END_UNREACHABLE;
        set(conn, &conn->outcome, again_ns);
        return;
    }
    set(conn, &conn->arrival, units_add(again_ns, latency(conn)));
}

static void on_syn(struct sim_conn *conn)
{
    switch (sim_server_listener(conn->world)) {
    case LISTENER_OPEN:
        /* The request follows the client's last word of the handshake. */
        conn->connected_ns = units_add(sim_now(conn->world), latency(conn));
        set(conn, &conn->arrival, units_add(conn->connected_ns, latency(conn)));
        return;
    case LISTENER_REFUSING:
        sim_conn_tell(conn, END_REFUSED);
        return;
    case LISTENER_STALLED:
        drop_syn(conn);
        return;
    }
}

void sim_conn_on_arrival(struct sim_conn *conn)
{
    if (conn->connected_ns == NS_FOREVER) {
        on_syn(conn);
        return;
    }
    if (conn->phase == SIM_UNKNOWN && !sim_server_accept(conn)) {
        return;
    }
    if (conn->phase == SIM_REST) { /* else nobody reads it */
        sim_server_request(conn);
    }
}

/* -- what reaches the client ------------------------------------------------
 */

void sim_conn_tell(struct sim_conn *conn, enum attempt_end end)
{
    if (conn->is_left) {
        return;
    }
    conn->answer.end = end;
    set(conn, &conn->outcome, units_add(sim_now(conn->world), latency(conn)));
}

void sim_conn_hang_up(struct sim_conn *conn, bool by_reset)
{
    conn->is_reset = by_reset;
    if (!conn->is_left) {
        set(conn, &conn->hangup,
            units_add(sim_now(conn->world), latency(conn)));
    }
}

/* Can it carry another request? */
static bool survives(const struct sim_conn *conn)
{
    return conn->answer.end == END_STATUS && !conn->answer.is_last &&
           !conn->is_dead;
}

void sim_conn_on_outcome(struct sim_conn *conn)
{
    struct sim_call *call = conn->call;
    struct attempt_outcome outcome = {
        .end = conn->answer.end,
        .connection_was_reused = conn->uses > 1,
    };
    char sha256[SIM_SHA256_TEXT] = "";
    struct sim_head *made = conn->answer.made;
    const struct reply *reply = conn->answer.reply;
    if (outcome.end == END_STATUS) {
        outcome.status = (int)conn->attempt.status;
        outcome.headers = conn->answer.seen;
        snprintf(sha256, sizeof sha256, "%s", conn->answer.sha256);
        if (conn->answer.has_body && !reply->body_is_seeded) {
            outcome.body = reply->body;
            outcome.body_size = (size_t)conn->attempt.sent_bytes;
        }
    }
    sim_head_keep(made); /* its headers must outlive the connection */
    if (survives(conn)) {
        conn->call = NULL;
        call->conn = NULL;
        keep_idle(conn);
    } else {
        sim_conn_leave(conn);
    }
    sim_attempt_on_outcome(call, &outcome, sha256);
    sim_head_free(made);
}

/* The server closed a connection on which no answer is under way. */
void sim_conn_on_hangup(struct sim_conn *conn)
{
    conn->is_dead = true;
    if (!conn->call) {
        sim_conn_leave(conn);
        return;
    }
    conn->answer.end = conn->is_reset ? END_RESET : END_CLOSE;
    sim_conn_on_outcome(conn);
}

/* -- how far an answer has come ---------------------------------------------
 */

static int64_t later(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

int64_t sim_conn_last_byte(const struct sim_conn *conn, int64_t from_ns)
{
    const struct sim_answer *answer = &conn->answer;
    int64_t now_ns = sim_now(conn->world), last_ns = from_ns;
    if (answer->hints_ns <= now_ns) {
        last_ns = later(last_ns, answer->hints_ns);
    }
    if (answer->head_ns <= now_ns) {
        last_ns = later(last_ns, answer->head_ns);
    }
    int64_t count = sim_answer_dripped(conn, now_ns - latency(conn));
    if (count > 0) {
        last_ns =
            later(last_ns, sim_answer_drip_ns(conn, count) + latency(conn));
    }
    return last_ns;
}
