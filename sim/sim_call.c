/* One logical call: slots, attempts, waits, its result. The engine decides;
 * this does as client/driver_call.c. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_parts.h"

static void act(struct sim_call *call, const struct retry_action *action);

static struct sim_world *world_of(const struct sim_call *call)
{
    return call->client->world;
}

static int64_t now(const struct sim_call *call)
{
    return sim_now(world_of(call));
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* -- when to look at it again -----------------------------------------------
 */

static int64_t queue_deadline(const struct sim_call *call)
{
    return caller_queue_deadline(&call->engine, call->grant,
                                 earlier(call->until_ns, call->wake_ns));
}

static int64_t next_look(const struct sim_call *call)
{
    int64_t at_ns = earlier(call->until_ns, call->wake_ns);
    switch (call->state) {
    case SIM_CALL_QUEUED:
        return earlier(call->again_ns, queue_deadline(call));
    case SIM_CALL_SENDING:
        return earlier(at_ns, sim_attempt_deadline(call));
    case SIM_CALL_WAITING:
        return at_ns;
    }
    return at_ns;
}

static void arm(struct sim_call *call)
{
    sim_clock_set(&world_of(call)->clock, &call->timer,
                  earlier(call->give_up_ns, next_look(call)));
}

/* -- slots ------------------------------------------------------------------
 */

static struct sim_call *owner_of(struct pooled_call *pooled)
{
    return (struct sim_call *)(void *)((char *)pooled -
                                       offsetof(struct sim_call, pooled));
}

/* Who was served goes on from its own timer, not from inside this call. */
static void tell(struct sim_world *world, struct pooled_call *served)
{
    for (; served; served = served->also) {
        struct sim_call *call = owner_of(served);
        call->is_served = true;
        sim_clock_set(&world->clock, &call->timer, sim_now(world));
    }
}

static void step(struct sim_call *call, enum retry_event_kind kind)
{
    struct retry_event event = {
        .kind = kind,
        .now_ns = now(call),
        .u = rng_uniform(&call->timing),
    };
    struct retry_action action = retry_step(&call->engine, &event);
    act(call, &action);
}

static void go_on(struct sim_call *call)
{
    switch (call->grant) {
    case GRANT_START:
        step(call, RETRY_START);
        return;
    case GRANT_TIMER:
        step(call, RETRY_TIMER);
        return;
    case GRANT_SEND:
        sim_attempt_begin(call, &call->to_send);
        arm(call);
        return;
    }
}

static void ask(struct sim_call *call)
{
    call->is_served = false;
    call->again_ns = NS_FOREVER;
    if (pools_acquire(&call->pooled, now(call))) {
        go_on(call);
        return;
    }
    call->again_ns = pools_ask_again_ns(&call->pooled, now(call),
                                        rng_uniform(&call->timing));
    arm(call);
}

/* Goes on once every slot is held. */
static void queue(struct sim_call *call, enum caller_grant grant)
{
    call->state = SIM_CALL_QUEUED;
    call->grant = grant;
    ask(call);
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
            .call = &call->engine,
            .action = action,
            .last = &call->last,
            .sha256 = call->last_sha256,
        },
        text);
    result.call = call->token;
    sim_keep_result(world_of(call), &result);
    count_end(world_of(call)->stats, action);
}

static void finish(struct sim_call *call, const struct retry_action *action)
{
    struct sim_client *client = call->client;
    struct sim_world *world = client->world;
    tell(world, pools_release(&call->pooled));
    report(call, action);
    sim_call_drop(call);
    client->active--;
    sim_clock_set(&world->clock, &client->timer, sim_now(world));
}

/* -- what the engine says ---------------------------------------------------
 */

static void begin_send(struct sim_call *call, const struct retry_action *action)
{
    tell(world_of(call), pools_release_for_step(&call->pooled));
    call->to_send = *action;
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    queue(call, GRANT_SEND);
}

/* A limiter is waited for with all slots held. Another wait ends runs, and the
 * call may go back to its first request. */
static void begin_wait(struct sim_call *call, const struct retry_action *action)
{
    call->state = SIM_CALL_WAITING;
    if (action->wait_kind != WAIT_LIMITER) {
        tell(world_of(call), pools_release_for_wait(&call->pooled));
        tell(world_of(call), pools_release_for_step(&call->pooled));
    }
}

/* The answer to a timer with nothing due is the same attempt or wait as before.
 */
static void begin_or_keep_wait(struct sim_call *call,
                               const struct retry_action *action)
{
    bool is_new =
        call->state != SIM_CALL_SENDING &&
        (call->state != SIM_CALL_WAITING || call->until_ns != action->until_ns);
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    if (is_new) {
        begin_wait(call, action);
    }
    arm(call);
}

static void act(struct sim_call *call, const struct retry_action *action)
{
    switch (action->kind) {
    case RETRY_SEND:
        begin_send(call, action);
        return;
    case RETRY_WAIT:
        begin_or_keep_wait(call, action);
        return;
    case RETRY_ABORT:
        if (call->state == SIM_CALL_SENDING) {
            sim_attempt_abort(call);
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

static void end_attempt(struct sim_call *call,
                        const struct attempt_outcome *outcome,
                        const char *sha256)
{
    call->state = SIM_CALL_QUEUED; /* neither in flight nor in a known wait */
    struct retry_action action = sim_attempt_end(call, outcome, sha256);
    act(call, &action);
}

void sim_call_on_outcome(struct sim_call *call,
                         const struct attempt_outcome *outcome,
                         const char *sha256)
{
    if (sim_attempt_resend(call, outcome)) {
        arm(call);
    } else {
        end_attempt(call, outcome, sha256);
    }
}

/* Before the connection is there, it is the connecting that took too long. */
static void time_out_attempt(struct sim_call *call)
{
    struct attempt_outcome outcome = {.end = sim_conn_is_connected(call->conn)
                                                 ? END_TIMEOUT
                                                 : END_UNREACHABLE};
    sim_conn_leave(call->conn);
    end_attempt(call, &outcome, "");
}

static void on_due_in_flight(struct sim_call *call)
{
    if (earlier(call->until_ns, sim_attempt_deadline(call)) <= now(call)) {
        time_out_attempt(call);
    } else if (call->wake_ns <= now(call)) {
        step(call, RETRY_TIMER);
    } else {
        arm(call);
    }
}

/* The time of a call is over, or that of an attempt before it could be sent. */
static void end_queue(struct sim_call *call)
{
    if (call->grant != GRANT_SEND || call->until_ns > now(call)) {
        step(call, RETRY_TIMER);
        return;
    }
    const struct attempt_outcome outcome = {.end = END_TIMEOUT};
    end_attempt(call, &outcome, "");
}

static void on_due_in_queue(struct sim_call *call)
{
    if (queue_deadline(call) <= now(call)) {
        end_queue(call);
    } else if (call->is_served || call->again_ns <= now(call)) {
        ask(call);
    } else {
        arm(call);
    }
}

static void on_due_wait(struct sim_call *call)
{
    if (call->until_ns <= now(call)) {
        queue(call, GRANT_TIMER);
    } else if (call->wake_ns <= now(call)) {
        step(call, RETRY_TIMER);
    } else {
        arm(call);
    }
}

void sim_call_on_timer(struct sim_call *call)
{
    if (call->give_up_ns <= now(call)) {
        step(call, RETRY_CANCEL);
        return;
    }
    switch (call->state) {
    case SIM_CALL_QUEUED:
        on_due_in_queue(call);
        return;
    case SIM_CALL_SENDING:
        on_due_in_flight(call);
        return;
    case SIM_CALL_WAITING:
        on_due_wait(call);
        return;
    }
}

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
    pools_call_init(&call->pooled, &call->engine, owners);
}

static void init_engine(struct sim_call *call)
{
    struct retry_request request = world_of(call)->requests[0];
    request.body_bytes =
        call->payloads[0] ? (int64_t)strlen(call->payloads[0]) : 0;
    retry_call_init(&call->engine, &call->client->handler->shared, &request);
}

/* Linked into the list of active calls, whatever becomes of it. */
static struct sim_call *create(struct sim_client *client)
{
    struct sim_call *call = calloc(1, sizeof *call);
    if (!call) {
        return NULL;
    }
    struct sim_world *world = client->world;
    int64_t give_up_ns = world->scenario->workload.give_up_ns;
    struct caller_streams streams =
        caller_streams(world->input->seed, client->index, client->next_call);
    call->client = client;
    link_call(call);
    plan_token(client->index, client->next_call, call->token);
    call->rng = streams.calls;
    call->timing = streams.timing;
    call->timer = (struct timer){.owner = call, .kind = SIM_TIMER_CALL};
    call->give_up_ns =
        give_up_ns > 0 ? units_add(now(call), give_up_ns) : NS_FOREVER;
    call->until_ns = call->wake_ns = call->again_ns = NS_FOREVER;
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
    queue(call, GRANT_START);
}
