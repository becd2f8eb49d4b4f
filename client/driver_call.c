/* One logical call: slots, attempts, waits, its result. The engine decides. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "client/curl_api.h"
#include "client/driver_clock.h"
#include "client/driver_parts.h"
#include "model/units.h"

static void act(struct driver_call *call, const struct retry_action *action);

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static bool is_due(int64_t at_ns, int64_t now_ns)
{
    return at_ns <= now_ns;
}

/* -- when to look at it again -----------------------------------------------
 */

static int64_t queue_deadline(const struct driver_call *call)
{
    return caller_queue_deadline(&call->engine, call->grant,
                                 earlier(call->until_ns, call->wake_ns));
}

static int64_t next_look(const struct driver_call *call)
{
    int64_t at_ns = earlier(call->until_ns, call->wake_ns);
    switch (call->state) {
    case CALL_QUEUED:
        return earlier(call->again_ns, queue_deadline(call));
    case CALL_SENDING:
        return earlier(at_ns, driver_attempt_deadline(call));
    case CALL_WAITING:
        return at_ns;
    }
    return at_ns;
}

static void arm(struct driver_call *call)
{
    driver_arm(call->client->driver, &call->timer,
               earlier(call->give_up_ns, next_look(call)));
}

/* -- slots ------------------------------------------------------------------
 */

static struct driver_call *owner_of(struct pooled_call *pooled)
{
    return (struct driver_call *)(void *)((char *)pooled -
                                          offsetof(struct driver_call, pooled));
}

/* Who was served goes on from its own timer, not from inside this call. */
static void tell(struct driver *driver, struct pooled_call *served)
{
    int64_t now_ns = driver_clock_ns();
    for (; served; served = served->also) {
        struct driver_call *call = owner_of(served);
        call->is_served = true;
        driver_arm(driver, &call->timer, now_ns);
    }
}

static void step(struct driver_call *call, enum retry_event_kind kind)
{
    struct retry_event event = {
        .kind = kind,
        .now_ns = driver_clock_ns(),
        .u = rng_uniform(&call->timing),
    };
    struct retry_action action = retry_step(&call->engine, &event);
    act(call, &action);
}

static void enter(struct driver_call *call)
{
    call->has_entered = true;
    call->entered_ns = driver_clock_ns();
    driver_event_enter(call);
    step(call, RETRY_START);
}

static void go_on(struct driver_call *call)
{
    switch (call->grant) {
    case GRANT_START:
        enter(call);
        return;
    case GRANT_TIMER:
        step(call, RETRY_TIMER);
        return;
    case GRANT_SEND:
        driver_attempt_begin(call, &call->to_send);
        arm(call);
        return;
    }
}

static void ask(struct driver_call *call)
{
    int64_t now_ns = driver_clock_ns();
    call->is_served = false;
    call->again_ns = NS_FOREVER;
    if (pools_acquire(&call->pooled, now_ns)) {
        go_on(call);
        return;
    }
    call->again_ns =
        pools_ask_again_ns(&call->pooled, now_ns, rng_uniform(&call->timing));
    if (!call->was_queued && call->grant == GRANT_START) {
        call->was_queued = true;
        driver_log_queue(call);
        driver_event_queue(call);
    }
    arm(call);
}

/* Goes on once every slot is held. */
static void queue(struct driver_call *call, enum caller_grant grant)
{
    call->state = CALL_QUEUED;
    call->grant = grant;
    ask(call);
}

/* -- the end of a call ------------------------------------------------------
 */

static void link_call(struct driver_call *call)
{
    struct driver *driver = call->client->driver;
    call->next = driver->calls;
    if (call->next) {
        call->next->previous = call;
    }
    driver->calls = call;
}

static void unlink_call(struct driver_call *call)
{
    if (call->next) {
        call->next->previous = call->previous;
    }
    if (call->previous) {
        call->previous->next = call->next;
    } else {
        call->client->driver->calls = call->next;
    }
}

void driver_call_free(struct driver_call *call)
{
    unlink_call(call);
    curl_api.multi_remove_handle(call->client->driver->multi,
                                 call->transfer.easy);
    timers_set(&call->client->driver->timers, &call->timer, NS_FOREVER);
    driver_transfer_deinit(&call->transfer);
    free(call->payloads[0]);
    free(call->payloads[1]);
    free(call);
}

static void finish(struct driver_call *call, const struct retry_action *action)
{
    struct driver_client *client = call->client;
    tell(client->driver, pools_release(&call->pooled));
    driver_event_done(call, action);
    driver_report(call, action);
    driver_call_free(call);
    client->active--;
    driver_arm(client->driver, &client->timer, driver_clock_ns());
}

/* -- what the engine says ---------------------------------------------------
 */

static void begin_send(struct driver_call *call,
                       const struct retry_action *action)
{
    tell(call->client->driver, pools_release_for_step(&call->pooled));
    call->to_send = *action;
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    queue(call, GRANT_SEND);
}

/* A limiter is waited for with all slots held. Another wait ends runs, and the
 * call may go back to its first request. */
static void begin_wait(struct driver_call *call,
                       const struct retry_action *action)
{
    call->state = CALL_WAITING;
    driver_log_wait(call, action);
    if (action->wait_kind != WAIT_LIMITER) {
        call->sending_layer = call->engine.waiting_layer;
        tell(call->client->driver, pools_release_for_wait(&call->pooled));
        tell(call->client->driver, pools_release_for_step(&call->pooled));
    }
}

/* The answer to a timer with nothing due is the same attempt or wait as before.
 */
static void begin_or_keep_wait(struct driver_call *call,
                               const struct retry_action *action)
{
    bool is_new =
        call->state != CALL_SENDING &&
        (call->state != CALL_WAITING || call->until_ns != action->until_ns);
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    if (is_new) {
        begin_wait(call, action);
    }
    arm(call);
}

static void act(struct driver_call *call, const struct retry_action *action)
{
    switch (action->kind) {
    case RETRY_SEND:
        begin_send(call, action);
        return;
    case RETRY_WAIT:
        begin_or_keep_wait(call, action);
        return;
    case RETRY_ABORT:
        if (call->state == CALL_SENDING) {
            driver_attempt_abort(call, action);
        }
        finish(call, action);
        return;
    case RETRY_DONE:
        finish(call, action);
        return;
    }
}

/* -- events of the world ----------------------------------------------------
 */

static void end_attempt(struct driver_call *call,
                        const struct attempt_outcome *outcome)
{
    call->state = CALL_QUEUED; /* neither in flight nor in a known wait */
    struct retry_action action = driver_attempt_end(call, outcome);
    act(call, &action);
}

void driver_call_on_transfer(struct driver_call *call, CURLcode code)
{
    struct driver *driver = call->client->driver;
    struct attempt_outcome outcome =
        driver_transfer_end(&call->transfer, driver->multi, code);
    driver->in_flight--;
    if (driver_attempt_resend(call, &outcome)) {
        arm(call);
    } else {
        end_attempt(call, &outcome);
    }
}

static void time_out_attempt(struct driver_call *call)
{
    struct driver *driver = call->client->driver;
    struct attempt_outcome outcome =
        driver_transfer_time_out(&call->transfer, driver->multi);
    driver->in_flight--;
    call->was_cut = true;
    end_attempt(call, &outcome);
}

static void on_due_in_flight(struct driver_call *call, int64_t now_ns)
{
    if (is_due(earlier(call->until_ns, driver_attempt_deadline(call)),
               now_ns)) {
        time_out_attempt(call);
    } else if (is_due(call->wake_ns, now_ns)) {
        step(call, RETRY_TIMER);
    } else {
        arm(call);
    }
}

/* The time of a call is over, or that of an attempt before it could be sent. */
static void end_queue(struct driver_call *call, int64_t now_ns)
{
    if (call->grant != GRANT_SEND || !is_due(call->until_ns, now_ns)) {
        step(call, RETRY_TIMER);
        return;
    }
    const struct attempt_outcome outcome = {.end = END_TIMEOUT};
    call->attempt_ns = driver_clock_ns();
    call->was_cut = true;
    driver_event_start(call);
    end_attempt(call, &outcome);
}

static void on_due_in_queue(struct driver_call *call, int64_t now_ns)
{
    if (is_due(queue_deadline(call), now_ns)) {
        end_queue(call, now_ns);
    } else if (call->is_served || is_due(call->again_ns, now_ns)) {
        ask(call);
    } else {
        arm(call);
    }
}

static void on_due_wait(struct driver_call *call, int64_t now_ns)
{
    if (is_due(call->until_ns, now_ns)) {
        queue(call, GRANT_TIMER);
    } else if (is_due(call->wake_ns, now_ns)) {
        step(call, RETRY_TIMER);
    } else {
        arm(call);
    }
}

static void on_due(struct driver_call *call, int64_t now_ns)
{
    switch (call->state) {
    case CALL_QUEUED:
        on_due_in_queue(call, now_ns);
        return;
    case CALL_SENDING:
        on_due_in_flight(call, now_ns);
        return;
    case CALL_WAITING:
        on_due_wait(call, now_ns);
        return;
    }
}

void driver_call_on_timer(struct driver_call *call)
{
    int64_t now_ns = driver_clock_ns();
    if (is_due(call->give_up_ns, now_ns)) {
        driver_call_cancel(call);
    } else {
        on_due(call, now_ns);
    }
}

void driver_call_cancel(struct driver_call *call)
{
    step(call, RETRY_CANCEL);
}

/* -- the beginning ----------------------------------------------------------
 */

static int64_t give_up_time(const struct driver *driver, int64_t now_ns)
{
    int64_t give_up_ns = driver->options->plan->workload.give_up_ns;
    return give_up_ns > 0 ? units_add(now_ns, give_up_ns) : NS_FOREVER;
}

static void init_pooled(struct driver_call *call)
{
    struct driver_client *client = call->client;
    struct driver *driver = client->driver;
    size_t layers = driver->profile.layer_count;
    struct pool *const owners[POOL_SCOPES] = {
        [SLOTS_HANDLER] = client->handler->pools,
        [SLOTS_SESSION] =
            &driver->session_pools[(size_t)client->session * layers],
        [SLOTS_CLIENT] = client->pools,
        [SLOTS_GLOBAL] = driver->process_pools,
        [SLOTS_URL_AND_KEY] = driver->url_pools,
    };
    pools_call_init(&call->pooled, &call->engine, owners);
}

static void init_engine(struct driver_call *call)
{
    const struct driver *driver = call->client->driver;
    const struct driver_options *options = driver->options;
    struct retry_request request = driver->requests[0];
    request.body_bytes =
        call->payloads[0] ? (int64_t)strlen(call->payloads[0]) : 0;
    retry_call_init(&call->engine, &call->client->handler->shared, &request);
    const struct retry_override *override =
        options->override_of
            ? options->override_of(options->context, call->number)
            : NULL;
    if (override) {
        retry_call_override(&call->engine, override);
    }
}

/* Linked into the list of active calls, whatever becomes of it. */
static struct driver_call *create_call(struct driver_client *client)
{
    struct driver_call *call = calloc(1, sizeof *call);
    if (!call) {
        return NULL;
    }
    struct driver *driver = client->driver;
    call->client = client;
    link_call(call);
    call->number = client->next_call;
    plan_token(client->index, call->number, call->token);
    struct caller_streams streams =
        caller_streams(driver->options->seed, client->index, call->number);
    call->rng = streams.calls;
    call->timing = streams.timing;
    call->timer = (struct timer){.owner = call, .kind = TIMER_CALL};
    call->begun_ns = driver_clock_ns();
    call->give_up_ns = give_up_time(driver, call->begun_ns);
    call->until_ns = call->wake_ns = call->again_ns = NS_FOREVER;
    call->sending_layer = -1;
    return call;
}

void driver_call_begin(struct driver_client *client)
{
    struct driver *driver = client->driver;
    struct driver_call *call = create_call(client);
    if (!call || !driver_request_prepare(call)) {
        driver_fail_memory(driver);
        return;
    }
    init_engine(call);
    init_pooled(call);
    client->next_call++;
    client->active++;
    driver->stats->calls++;
    queue(call, GRANT_START);
}
