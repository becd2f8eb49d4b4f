/* One logical call: made, told of, freed. Its course is client/course.c, as
 * that of client/driver_call.c. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim_parts.h"

static struct sim_world *world_of(const struct sim_call *call)
{
    return call->client->world;
}

static int64_t now(const struct sim_call *call)
{
    return sim_now(world_of(call));
}

/* -- the end of a call ------------------------------------------------------
 */

static void link_call(struct sim_call *call)
{
    struct sim_world *world = world_of(call);
    call->next = world->calls;
    if (call->next) {
        call->next->previous = call;
    }
    world->calls = call;
}

static void unlink_call(struct sim_call *call)
{
    if (call->next) {
        call->next->previous = call->previous;
    }
    if (call->previous) {
        call->previous->next = call->next;
    } else {
        world_of(call)->calls = call->next;
    }
}

static void free_if_done(struct sim_call *call)
{
    if (call->is_over && call->on_their_way == 0) {
        free(call->payloads[0]);
        free(call->payloads[1]);
        free(call);
    }
}

void sim_call_release(struct sim_call *call)
{
    call->on_their_way--;
    free_if_done(call);
}

void sim_call_drop(struct sim_call *call)
{
    unlink_call(call);
    sim_clock_set(&world_of(call)->clock, &call->timer, NS_FOREVER);
    if (call->conn) {
        sim_conn_leave(call->conn);
    }
    call->is_over = true;
    free_if_done(call);
}

static void count_end(struct sim_stats *stats,
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

static void report(const struct sim_call *call,
                   const struct retry_action *action)
{
    char text[80];
    struct trace_result result = caller_result(
        &(struct caller_end){
            .call = &call->course.engine,
            .action = action,
            .last = &call->course.last,
            .sha256 = call->last_sha256,
        },
        text);
    result.call = call->token;
    sim_keep_result(world_of(call), &result);
    count_end(world_of(call)->stats, action);
}

/* -- the world of its course ------------------------------------------------
 */

static int64_t now_ns(const struct course *course)
{
    return now(course->owner);
}

static void arm(struct course *course, int64_t at_ns)
{
    struct sim_call *call = course->owner;
    sim_clock_set(&world_of(call)->clock, &call->timer, at_ns);
}

static void finish(struct course *course, const struct retry_action *action)
{
    struct sim_call *call = course->owner;
    struct sim_client *client = call->client;
    struct sim_world *world = client->world;
    report(call, action);
    sim_call_drop(call);
    client->active--;
    sim_clock_set(&world->clock, &client->timer, sim_now(world));
}

static const struct course_world course_world = {
    .now_ns = now_ns,
    .arm = arm,
    .begin_attempt = sim_attempt_send,
    .look = sim_attempt_look,
    .time_out = sim_attempt_time_out,
    .abandon = sim_attempt_abort,
    .finish = finish,
};

/* -- the beginning ----------------------------------------------------------
 */

static void init_pooled(struct sim_call *call)
{
    struct sim_client *client = call->client;
    struct pool *const owners[POOL_SCOPES] = {
        [SLOTS_HANDLER] = client->handler->pools,
        [SLOTS_SESSION] = client->session_pools,
        [SLOTS_CLIENT] = client->pools,
        [SLOTS_GLOBAL] = client->world->process_pools,
        [SLOTS_URL_AND_KEY] = client->world->url_pools,
    };
    pools_call_init(&call->course.pooled, &call->course.engine, owners);
}

static void init_engine(struct sim_call *call)
{
    struct retry_request request = world_of(call)->requests[0];
    request.body_bytes =
        call->payloads[0] ? (int64_t)strlen(call->payloads[0]) : 0;
    retry_call_init(&call->course.engine, &call->client->handler->shared,
                    &request);
}

/* Linked into the list of active calls, whatever becomes of it. */
static struct sim_call *create(struct sim_client *client)
{
    struct sim_call *call = calloc(1, sizeof *call);
    if (!call) {
        return NULL;
    }
    struct sim_world *world = client->world;
    struct caller_streams streams =
        caller_streams(world->input->seed, client->index, client->next_call);
    call->client = client;
    link_call(call);
    plan_token(client->index, client->next_call, call->token);
    call->course.delays = streams.calls;
    call->course.timing = streams.timing;
    call->timer = (struct timer){.owner = call, .kind = SIM_TIMER_CALL};
    course_init(&call->course, &course_world, call, &world->scenario->workload);
    return call;
}

void sim_call_begin(struct sim_client *client)
{
    struct sim_world *world = client->world;
    struct sim_call *call = create(client);
    if (!call || !sim_request_prepare(call)) {
        sim_fail_memory(world);
        return;
    }
    init_engine(call);
    init_pooled(call);
    client->next_call++;
    client->active++;
    world->stats->calls++;
    course_begin(&call->course);
}
