#include <stdlib.h>
#include <string.h>

#include "lab/fleet_parts.h"
#include "model/units.h"

/* Labels of the random streams. */
enum { STREAM_NETWORK = 0x6c6162, STREAM_SERVICE, STREAM_ARRIVALS };

/* -- what a fleet can play -------------------------------------------------
 */

bool fleet_supports(const struct fleet_input *input, struct error *error)
{
    const struct profile *profile = input->profile;
    const char *what = NULL;
    if (profile->follow_up.path)
        what = "a follow-up request";
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct slots *slots = &profile->layers[i].slots;
        bool has_slots = slots->limit > 0 || slots->byte_limit > 0;
        if (has_slots && input->world->arrivals.kind == ARRIVE_POISSON)
            what = "slots that several calls of a client share";
    }
    if (what)
        error_add(error, PROBLEM_INPUT,
                  "a fleet can't play the profile \"%s\": it has %s; "
                  "retryspec sim can",
                  profile->id, what);
    return !what;
}

/* -- for the other files ---------------------------------------------------
 */

void fleet_push(struct fleet *fleet, int64_t at_ns, enum fleet_event event,
                struct queued of)
{
    uint32_t what = (uint32_t)event << SERIAL_BITS | (of.serial & SERIAL_MASK);
    struct heap_event next = {.at_ns = at_ns,
                              .of = (uint64_t)of.who << 32 | what};
    if (at_ns != NS_FOREVER && !heap_push(&fleet->heap, next))
        fleet->has_failed = true;
}

bool fleet_is_awaited(const struct fleet *fleet, struct queued of)
{
    const struct fleet_call *call = fleet_call_at(fleet, of.who);
    return !call->is_over && (call->serial & SERIAL_MASK) == of.serial;
}

void fleet_go_on(struct fleet *fleet, int64_t at_ns, enum fleet_event event,
                 struct queued of)
{
    struct fleet_call *call = fleet_call_at(fleet, of.who);
    bool is_late = !call->is_timed && call->deadline_ns <= at_ns;
    if (is_late && fleet_is_awaited(fleet, of)) {
        call->is_timed = true;
        fleet_push(fleet, call->deadline_ns, EVENT_TIMER, of);
    }
    fleet_push(fleet, at_ns, event, of);
}

int64_t fleet_leg_ns(struct fleet *fleet)
{
    return draw_delay(&fleet->world->network, fleet->normal, &fleet->network);
}

struct tally_bin *fleet_bin(struct fleet *fleet)
{
    struct tally_bin *bin = tally_bin(fleet->tally, fleet->now_ns);
    if (!bin)
        fleet->has_failed = true;
    return bin ? bin : &fleet->nowhere;
}

/* -- the loop --------------------------------------------------------------
 */

static void dispatch(struct fleet *fleet, enum fleet_event event,
                     struct queued of)
{
    bool is_stale = event == EVENT_TIMER && !fleet_is_awaited(fleet, of);
    if (is_stale)
        return;
    fleet->tally->ended_ns = fleet->now_ns;
    switch (event) {
    case EVENT_BEGIN:
        fleet_arrive(fleet, of.who);
        return;
    case EVENT_TIMER:
        fleet_call_timer(fleet, of.who);
        return;
    case EVENT_REACH:
        if (fleet->world->server.is_row)
            fleet_row_write(fleet, of);
        else
            fleet_server_reach(fleet, of);
        return;
    case EVENT_SERVED:
        fleet_server_served(fleet, of);
        return;
    case EVENT_ANSWER:
        if (fleet_is_awaited(fleet, of))
            fleet_call_answer(fleet, of.who);
        return;
    case EVENT_READ:
        fleet_row_read(fleet, of);
        return;
    case EVENT_VERSION:
        fleet_row_version(fleet, of);
        return;
    }
}

/* The memory of the call that comes next is on its way while this event is
 * dealt with: those of a large fleet are nowhere near the processor. */
static void fetch_next(const struct fleet *fleet)
{
    enum { LINE = 64, NEAR = 1 << 18 };
    if (fleet->call_count * fleet->call_size < NEAR || fleet->heap.count == 0)
        return;
    uint64_t who = heap_first(&fleet->heap).of >> 32;
    if (who >= fleet->call_count)
        return;
    const unsigned char *call = fleet->calls + who * fleet->call_size;
    for (size_t i = 0; i < fleet->call_size; i += LINE)
        __builtin_prefetch(call + i);
}

static void loop(struct fleet *fleet)
{
    int64_t ends_ns = fleet->world->ends_ns;
    while (fleet->heap.count > 0 && !fleet->has_failed) {
        struct heap_event next = heap_pop(&fleet->heap);
        if (next.at_ns > ends_ns)
            return;
        fleet->now_ns = next.at_ns;
        fleet->tally->events++;
        fetch_next(fleet);
        dispatch(fleet, (enum fleet_event)((uint32_t)next.of >> SERIAL_BITS),
                 (struct queued){.who = (uint32_t)(next.of >> 32),
                                 .serial = next.of & SERIAL_MASK});
    }
}

/* -- one run ---------------------------------------------------------------
 */

/* Each trial has streams of its own, whatever other trials there are. */
static void init_streams(struct fleet *fleet, const struct fleet_input *input)
{
    uint64_t seed = input->seed, trial = input->trial;
    struct rng calls = rng_stream(seed, 0, trial);
    fleet->network = rng_stream(seed, STREAM_NETWORK, trial);
    fleet->service = rng_stream(seed, STREAM_SERVICE, trial);
    fleet->arrivals = rng_stream(seed, STREAM_ARRIVALS, trial);
    fleet->seed = rng_next(&calls);
}

bool fleet_run(const struct fleet_input *input, struct tally *tally,
               struct error *error)
{
    struct fleet fleet = {
        .world = input->world, .profile = input->profile, .tally = tally};
    struct normal own;
    fleet.normal = input->normal ? input->normal : &own;
    if (!input->normal)
        normal_init(&own);
    memset(tally, 0, sizeof *tally);
    tally->recovery_ns = world_recovery_ns(input->world);
    init_streams(&fleet, input);
    if (fleet_calls_init(&fleet)) {
        fleet_server_init(&fleet);
        fleet_arrivals_begin(&fleet);
        loop(&fleet);
    } else {
        fleet.has_failed = true;
    }
    fleet_calls_deinit(&fleet);
    heap_deinit(&fleet.heap);
    free(fleet.server.queue);
    if (fleet.has_failed)
        error_add(error, PROBLEM_MEMORY,
                  "no memory for a fleet of %lld clients",
                  (long long)input->world->clients);
    return !fleet.has_failed;
}
