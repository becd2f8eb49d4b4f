/* The calls of a fleet: a shell around the retry engine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/fleet_parts.h"
#include "model/units.h"

enum { OPEN_CALLS_AT_FIRST = 1024 };

/* -- memory ----------------------------------------------------------------
 */

/* Do calls of a client share anything that one may change for another? */
static bool is_sharing(const struct fleet *fleet)
{
    const struct retry_shared *shared = &fleet->common;
    return shared->having.progress || shared->having.limiter ||
           shared->having.breaker || shared->having.tokens ||
           shared->having.allowance || shared->having.throttle;
}

static bool init_shared(struct fleet *fleet)
{
    size_t clients = (size_t)fleet->world->clients;
    retry_shared_init(&fleet->common, fleet->profile, 0);
    if (!is_sharing(fleet))
        return true;
    fleet->each = malloc(clients * sizeof *fleet->each);
    for (size_t i = 0; fleet->each && i < clients; i++)
        fleet->each[i] = fleet->common;
    return fleet->each;
}

static bool init_calls_left(struct fleet *fleet)
{
    const struct arrivals *arrivals = &fleet->world->arrivals;
    size_t clients = (size_t)fleet->world->clients;
    if (arrivals->kind != ARRIVE_CLOSED || arrivals->calls == 1)
        return true;
    fleet->calls_left = malloc(clients * sizeof *fleet->calls_left);
    for (size_t i = 0; fleet->calls_left && i < clients; i++)
        fleet->calls_left[i] = arrivals->calls;
    return fleet->calls_left;
}

static bool set_room(struct fleet *fleet, size_t count)
{
    unsigned char *calls = realloc(fleet->calls, count * fleet->call_size);
    if (!calls)
        return false;
    size_t before = fleet->call_count;
    memset(calls + before * fleet->call_size, 0,
           (count - before) * fleet->call_size);
    fleet->calls = calls;
    fleet->call_count = count;
    return true;
}

bool fleet_calls_grow(struct fleet *fleet)
{
    size_t before = fleet->call_count;
    size_t count = before ? 2 * before : OPEN_CALLS_AT_FIRST;
    if (count >= NO_CALL || !set_room(fleet, count))
        return false;
    for (size_t i = count; i-- > before;) {
        struct fleet_call *call = fleet_call_at(fleet, (uint32_t)i);
        call->is_over = true;
        call->number = fleet->free_call;
        fleet->free_call = (uint32_t)i;
    }
    return true;
}

static size_t call_size(const struct profile *profile)
{
    return offsetof(struct fleet_call, packed) +
           retry_pack_size((int)profile->layer_count);
}

bool fleet_calls_init(struct fleet *fleet)
{
    const struct world *world = fleet->world;
    const struct retry_request request = {.method = world->method,
                                          .path = world->path};
    fleet->free_call = NO_CALL;
    fleet->call_size = call_size(fleet->profile);
    if (!init_shared(fleet) || !init_calls_left(fleet))
        return false;
    retry_call_init(&fleet->fresh, &fleet->common, &request);
    fleet->work = fleet->fresh;
    return world->arrivals.kind == ARRIVE_POISSON ||
           set_room(fleet, (size_t)world->clients);
}

void fleet_calls_deinit(struct fleet *fleet)
{
    free(fleet->calls);
    free(fleet->calls_left);
    free(fleet->each);
}

int64_t fleet_bytes_a_client(const struct fleet_input *input)
{
    return (int64_t)(call_size(input->profile) + 2 * sizeof(struct heap_event));
}

/* -- to the engine and back ------------------------------------------------
 */

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* Whose call it is: where calls do not wait for one another, of the clients by
 * turns. */
static uint32_t client_of(const struct fleet *fleet, uint32_t who)
{
    bool is_open = fleet->world->arrivals.kind == ARRIVE_POISSON;
    return is_open ? fleet_call_at(fleet, who)->number %
                         (uint32_t)fleet->world->clients
                   : who;
}

static struct retry_shared *shared_of(struct fleet *fleet, uint32_t who)
{
    return fleet->each ? &fleet->each[client_of(fleet, who)] : &fleet->common;
}

/* Sends, after the read that comes first where the server is a row. */
static void send_attempt(struct fleet *fleet, uint32_t who,
                         const struct retry_action *action, int64_t at_ns)
{
    struct fleet_call *call = fleet_call_at(fleet, who);
    bool is_row = fleet->world->server.is_row;
    const struct queued of = {.who = who, .serial = ++call->serial};
    int64_t limit_ns = units_add(at_ns, action->attempt_timeout.limit_ns);
    int64_t reaches_ns = at_ns + fleet_leg_ns(fleet);
    call->deadline_ns = earlier(limit_ns, action->until_ns);
    retry_pack(&fleet->work, &call->packed);
    call->is_timed = action->wake_ns < call->deadline_ns;
    if (call->is_timed)
        fleet_push(fleet, action->wake_ns, EVENT_TIMER, of);
    fleet_go_on(fleet, reaches_ns, is_row ? EVENT_READ : EVENT_REACH, of);
}

/* In flight: goes on as it is, to be looked at again at `wake_ns`. */
static void carry_on(struct fleet *fleet, uint32_t who, int64_t wake_ns)
{
    const struct fleet_call *call = fleet_call_at(fleet, who);
    fleet_push(fleet, earlier(call->deadline_ns, wake_ns), EVENT_TIMER,
               (struct queued){.who = who, .serial = call->serial});
}

static void wait_until(struct fleet *fleet, uint32_t who, int64_t wake_ns)
{
    struct fleet_call *call = fleet_call_at(fleet, who);
    retry_pack(&fleet->work, &call->packed);
    fleet_push(fleet, wake_ns, EVENT_TIMER,
               (struct queued){.who = who, .serial = ++call->serial});
}

static void finish(struct fleet *fleet, uint32_t who, bool is_ok)
{
    const struct fleet_call *call = fleet_call_at(fleet, who);
    struct tally *tally = fleet->tally;
    if (is_ok) {
        tally->served++;
        tally->last_served_ns = fleet->now_ns;
        fleet_bin(fleet)->served++;
        histogram_add(&tally->wait, fleet->now_ns - call->began_ns);
    } else {
        tally->given_up++;
    }
    fleet_leave(fleet, who);
}

static void act(struct fleet *fleet, uint32_t who,
                const struct retry_action *action, int64_t at_ns)
{
    switch (action->kind) {
    case RETRY_SEND:
        send_attempt(fleet, who, action, at_ns);
        return;
    case RETRY_WAIT:
        if (fleet->work.phase == RETRY_PHASE_SENDING)
            carry_on(fleet, who, action->wake_ns);
        else
            wait_until(fleet, who, earlier(action->until_ns, action->wake_ns));
        return;
    case RETRY_ABORT:
    case RETRY_DONE:
        finish(fleet, who, action->is_ok);
        return;
    }
}

/* Nothing but its end can come to a wait of a client that shares nothing: the
 * engine is told of it at once, which saves an event. */
static bool is_settled(const struct fleet *fleet,
                       const struct retry_action *action)
{
    return !fleet->each && action->kind == RETRY_WAIT &&
           fleet->work.phase == RETRY_PHASE_WAITING && !action->is_never &&
           action->until_ns != NS_FOREVER &&
           action->until_ns <= action->wake_ns;
}

static void advance(struct fleet *fleet, uint32_t who,
                    struct retry_event *event)
{
    struct fleet_call *call = fleet_call_at(fleet, who);
    struct retry_action action;
    fleet->work.shared = shared_of(fleet, who);
    for (;;) {
        event->u = draw_uniform(fleet->seed, call->number, call->draws++);
        action = retry_step(&fleet->work, event);
        if (!is_settled(fleet, &action))
            break;
        event->kind = RETRY_TIMER;
        event->now_ns = action.until_ns;
    }
    act(fleet, who, &action, event->now_ns);
}

/* -- events ----------------------------------------------------------------
 */

void fleet_call_begin(struct fleet *fleet, uint32_t who)
{
    struct fleet_call *call = fleet_call_at(fleet, who);
    *call = (struct fleet_call){.began_ns = fleet->now_ns,
                                .serial = call->serial + 1,
                                .number = fleet->begun++};
    fleet->tally->calls++;
    fleet_bin(fleet)->begun++;
    fleet->work = fleet->fresh;
    advance(
        fleet, who,
        &(struct retry_event){.kind = RETRY_START, .now_ns = fleet->now_ns});
}

static void end_attempt(struct fleet *fleet, uint32_t who,
                        const struct attempt_outcome *outcome)
{
    retry_unpack(&fleet_call_at(fleet, who)->packed, &fleet->work);
    advance(fleet, who,
            &(struct retry_event){.kind = RETRY_ENDED,
                                  .now_ns = fleet->now_ns,
                                  .wall_ns = fleet->now_ns,
                                  .outcome = outcome});
}

void fleet_call_timer(struct fleet *fleet, uint32_t who)
{
    struct fleet_call *call = fleet_call_at(fleet, who);
    bool is_in_flight = call->packed.phase == RETRY_PHASE_SENDING;
    if (is_in_flight && fleet->now_ns >= call->deadline_ns) {
        end_attempt(fleet, who,
                    &(const struct attempt_outcome){.end = END_TIMEOUT});
        return;
    }
    retry_unpack(&call->packed, &fleet->work);
    advance(
        fleet, who,
        &(struct retry_event){.kind = RETRY_TIMER, .now_ns = fleet->now_ns});
}

void fleet_call_answer(struct fleet *fleet, uint32_t who)
{
    const struct fleet_call *call = fleet_call_at(fleet, who);
    char seconds[16];
    struct http_header after = {"Retry-After", seconds};
    struct http_headers headers = {&after, call->retry_after_s >= 0};
    struct attempt_outcome outcome = {.end = END_REFUSED};
    if (call->status != 0) {
        outcome = (struct attempt_outcome){
            .end = END_STATUS, .status = call->status, .headers = &headers};
    }
    if (headers.count > 0)
        snprintf(seconds, sizeof seconds, "%d", call->retry_after_s);
    end_attempt(fleet, who, &outcome);
}
