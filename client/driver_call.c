/* One logical call: made, told of, freed. Its course is client/course.c. */
#include <stdlib.h>
#include <string.h>

#include "client/curl_api.h"
#include "client/driver_clock.h"
#include "client/driver_parts.h"
#include "model/units.h"

/* -- active calls -----------------------------------------------------------
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

static void finish(struct course *course, const struct retry_action *action)
{
    struct driver_call *call = course->owner;
    struct driver_client *client = call->client;
    driver_event_done(call, action);
    driver_report(call, action);
    driver_call_free(call);
    client->active--;
    driver_arm(client->driver, &client->timer, driver_clock_ns());
}

/* -- the world of its course ------------------------------------------------
 */

static int64_t now_ns(const struct course *course)
{
    (void)course;
    return driver_clock_ns();
}

static void arm(struct course *course, int64_t at_ns)
{
    struct driver_call *call = course->owner;
    driver_arm(call->client->driver, &call->timer, at_ns);
}

static void tell_queued(struct course *course)
{
    driver_log_queue(course->owner);
    driver_event_queue(course->owner);
}

static void tell_entered(struct course *course)
{
    struct driver_call *call = course->owner;
    call->has_entered = true;
    call->entered_ns = driver_clock_ns();
    driver_event_enter(call);
}

static void tell_wait(struct course *course, const struct retry_action *action)
{
    struct driver_call *call = course->owner;
    driver_log_wait(call, action);
    if (action->wait_kind != WAIT_LIMITER) {
        call->sending_layer = course->engine.waiting_layer;
    }
}

static const struct course_world world = {
    .now_ns = now_ns,
    .arm = arm,
    .begin_attempt = driver_attempt_send,
    .look = driver_attempt_look,
    .time_out = driver_attempt_time_out,
    .abandon = driver_attempt_abort,
    .finish = finish,
    .queued = tell_queued,
    .entered = tell_entered,
    .waits = tell_wait,
};

/* -- the beginning ----------------------------------------------------------
 */

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
    pools_call_init(&call->course.pooled, &call->course.engine, owners);
}

static void init_engine(struct driver_call *call)
{
    const struct driver *driver = call->client->driver;
    const struct driver_options *options = driver->options;
    struct retry_request request = driver->requests[0];
    request.body_bytes =
        call->payloads[0] ? (int64_t)strlen(call->payloads[0]) : 0;
    retry_call_init(&call->course.engine, &call->client->handler->shared,
                    &request);
    const struct retry_override *override =
        options->override_of
            ? options->override_of(options->context, call->number)
            : NULL;
    if (override) {
        retry_call_override(&call->course.engine, override);
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
    call->course.delays = streams.calls;
    call->course.timing = streams.timing;
    call->timer = (struct timer){.owner = call, .kind = TIMER_CALL};
    call->begun_ns = driver_clock_ns();
    course_init(&call->course, &world, call, &driver->options->plan->workload);
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
    course_begin(&call->course);
}
