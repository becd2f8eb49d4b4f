/* When calls begin, and what becomes of their memory when they end. */
#include "lab/fleet_parts.h"
#include "model/units.h"

static int64_t think_ns(struct fleet *fleet)
{
    int64_t mean_ns = fleet->world->arrivals.think_ns;
    return mean_ns == 0 ? 0
                        : draw_exponential((double)mean_ns, &fleet->arrivals);
}

static void come(struct fleet *fleet, uint32_t client, int64_t at_ns)
{
    fleet_push(fleet, at_ns, EVENT_BEGIN, (struct queued){.who = client});
}

/* -- an open loop ----------------------------------------------------------
 */

static double rate_at(const struct arrivals *arrivals, int64_t now_ns,
                      int64_t *until_ns)
{
    *until_ns = arrivals->for_ns;
    for (size_t i = 0; i < arrivals->change_count; i++) {
        const struct rate_change *change = &arrivals->changes[i];
        if (now_ns < change->from_ns) {
            *until_ns = change->from_ns;
            break;
        }
        if (now_ns < change->to_ns) {
            *until_ns = change->to_ns;
            return change->per_second;
        }
    }
    return arrivals->per_second;
}

/* The next arrival after `now_ns`: what a Poisson process has no memory of may
 * be drawn anew where its rate changes. */
static void next_poisson(struct fleet *fleet, int64_t now_ns)
{
    const struct arrivals *arrivals = &fleet->world->arrivals;
    uint32_t client = fleet->begun % (uint32_t)fleet->world->clients;
    while (now_ns < arrivals->for_ns) {
        int64_t until_ns;
        double mean_ns =
            (double)NS_PER_S / rate_at(arrivals, now_ns, &until_ns);
        int64_t gap_ns = draw_exponential(mean_ns, &fleet->arrivals);
        if (gap_ns < until_ns - now_ns) {
            come(fleet, client, now_ns + gap_ns);
            return;
        }
        now_ns = until_ns;
    }
}

/* -- all of them -----------------------------------------------------------
 */

void fleet_arrivals_begin(struct fleet *fleet)
{
    const struct arrivals *arrivals = &fleet->world->arrivals;
    uint32_t clients = (uint32_t)fleet->world->clients;
    double spread_ns = (double)arrivals->spread_ns;
    if (arrivals->kind == ARRIVE_POISSON) {
        next_poisson(fleet, 0);
        return;
    }
    fleet->has_failed |= !heap_reserve(&fleet->heap, 2 * (size_t)clients);
    for (uint32_t i = 0; i < clients; i++) {
        int64_t at_ns = 0;
        if (arrivals->kind == ARRIVE_UNIFORM)
            at_ns = (int64_t)(spread_ns * rng_uniform(&fleet->arrivals));
        else if (arrivals->kind == ARRIVE_CLOSED)
            at_ns = think_ns(fleet);
        come(fleet, i, at_ns);
    }
}

/* Memory of a call that is over, or new one. */
static uint32_t take_call(struct fleet *fleet)
{
    uint32_t who = fleet->free_call;
    if (who == NO_CALL) {
        fleet->has_failed |= !fleet_calls_grow(fleet);
        who = fleet->free_call;
    }
    if (!fleet->has_failed)
        fleet->free_call = fleet_call_at(fleet, who)->number;
    return who;
}

void fleet_arrive(struct fleet *fleet, uint32_t client)
{
    uint32_t who = client;
    if (fleet->world->arrivals.kind == ARRIVE_POISSON) {
        who = take_call(fleet);
        if (fleet->has_failed)
            return;
    }
    fleet_call_begin(fleet, who);
    if (fleet->world->arrivals.kind == ARRIVE_POISSON)
        next_poisson(fleet, fleet->now_ns);
}

void fleet_leave(struct fleet *fleet, uint32_t who)
{
    struct fleet_call *call = fleet_call_at(fleet, who);
    call->is_over = true;
    if (fleet->world->arrivals.kind == ARRIVE_POISSON) {
        call->number = fleet->free_call;
        fleet->free_call = who;
    } else if (fleet->calls_left && --fleet->calls_left[who] > 0) {
        come(fleet, who, fleet->now_ns + think_ns(fleet));
    }
}
