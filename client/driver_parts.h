/* What the parts of the driver share. */
#ifndef RETRYSPEC_CLIENT_DRIVER_PARTS_H
#define RETRYSPEC_CLIENT_DRIVER_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "client/caller.h"
#include "client/course.h"
#include "client/driver.h"
#include "client/driver_transfer.h"
#include "client/handler_cache.h"
#include "client/pools.h"
#include "client/retry.h"
#include "model/timers.h"

/* A larger body is no place for JSON pointers. */
enum { DRIVER_BODY_MAX = 1 << 20 };

enum driver_timer_kind { TIMER_MULTI, TIMER_CLIENT, TIMER_CALL };

struct driver_call;

/* What calls of one session, or of one client, share: progress, tokens,
 * breakers, limiters, slots. */
struct driver_handler {
    struct handler_entry entry; /* first, so that it names its handler */
    int64_t number;
    struct retry_shared shared;
    struct pool pools[]; /* by layer of the profile */
};

/* One client object of the plan. Its connections are its own. */
struct driver_client {
    struct driver *driver;
    int64_t index, next_call, active;
    int64_t session;
    char session_name[32];
    struct driver_handler *handler; /* NULL: the client is done */
    struct pool *pools;             /* by layer of the profile */
    struct transfer_origin origin;
    struct timer timer; /* when to look whether the next call can begin */
};

struct driver_call {
    struct course course;
    struct driver_client *client;
    struct driver_call *next, *previous; /* of all active calls */
    int64_t number;                      /* of its client */
    char token[PLAN_TOKEN_MAX];
    char *payloads[2]; /* of the first request and the follow-up; NULL: none */
    int aimed_at;      /* the request that the transfer is set up for */
    char call_key[CALLER_KEY]; /* idempotency key of the whole call */
    struct transfer transfer;
    struct timer timer;
    int64_t begun_ns;
    int64_t entered_ns; /* with all its slots; meant if has_entered */
    bool has_entered;
    bool was_cut; /* our own limit ended the attempt */
    /* The layer whose retry or poll brought this attempt about, -1: none; and
     * which of its attempts this is. */
    int sending_layer;
    int64_t layer_attempt;
};

struct driver {
    const struct driver_options *options;
    struct error *error;
    struct driver_stats *stats;
    struct profile profile; /* with the attempt timeout that the plan asks */
    struct layer layers[PROFILE_LAYERS_MAX];
    struct retry_request requests[2]; /* without their size */
    char *path;                       /* of the plan, without query */
    char *urls[2];                    /* of the first request, the follow-up */
    size_t keeps_bytes;               /* of the body of an answer */
    CURLM *multi;
    int epoll;
    struct timers timers;
    struct timer multi_timer;
    struct driver_client *clients;
    struct handler_cache handlers;
    int64_t handler_count; /* ever made */
    struct pool *session_pools, *client_pools;
    struct pool process_pools[PROFILE_LAYERS_MAX];
    struct pool url_pools[PROFILE_LAYERS_MAX];
    struct retry_limiter limiters[PROFILE_LAYERS_MAX]; /* of URL and key */
    struct driver_call *calls;
    int64_t origin_ns, in_flight, clients_left;
    bool has_failed; /* `error` says why; everything ends */
};

/* The driver can't go on: the first reason counts. */
void driver_fail_memory(struct driver *driver);
void driver_arm(struct driver *driver, struct timer *timer, int64_t at_ns);

/* -- driver_clients.c -------------------------------------------------------
 */

/* False and a problem without memory or a server. */
bool driver_clients_init(struct driver *driver);
void driver_clients_deinit(struct driver *driver);
void driver_client_on_timer(struct driver_client *client);

/* -- driver_call.c ----------------------------------------------------------
 */

void driver_call_begin(struct driver_client *client);
void driver_call_free(struct driver_call *call);

/* -- driver_attempt.c: the wire of a course ---------------------------------
 */

void driver_attempt_send(struct course *course);
struct course_sight driver_attempt_look(const struct course *course);
void driver_attempt_time_out(struct course *course);
void driver_attempt_abort(struct course *course,
                          const struct retry_action *action);

/* libcurl is done with it. */
void driver_attempt_on_transfer(struct driver_call *call, CURLcode code);

/* -- driver_request.c: what is sent -----------------------------------------
 */

/* Payload and transfer of a call. False without memory. */
bool driver_request_prepare(struct driver_call *call);

/* Sets up the transfer for the request in hand. False without memory. */
bool driver_request_aim(struct driver_call *call);

/* The header lines of the attempt that begins; NULL without memory. */
struct curl_slist *driver_request_headers(struct driver_call *call);

/* -- driver_events.c: client/call_event.h -----------------------------------
 */

void driver_event_queue(struct driver_call *call);
void driver_event_enter(struct driver_call *call);
void driver_event_start(struct driver_call *call);

/* Of an attempt that ended by itself, and what comes of it. */
void driver_event_ended(struct driver_call *call,
                        const struct attempt_outcome *outcome,
                        const struct retry_action *action);
void driver_event_aborted(struct driver_call *call,
                          const struct retry_action *action);
void driver_event_done(struct driver_call *call,
                       const struct retry_action *action);

/* -- driver_report.c --------------------------------------------------------
 */

void driver_report(const struct driver_call *call,
                   const struct retry_action *action);

/* -- driver_log.c -----------------------------------------------------------
 */

void driver_log_attempt(const struct driver_call *call,
                        const struct attempt_outcome *outcome);
void driver_log_resend(const struct driver_call *call,
                       const struct attempt_outcome *outcome);
void driver_log_queue(const struct driver_call *call);
void driver_log_wait(const struct driver_call *call,
                     const struct retry_action *action);
void driver_log_end(const struct driver_call *call,
                    const struct retry_action *action, const char *error);

/* -- driver_wire.c: libcurl's multi interface over epoll --------------------
 */

bool driver_wire_init(struct driver *driver);
void driver_wire_deinit(struct driver *driver);
void driver_wire_on_timer(struct driver *driver);

/* Sleeps until `until_ns` or until a socket is ready, and lets libcurl work. */
void driver_wire_wait(struct driver *driver, int64_t until_ns);

#endif
