/* One logical call: slots, attempts, waits, its result. The engine decides. */
#include <stdlib.h>
#include <string.h>

#include "client/curl_api.h"
#include "client/driver_clock.h"
#include "client/driver_parts.h"
#include "model/units.h"

/* Streams of the seed: one a call, see model/rng.h. */
enum { STREAM_CALLS = 1 };

static void act(struct driver_call *call, const struct retry_action *action);

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* -- limits of the attempt in flight ----------------------------------------
 */

/* The engine itself knows the end of a total limit; the other two depend on
 * what the wire shows. */
static int64_t limit_deadline(const struct driver_call *call)
{
    const struct transfer *transfer = &call->transfer;
    switch (call->limit.kind) {
    case TIMEOUT_TOTAL:
        return NS_FOREVER;
    case TIMEOUT_HEAD:
        return transfer->is_head_whole
                   ? NS_FOREVER
                   : units_add(call->attempt_ns, call->limit.limit_ns);
    case TIMEOUT_INACTIVITY:
        return units_add(transfer->last_byte_ns, call->limit.limit_ns);
    }
    return NS_FOREVER;
}

static void arm(struct driver_call *call)
{
    int64_t at_ns = call->give_up_ns;
    if (call->state != CALL_QUEUED) {
        at_ns = earlier(at_ns, earlier(call->until_ns, call->wake_ns));
    }
    if (call->state == CALL_SENDING) {
        at_ns = earlier(at_ns, limit_deadline(call));
    }
    driver_arm(call->client->driver, &call->timer, at_ns);
}

/* -- slots ------------------------------------------------------------------
 */

static struct slot_pool *pool_of(const struct driver_call *call, int i)
{
    return &call->client->pools[i];
}

/* Who gets the slot goes on from its own timer, not from inside this call. */
static void release_slot(struct driver_call *call, int i)
{
    struct slot_waiter *waiter = &call->slots[i].waiter;
    if (!waiter->is_queued && !waiter->is_holding) {
        return;
    }
    struct slot_waiter *next = slot_release(pool_of(call, i), waiter);
    if (next) {
        struct driver_call *granted =
            ((struct driver_slot *)(void *)next)->call;
        driver_arm(call->client->driver, &granted->timer, driver_clock_ns());
    }
}

static void release_slots(struct driver_call *call, int from)
{
    for (int i = from; i < call->engine.layer_count; i++) {
        release_slot(call, i);
    }
}

/* A layer that waits has ended the runs of the layers inside it, and its own
 * attempt. */
static void release_inner_slots(struct driver_call *call)
{
    int i = call->engine.waiting_layer;
    if (retry_layer(&call->engine, i)->slots.held == SLOT_HELD_ATTEMPT) {
        release_slot(call, i);
    }
    release_slots(call, i + 1);
}

/* Outermost first; false: queued for one. */
static bool acquire_slots(struct driver_call *call)
{
    for (int i = 0; i < call->engine.layer_count; i++) {
        struct slot_waiter *waiter = &call->slots[i].waiter;
        bool is_limited = retry_call_has(&call->engine, i) &&
                          retry_layer(&call->engine, i)->slots.limit > 0;
        if (waiter->is_queued || (is_limited && !waiter->is_holding &&
                                  !slot_acquire(pool_of(call, i), waiter, 1))) {
            return false;
        }
    }
    return true;
}

static void step(struct driver_call *call, enum retry_event_kind kind)
{
    struct retry_event event = {.kind = kind, .now_ns = driver_clock_ns()};
    struct retry_action action = retry_step(&call->engine, &event);
    act(call, &action);
}

/* Tells the engine `kind` once every slot is held. */
static void step_with_slots(struct driver_call *call,
                            enum retry_event_kind kind)
{
    call->when_granted = kind;
    call->state = CALL_QUEUED;
    if (acquire_slots(call)) {
        step(call, kind);
    } else {
        arm(call);
    }
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
    driver_timers_set(&call->client->driver->timers, &call->timer, NS_FOREVER);
    driver_transfer_deinit(&call->transfer);
    free(call->payload);
    free(call->url);
    free(call);
}

static void count_end(struct driver_stats *stats,
                      const struct retry_action *action)
{
    if (action->is_ok) {
        stats->succeeded++;
    } else if (action->reason == REASON_CANCELLED) {
        stats->cancelled++;
    } else {
        stats->failed++;
    }
}

/* "attempts: status 503"; the caller's own doing is just "cancelled". */
static const char *error_text(const struct driver_call *call,
                              const struct retry_action *action, char text[80])
{
    const char *reason = retry_reason_words[action->reason];
    char outcome[32];
    if (action->is_ok) {
        return "";
    }
    if (action->reason == REASON_CANCELLED || call->engine.attempts == 0) {
        return reason;
    }
    snprintf(text, 80, "%s: %s", reason,
             driver_log_outcome(&call->last, outcome));
    return text;
}

static void report(const struct driver_call *call,
                   const struct retry_action *action)
{
    const struct driver_options *options = call->client->driver->options;
    bool has_response = call->last.end == END_STATUS && call->last.status;
    char text[80];
    struct trace_result result = {
        .call = call->token,
        .is_ok = action->is_ok,
        .status = has_response ? call->last.status : 0,
        .error = error_text(call, action, text),
        .sha256 = has_response ? call->transfer.sha256 : "",
    };
    driver_log_end(call, action, result.error);
    if (options->on_result) {
        options->on_result(options->context, &result);
    }
}

static void finish(struct driver_call *call, const struct retry_action *action)
{
    struct driver_client *client = call->client;
    release_slots(call, 0);
    report(call, action);
    count_end(client->driver->stats, action);
    driver_call_free(call);
    client->active--;
    driver_arm(client->driver, &client->timer, driver_clock_ns());
}

/* -- attempts ---------------------------------------------------------------
 */

/* A client whose profile knows no limit takes the one that the plan asks for as
 * most HTTP clients do: for the time without a byte. */
static struct attempt_timeout attempt_limit(const struct driver *driver,
                                            const struct retry_action *action)
{
    int64_t asked_ns = driver->options->plan->workload.read_timeout_ns;
    if (action->attempt_timeout.limit_ns == NS_FOREVER && asked_ns > 0) {
        return (struct attempt_timeout){asked_ns, TIMEOUT_INACTIVITY};
    }
    return action->attempt_timeout;
}

static void begin_attempt(struct driver_call *call,
                          const struct retry_action *action)
{
    struct driver *driver = call->client->driver;
    struct driver_stats *stats = driver->stats;
    struct curl_slist *headers = driver_request_headers(call);
    call->state = CALL_SENDING;
    call->attempt_ns = driver_clock_ns();
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    call->limit = attempt_limit(driver, action);
    call->last = (struct attempt_outcome){.end = END_UNFINISHED};
    if (!headers ||
        !driver_transfer_begin(&call->transfer, driver->multi, headers)) {
        driver_fail_memory(driver);
        return;
    }
    stats->attempts++;
    stats->retries += call->engine.attempts > 1;
    driver->in_flight++;
    if (driver->in_flight > stats->peak_in_flight) {
        stats->peak_in_flight = driver->in_flight;
    }
    arm(call);
}

static void begin_wait(struct driver_call *call,
                       const struct retry_action *action)
{
    driver_log_wait(call, action);
    release_inner_slots(call);
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    arm(call);
}

static void end_attempt(struct driver_call *call,
                        const struct attempt_outcome *outcome)
{
    call->client->driver->in_flight--;
    call->state = CALL_WAITING;
    call->last = *outcome;
    driver_log_attempt(call, outcome);
    struct retry_event event = {
        .kind = RETRY_ENDED,
        .now_ns = driver_clock_ns(),
        .wall_ns = driver_clock_wall_ns(),
        .u = rng_uniform(&call->rng),
        .outcome = outcome,
    };
    struct retry_action action = retry_step(&call->engine, &event);
    if (action.kind == RETRY_WAIT) {
        begin_wait(call, &action);
    } else {
        act(call, &action);
    }
}

void driver_call_on_transfer(struct driver_call *call, CURLcode code)
{
    struct attempt_outcome outcome =
        driver_transfer_end(&call->transfer, call->client->driver->multi, code);
    end_attempt(call, &outcome);
}

static void time_out_attempt(struct driver_call *call)
{
    struct attempt_outcome outcome =
        driver_transfer_time_out(&call->transfer, call->client->driver->multi);
    end_attempt(call, &outcome);
}

static void abort_attempt(struct driver_call *call)
{
    struct driver *driver = call->client->driver;
    driver_transfer_abort(&call->transfer, driver->multi);
    driver->in_flight--;
    call->last = (struct attempt_outcome){.end = END_CANCELLED};
    driver_log_attempt(call, &call->last);
}

/* -- what the engine says ---------------------------------------------------
 */

/* The answer to a timer with nothing due: the same attempt or wait as before.
 */
static void keep_on(struct driver_call *call, const struct retry_action *action)
{
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    arm(call);
}

static void act(struct driver_call *call, const struct retry_action *action)
{
    switch (action->kind) {
    case RETRY_SEND:
        begin_attempt(call, action);
        return;
    case RETRY_WAIT:
        keep_on(call, action);
        return;
    case RETRY_ABORT:
        abort_attempt(call);
        finish(call, action);
        return;
    case RETRY_DONE:
        finish(call, action);
        return;
    }
}

/* -- events of the world ----------------------------------------------------
 */

static bool is_due(int64_t at_ns, int64_t now_ns)
{
    return at_ns <= now_ns;
}

static void on_due(struct driver_call *call, int64_t now_ns)
{
    switch (call->state) {
    case CALL_QUEUED:
        step_with_slots(call, call->when_granted);
        return;
    case CALL_SENDING:
        if (is_due(earlier(call->until_ns, limit_deadline(call)), now_ns)) {
            time_out_attempt(call);
        } else if (is_due(call->wake_ns, now_ns)) {
            step(call, RETRY_TIMER);
        } else {
            arm(call);
        }
        return;
    case CALL_WAITING:
        if (is_due(call->until_ns, now_ns)) {
            step_with_slots(call, RETRY_TIMER);
        } else if (is_due(call->wake_ns, now_ns)) {
            step(call, RETRY_TIMER);
        } else {
            arm(call);
        }
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

static int64_t give_up_time(const struct driver *driver, int64_t now_ns)
{
    int64_t give_up_ns = driver->options->plan->workload.give_up_ns;
    return give_up_ns > 0 ? units_add(now_ns, give_up_ns) : NS_FOREVER;
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
    plan_token(client->index, client->next_call, call->token);
    retry_call_init(&call->engine, &client->shared,
                    &(struct retry_request){
                        .method = driver->options->plan->workload.method,
                        .path = driver->path,
                    });
    call->rng =
        rng_stream(driver->options->seed, STREAM_CALLS,
                   (uint64_t)client->index << 32 | (uint64_t)client->next_call);
    call->timer = (struct driver_timer){call, TIMER_CALL, 0, 0};
    call->begun_ns = driver_clock_ns();
    call->give_up_ns = give_up_time(driver, call->begun_ns);
    call->until_ns = call->wake_ns = NS_FOREVER;
    for (int i = 0; i < PROFILE_LAYERS_MAX; i++) {
        call->slots[i].call = call;
    }
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
    client->next_call++;
    client->active++;
    driver->stats->calls++;
    step_with_slots(call, RETRY_START);
}
