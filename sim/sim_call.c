/* One logical call: slots, attempts, waits, its result. The engine decides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_parts.h"

/* Streams of the seed: as in client/driver_call.c. */
enum { STREAM_CALLS = 1 };

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

/* -- limits of the attempt in flight ----------------------------------------
 */

static int64_t limit_deadline(const struct sim_call *call)
{
    const struct sim_conn *conn = call->conn;
    switch (call->limit.kind) {
    case TIMEOUT_TOTAL: /* the engine's own */
        return NS_FOREVER;
    case TIMEOUT_HEAD:
        return conn->answer.head_ns <= now(call)
                   ? NS_FOREVER
                   : units_add(call->attempt_ns, call->limit.limit_ns);
    case TIMEOUT_INACTIVITY:
        return units_add(sim_conn_last_byte(conn, call->attempt_ns),
                         call->limit.limit_ns);
    }
    return NS_FOREVER;
}

static void arm(struct sim_call *call)
{
    int64_t at_ns = call->give_up_ns;
    if (call->state != SIM_CALL_QUEUED) {
        at_ns = earlier(at_ns, earlier(call->until_ns, call->wake_ns));
    }
    if (call->state == SIM_CALL_SENDING) {
        at_ns = earlier(at_ns, limit_deadline(call));
    }
    sim_clock_set(&world_of(call)->clock, &call->timer, at_ns);
}

/* -- slots ------------------------------------------------------------------
 */

static struct slot_pool *pool_of(const struct sim_call *call, int i)
{
    return &call->client->pools[i];
}

/* Who gets the slot goes on from its own timer, not from inside this call. */
static void release_slot(struct sim_call *call, int i)
{
    struct slot_waiter *waiter = &call->slots[i].waiter;
    if (!waiter->is_queued && !waiter->is_holding) {
        return;
    }
    struct slot_waiter *next = slot_release(pool_of(call, i), waiter);
    if (next) {
        struct sim_call *granted = ((struct sim_slot *)(void *)next)->call;
        sim_clock_set(&world_of(call)->clock, &granted->timer, now(call));
    }
}

static void release_slots(struct sim_call *call, int from)
{
    for (int i = from; i < call->engine.layer_count; i++) {
        release_slot(call, i);
    }
}

/* A layer that waits has ended the runs of the layers inside it, and its own
 * attempt. */
static void release_inner_slots(struct sim_call *call)
{
    int i = call->engine.waiting_layer;
    if (retry_layer(&call->engine, i)->slots.held == SLOT_HELD_ATTEMPT) {
        release_slot(call, i);
    }
    release_slots(call, i + 1);
}

/* Outermost first; false: queued for one. */
static bool acquire_slots(struct sim_call *call)
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

static void step(struct sim_call *call, enum retry_event_kind kind)
{
    struct retry_event event = {.kind = kind, .now_ns = now(call)};
    struct retry_action action = retry_step(&call->engine, &event);
    act(call, &action);
}

/* Tells the engine `kind` once every slot is held. */
static void step_with_slots(struct sim_call *call, enum retry_event_kind kind)
{
    call->when_granted = kind;
    call->state = SIM_CALL_QUEUED;
    if (acquire_slots(call)) {
        step(call, kind);
    } else {
        arm(call);
    }
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
        free(call->payload);
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

/* "attempts: status 503"; the caller's own doing is just "cancelled". */
static const char *error_text(const struct sim_call *call,
                              const struct retry_action *action, char text[80])
{
    const char *reason = retry_reason_words[action->reason];
    if (action->is_ok) {
        return "";
    }
    if (action->reason == REASON_CANCELLED || call->engine.attempts == 0) {
        return reason;
    }
    if (call->last.end == END_STATUS) {
        snprintf(text, 80, "%s: status %d", reason, call->last.status);
    } else {
        snprintf(text, 80, "%s: %s", reason, attempt_end_words[call->last.end]);
    }
    return text;
}

static void finish(struct sim_call *call, const struct retry_action *action)
{
    struct sim_client *client = call->client;
    struct sim_world *world = client->world;
    bool has_response = call->last.end == END_STATUS && call->last.status;
    char text[80];
    struct trace_result result = {
        .call = call->token,
        .is_ok = action->is_ok,
        .status = has_response ? call->last.status : 0,
        .error = error_text(call, action, text),
        .sha256 = has_response ? call->last_sha256 : "",
    };
    release_slots(call, 0);
    sim_keep_result(world, &result);
    count_end(world->stats, action);
    sim_call_drop(call);
    client->active--;
    sim_clock_set(&world->clock, &client->timer, sim_now(world));
}

/* -- attempts ---------------------------------------------------------------
 */

/* A client whose profile knows no limit takes the one that the plan asks for as
 * most HTTP clients do: for the time without a byte. */
static struct attempt_timeout attempt_limit(const struct sim_world *world,
                                            const struct retry_action *action)
{
    int64_t asked_ns = world->scenario->workload.read_timeout_ns;
    if (action->attempt_timeout.limit_ns == NS_FOREVER && asked_ns > 0) {
        return (struct attempt_timeout){asked_ns, TIMEOUT_INACTIVITY};
    }
    return action->attempt_timeout;
}

static void begin_attempt(struct sim_call *call,
                          const struct retry_action *action)
{
    struct sim_world *world = world_of(call);
    struct sim_stats *stats = world->stats;
    call->state = SIM_CALL_SENDING;
    call->attempt_ns = now(call);
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    call->limit = attempt_limit(world, action);
    call->last = (struct attempt_outcome){.end = END_UNFINISHED};
    stats->attempts++;
    world->is_endless |=
        stats->attempts > SIM_ATTEMPTS_MAX + stats->calls * SIM_ATTEMPTS_A_CALL;
    if (!sim_conn_send(call)) {
        sim_fail_memory(world);
        return;
    }
    arm(call);
}

static void begin_wait(struct sim_call *call, const struct retry_action *action)
{
    release_inner_slots(call);
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    arm(call);
}

void sim_call_on_outcome(struct sim_call *call,
                         const struct attempt_outcome *outcome,
                         const char *sha256)
{
    call->state = SIM_CALL_WAITING;
    call->last = *outcome;
    call->last.headers = NULL; /* they do not last */
    memcpy(call->last_sha256, sha256, strlen(sha256) + 1);
    struct retry_event event = {
        .kind = RETRY_ENDED,
        .now_ns = now(call),
        .wall_ns = world_of(call)->wall_ns + now(call),
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

/* Before the connection is there, it is the connecting that took too long. */
static void time_out_attempt(struct sim_call *call)
{
    struct attempt_outcome outcome = {.end = sim_conn_is_connected(call->conn)
                                                 ? END_TIMEOUT
                                                 : END_UNREACHABLE};
    sim_conn_leave(call->conn);
    sim_call_on_outcome(call, &outcome, "");
}

/* -- what the engine says ---------------------------------------------------
 */

/* The same attempt or wait as before, or one for a limiter before the first. */
static void keep_on(struct sim_call *call, const struct retry_action *action)
{
    if (call->state == SIM_CALL_QUEUED) {
        call->state = SIM_CALL_WAITING;
    }
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    arm(call);
}

static void act(struct sim_call *call, const struct retry_action *action)
{
    switch (action->kind) {
    case RETRY_SEND:
        begin_attempt(call, action);
        return;
    case RETRY_WAIT:
        keep_on(call, action);
        return;
    case RETRY_ABORT:
        sim_conn_leave(call->conn);
        call->last = (struct attempt_outcome){.end = END_CANCELLED};
        finish(call, action);
        return;
    case RETRY_DONE:
        finish(call, action);
        return;
    }
}

/* -- deadlines --------------------------------------------------------------
 */

static void on_due(struct sim_call *call)
{
    int64_t now_ns = now(call);
    switch (call->state) {
    case SIM_CALL_QUEUED:
        step_with_slots(call, call->when_granted);
        return;
    case SIM_CALL_SENDING:
        if (earlier(call->until_ns, limit_deadline(call)) <= now_ns) {
            time_out_attempt(call);
        } else if (call->wake_ns <= now_ns) {
            step(call, RETRY_TIMER);
        } else {
            arm(call);
        }
        return;
    case SIM_CALL_WAITING:
        if (call->until_ns <= now_ns) {
            step_with_slots(call, RETRY_TIMER);
        } else if (call->wake_ns <= now_ns) {
            step(call, RETRY_TIMER);
        } else {
            arm(call);
        }
        return;
    }
}

void sim_call_on_timer(struct sim_call *call)
{
    if (call->give_up_ns <= now(call)) {
        step(call, RETRY_CANCEL);
    } else {
        on_due(call);
    }
}

/* -- the beginning ----------------------------------------------------------
 */

/* Linked into the list of active calls, whatever becomes of it. */
static struct sim_call *create(struct sim_client *client)
{
    struct sim_call *call = calloc(1, sizeof *call);
    if (!call) {
        return NULL;
    }
    struct sim_world *world = client->world;
    const struct workload *workload = &world->scenario->workload;
    call->client = client;
    link_call(call);
    plan_token(client->index, client->next_call, call->token);
    call->rng =
        rng_stream(world->input->seed, STREAM_CALLS,
                   (uint64_t)client->index << 32 | (uint64_t)client->next_call);
    call->timer = (struct sim_timer){.owner = call, .kind = SIM_TIMER_CALL};
    call->give_up_ns = workload->give_up_ns > 0
                           ? units_add(now(call), workload->give_up_ns)
                           : NS_FOREVER;
    call->until_ns = call->wake_ns = NS_FOREVER;
    for (int i = 0; i < PROFILE_LAYERS_MAX; i++) {
        call->slots[i].call = call;
    }
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
    retry_call_init(
        &call->engine, &client->shared,
        &(struct retry_request){
            .method = world->scenario->workload.method,
            .path = world->path,
            .body_bytes = call->payload ? (int64_t)strlen(call->payload) : 0,
        });
    client->next_call++;
    client->active++;
    world->stats->calls++;
    step_with_slots(call, RETRY_START);
}
