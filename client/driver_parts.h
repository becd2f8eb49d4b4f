/* What the parts of the driver share. */
#ifndef RETRYSPEC_CLIENT_DRIVER_PARTS_H
#define RETRYSPEC_CLIENT_DRIVER_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "client/driver.h"
#include "client/driver_timers.h"
#include "client/driver_transfer.h"
#include "client/retry.h"
#include "client/slots.h"
#include "model/rng.h"

enum driver_timer_kind { TIMER_MULTI, TIMER_CLIENT, TIMER_CALL };

struct driver_call;

/* One client object of the plan: its calls share progress, slots and
 * connections, and nothing with other clients. */
struct driver_client {
    struct driver *driver;
    int64_t index, next_call, active;
    struct retry_shared shared;
    struct slot_pool pools[PROFILE_LAYERS_MAX]; /* by layer of the profile */
    struct transfer_origin origin;
    struct driver_timer
        timer; /* when to look whether the next call can begin */
};

enum driver_call_state {
    CALL_QUEUED,  /* for a slot, before `when_granted` */
    CALL_SENDING, /* an attempt is in flight */
    CALL_WAITING, /* between attempts */
};

struct driver_slot {
    struct slot_waiter waiter; /* first, so that it names its call */
    struct driver_call *call;
};

struct driver_call {
    struct retry_call engine;
    struct driver_client *client;
    struct driver_call *next, *previous; /* of all active calls */
    char token[PLAN_TOKEN_MAX];
    char *payload, *url;
    char call_key[37]; /* idempotency key of the whole call */
    struct rng rng;
    struct transfer transfer;
    struct driver_slot slots[PROFILE_LAYERS_MAX];
    enum driver_call_state state;
    enum retry_event_kind when_granted;
    struct driver_timer timer;
    int64_t begun_ns, give_up_ns, attempt_ns, until_ns, wake_ns;
    struct attempt_timeout limit;
    struct attempt_outcome last;
};

struct driver {
    const struct driver_options *options;
    struct error *error;
    struct driver_stats *stats;
    struct profile profile; /* with the attempt timeout that the plan asks */
    struct layer layers[PROFILE_LAYERS_MAX];
    char *path; /* of the plan, without query */
    CURLM *multi;
    int epoll;
    struct driver_timers timers;
    struct driver_timer multi_timer;
    struct driver_client *clients;
    struct driver_call *calls;
    int64_t origin_ns, in_flight, clients_left;
    bool has_failed; /* `error` says why; everything ends */
};

/* The driver can't go on: the first reason counts. */
void driver_fail_memory(struct driver *driver);
void driver_arm(struct driver *driver, struct driver_timer *timer,
                int64_t at_ns);

/* -- driver_call.c ----------------------------------------------------------
 */

void driver_call_begin(struct driver_client *client);
void driver_call_on_timer(struct driver_call *call);
void driver_call_on_transfer(struct driver_call *call, CURLcode code);
void driver_call_cancel(struct driver_call *call);
void driver_call_free(struct driver_call *call);

/* -- driver_request.c: what is sent -----------------------------------------
 */

/* Payload, address and transfer of a call. False without memory. */
bool driver_request_prepare(struct driver_call *call);

/* The header lines of the attempt that begins; NULL without memory. */
struct curl_slist *driver_request_headers(struct driver_call *call);

/* -- driver_log.c -----------------------------------------------------------
 */

void driver_log_attempt(const struct driver_call *call,
                        const struct attempt_outcome *outcome);
void driver_log_wait(const struct driver_call *call,
                     const struct retry_action *action);
void driver_log_end(const struct driver_call *call,
                    const struct retry_action *action, const char *error);

/* "status 503" or "reset". */
const char *driver_log_outcome(const struct attempt_outcome *outcome,
                               char text[32]);

/* -- driver_wire.c: libcurl's multi interface over epoll --------------------
 */

bool driver_wire_init(struct driver *driver);
void driver_wire_deinit(struct driver *driver);
void driver_wire_on_timer(struct driver *driver);

/* Sleeps until `until_ns` or until a socket is ready, and lets libcurl work. */
void driver_wire_wait(struct driver *driver, int64_t until_ns);

#endif
