/* What the files of the virtual world share. Not for other folders. */
#ifndef RETRYSPEC_SIM_SIM_PARTS_H
#define RETRYSPEC_SIM_SIM_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "client/caller.h"
#include "client/course.h"
#include "client/handler_cache.h"
#include "client/pools.h"
#include "client/retry.h"
#include "mock_server/reply_date.h"
#include "mock_server/script.h"
#include "model/plan.h"
#include "sim/sim.h"
#include "sim/sim_clock.h"

enum sim_timer_kind {
    SIM_TIMER_CLIENT,   /* may begin its next call */
    SIM_TIMER_CALL,     /* a deadline of a call */
    SIM_TIMER_ARRIVAL,  /* a SYN or a request reaches the server */
    SIM_TIMER_LEFT,     /* the client's FIN reaches the server */
    SIM_TIMER_SERVER,   /* the server goes on with an answer */
    SIM_TIMER_OUTCOME,  /* the end of an attempt reaches the client */
    SIM_TIMER_HANGUP,   /* the server's FIN or RST reaches the client */
    SIM_TIMER_LISTENER, /* a window begins or ends */
};

enum { SIM_SHA256_TEXT = 65 };

/* -- sim_reply.c: replies made ready ----------------------------------------
 */

/* The head of an answer. `headers` are the scripted ones, `seen` also has what
 * the server adds as it frames the body. */
struct sim_head {
    struct dated *dated;
    struct http_header *items;
    struct http_headers headers, seen;
    char length[24];
    int owners;
};

struct sim_reply {
    const struct reply *reply;
    bool is_dated; /* a header depends on the time of the answer */
    struct sim_head *head;
    char sha256[SIM_SHA256_TEXT];
    struct trace_reply_text text; /* not of a reply that is dated */
};

/* Sorted by address of the reply. */
struct sim_replies {
    struct sim_reply *items;
    size_t count;
    char empty_sha256[SIM_SHA256_TEXT]; /* of no body */
};

/* False without memory. */
bool sim_replies_init(struct sim_replies *replies,
                      const struct scenario *scenario);
void sim_replies_deinit(struct sim_replies *replies);
/* NULL for a reply of the script's own. */
const struct sim_reply *sim_replies_find(const struct sim_replies *replies,
                                         const struct reply *reply);

/* What is answered where the script has no reply. */
struct sim_miss {
    struct reply reply;
    char *body, sha256[SIM_SHA256_TEXT];
};

/* Forgets the one before. False without memory. */
bool sim_miss_init(struct sim_miss *miss, const char *reason);
void sim_miss_deinit(struct sim_miss *miss);

/* NULL without memory. */
struct sim_head *sim_head_create(const struct reply *reply, int64_t wall_ns);
/* NULL is fine; freed when its last owner lets it go. */
void sim_head_keep(struct sim_head *head);
void sim_head_free(struct sim_head *head);

/* -- connections ------------------------------------------------------------
 */

/* Where the server stands with a connection. */
enum sim_phase {
    SIM_UNKNOWN,   /* not accepted yet */
    SIM_REST,      /* no request under way */
    SIM_DELAYED,   /* until the answer is due */
    SIM_SENDING,   /* a drip, or a RST that waits for acknowledgement */
    SIM_SILENT,    /* a hang */
    SIM_LINGERING, /* its FIN is sent, the client's awaited */
    SIM_GONE,      /* closed */
};

/* How the answer under way reaches the client. */
struct sim_answer {
    const struct reply *reply;
    struct sim_head *made; /* for this answer alone; NULL: prepared */
    const struct http_headers *seen;
    const char *sha256;
    bool has_body, is_chunked, is_head_sent;
    bool is_last; /* nothing follows on this connection */
    /* At the client; NS_FOREVER: never. */
    int64_t hints_ns, head_ns;
    /* At the server. */
    int64_t drip_from_ns, drip_bytes, silent_from_ns;
    char cut_sha256[SIM_SHA256_TEXT]; /* of a body that only looks whole */
    enum attempt_end end;
};

struct sim_call;
struct sim_client;
struct sim_world;

struct sim_conn {
    struct sim_world *world;
    struct sim_client *client;
    struct sim_conn *next, *previous; /* of all connections */

    /* The client's end. */
    struct sim_call *call; /* whose attempt is on it; NULL: idle or left */
    /* The request under way to the server; NULL: none. */
    struct sim_call *sender;
    int sent_step;             /* request of the call, 0 or 1 */
    int64_t sent_retries;      /* as a retry-count header tells them */
    char sent_key[CALLER_KEY]; /* idempotency key */
    bool is_left;              /* closed by the client */
    bool is_dead;              /* the server's FIN or RST has come */
    bool was_reset;            /* ... by RST */
    int64_t uses, idle_since_ns;
    int64_t began_ns;     /* first SYN */
    int64_t connected_ns; /* NS_FOREVER: not yet */
    int64_t syns;

    /* The server's end. */
    enum sim_phase phase;
    bool is_reset; /* it sent RST, else FIN */
    int64_t id, accepted_ns, served;
    bool in_flight;
    struct trace_attempt attempt;
    struct sim_answer answer;
    struct sim_miss miss; /* meant if the script had no reply */

    struct timer arrival, left, server, outcome, hangup;
};

/* -- sim_conn.c: the client's end and the wire between ----------------------
 */

/* Sends the call's request over an idle connection or a new one. False without
 * memory. */
bool sim_conn_send(struct sim_call *call);

/* The client closes the connection. */
void sim_conn_leave(struct sim_conn *conn);

/* Has the connection of the call's attempt been established? */
bool sim_conn_is_connected(const struct sim_conn *conn);

/* When the last byte so far reached the client, at least `from_ns`. */
int64_t sim_conn_last_byte(const struct sim_conn *conn, int64_t from_ns);

/* Timers. */
void sim_conn_on_arrival(struct sim_conn *conn);
void sim_conn_on_outcome(struct sim_conn *conn);
void sim_conn_on_hangup(struct sim_conn *conn);

/* Ends of the server reach the client one latency later. */
void sim_conn_tell(struct sim_conn *conn, enum attempt_end end);
void sim_conn_hang_up(struct sim_conn *conn, bool by_reset);

void sim_conn_free(struct sim_conn *conn);

/* -- sim_server.c: listener, connections and requests at the server ---------
 */

/* State of the listener now. */
enum script_listener sim_server_listener(const struct sim_world *world);
void sim_server_on_listener(struct sim_world *world);

/* The handshake is done. False: a fault struck, no request is read. */
bool sim_server_accept(struct sim_conn *conn);
void sim_server_request(struct sim_conn *conn);
void sim_server_on_left(struct sim_conn *conn);
void sim_server_on_timer(struct sim_conn *conn);

/* Traces the end of the attempt in flight. */
void sim_server_end(struct sim_conn *conn, enum attempt_end end,
                    const char *proof);
/* Closes the connection. */
void sim_server_close(struct sim_conn *conn);
/* FIN, and the client's is awaited. */
void sim_server_linger(struct sim_conn *conn);

/* -- sim_answer.c: what becomes of a reply ----------------------------------
 */

void sim_answer_decide(struct sim_conn *conn,
                       const struct script_answer *answer);
void sim_answer_due(struct sim_conn *conn);
/* A drip, a hang or the wait for an acknowledgement is over. */
void sim_answer_finish(struct sim_conn *conn);
/* The client left while the answer was under way. */
void sim_answer_abandon(struct sim_conn *conn);
/* Bytes of a drip that left by then. */
int64_t sim_answer_dripped(const struct sim_conn *conn, int64_t now_ns);
/* When byte `count`, from 1, of a drip left. */
int64_t sim_answer_drip_ns(const struct sim_conn *conn, int64_t count);

/* -- clients and calls ------------------------------------------------------
 */

/* What calls of one session, or of one client, share. */
struct sim_handler {
    struct handler_entry entry; /* first, so that it names its handler */
    struct retry_shared shared;
    struct pool pools[]; /* by layer of the profile */
};

struct sim_client {
    struct sim_world *world;
    int64_t index, session, next_call, active;
    struct sim_handler *handler; /* NULL: it has not begun, or is done */
    struct pool *pools, *session_pools;
    struct sim_conn *idle[8]; /* kept alive, the last used last */
    int idle_count;
    struct timer timer;
};

struct sim_call {
    struct course course;
    struct sim_client *client;
    struct sim_call *next, *previous; /* of all active calls */
    char token[PLAN_TOKEN_MAX];
    char *payloads[2]; /* of the first request and the follow-up; NULL: none */
    char body_sha256[2][SIM_SHA256_TEXT];
    char call_key[CALLER_KEY];    /* idempotency key of the whole call */
    char attempt_key[CALLER_KEY]; /* of the present attempt */
    struct sim_conn *conn;        /* of the attempt in flight */
    int on_their_way;             /* requests that borrow it */
    bool is_over;
    struct timer timer;
    int64_t sent_ns;                   /* the attempt, or its resend */
    char last_sha256[SIM_SHA256_TEXT]; /* of the body of the last answer */
};

/* -- sim_client.c -- */

/* False without memory. */
bool sim_clients_init(struct sim_world *world);
void sim_clients_deinit(struct sim_world *world);
void sim_client_on_timer(struct sim_client *client);

/* -- sim_call.c -- */

void sim_call_begin(struct sim_client *client);
/* Its caller goes away: no result. */
void sim_call_drop(struct sim_call *call);
/* A request of the call has arrived, or never will. */
void sim_call_release(struct sim_call *call);

/* -- sim_attempt.c: the wire of a course -- */

void sim_attempt_send(struct course *course);
struct course_sight sim_attempt_look(const struct course *course);
void sim_attempt_time_out(struct course *course);
void sim_attempt_abort(struct course *course,
                       const struct retry_action *action);
/* What was sent ended. */
void sim_attempt_on_outcome(struct sim_call *call,
                            const struct attempt_outcome *outcome,
                            const char *sha256);

/* -- sim_request.c: what is sent -- */

enum { SIM_REQUEST_HEADERS_MAX = 10 };
struct sim_request {
    struct http_header items[SIM_REQUEST_HEADERS_MAX];
    struct http_headers headers;
    char length[24], count[24];
};

/* Payloads and keys of a call. False without memory. */
bool sim_request_prepare(struct sim_call *call);
/* Draws what is new in the attempt that begins. */
void sim_request_renew(struct sim_call *call);
/* The call's present attempt goes out over the connection. */
void sim_request_send(struct sim_call *call, struct sim_conn *conn);
/* The headers of the request under way; they borrow the connection. */
void sim_request_headers(const struct sim_conn *conn,
                         struct sim_request *request);

/* -- the world --------------------------------------------------------------
 */

struct sim_world {
    const struct sim_input *input;
    const struct scenario *scenario;
    struct sim_stats *stats;
    struct error *error;
    struct profile profile; /* with the attempt timeout that the plan asks */
    struct layer layers[PROFILE_LAYERS_MAX];
    char *path;                       /* of the plan, without query */
    struct retry_request requests[2]; /* without their size */
    int64_t wall_ns;                  /* Unix time at 0 */
    struct sim_clock clock;
    struct script *script;
    struct sim_replies replies;
    struct sim_client *clients;
    int64_t clients_left;
    struct handler_cache handlers;
    struct pool *session_pools, *client_pools;
    struct pool process_pools[PROFILE_LAYERS_MAX];
    struct pool url_pools[PROFILE_LAYERS_MAX];
    struct retry_limiter limiters[PROFILE_LAYERS_MAX]; /* of URL and key */
    struct sim_call *calls;
    struct sim_conn *conns;
    struct arena results_arena;
    struct trace_result *results;
    size_t result_count;
    int64_t conn_count, request_count;
    enum script_listener listener;
    const char *outage; /* JSON path of the window in force */
    struct timer listener_timer;
    bool has_outages;
    bool has_failed; /* `error` says why */
    bool is_endless; /* more attempts than a story has */
    bool is_over;    /* the clients are gone */
};

/* Attempts after which the story is taken to have no end. */
int64_t sim_attempts_most(const struct sim_world *world);

void sim_fail_memory(struct sim_world *world);
/* Keeps a copy for the end of the trace. */
void sim_keep_result(struct sim_world *world,
                     const struct trace_result *result);

static inline int64_t sim_now(const struct sim_world *world)
{
    return world->clock.now_ns;
}

#endif
