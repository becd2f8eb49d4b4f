/* When calls begin, and what becomes of their memory when they end. */
#include <math.h>

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

/* The rates of a span of time that `now_ns` is in. */
static struct rate_change span_at(const struct arrivals *arrivals,
                                  int64_t now_ns)
{
    struct rate_change plain = {
        .from_ns = now_ns,
        .to_ns = arrivals->for_ns,
        .per_second = arrivals->per_second,
        .ramps_to = arrivals->per_second,
    };
    for (size_t i = 0; i < arrivals->change_count; i++) {
        const struct rate_change *change = &arrivals->changes[i];
        if (now_ns < change->from_ns) {
            plain.to_ns = change->from_ns;
            break;
        }
        if (now_ns < change->to_ns)
            return *change;
    }
    return plain;
}

/* On a ramp calls come by its higher rate, and as many are left out as its
 * height at that instant is below. */
static bool is_left_out(struct fleet *fleet, const struct rate_change *span,
                        int64_t at_ns)
{
    double from = span->per_second, to = span->ramps_to;
    if (!(from < to || from > to))
        return false;
    double way =
        (double)(at_ns - span->from_ns) / (double)(span->to_ns - span->from_ns);
    double height = (from + (to - from) * way) / fmax(from, to);
    return rng_uniform(&fleet->arrivals) >= height;
}

/* The next arrival after `now_ns`: what a Poisson process has no memory of may
 * be drawn anew where its rate changes. */
static void next_poisson(struct fleet *fleet, int64_t now_ns)
{
    const struct arrivals *arrivals = &fleet->world->arrivals;
    uint32_t client = fleet->begun % (uint32_t)fleet->world->clients;
    while (now_ns < arrivals->for_ns) {
        struct rate_change span = span_at(arrivals, now_ns);
        double mean_ns =
            (double)NS_PER_S / fmax(span.per_second, span.ramps_to);
        int64_t gap_ns = draw_exponential(mean_ns, &fleet->arrivals);
        if (gap_ns >= span.to_ns - now_ns) {
            now_ns = span.to_ns;
            continue;
        }
        now_ns += gap_ns;
        if (!is_left_out(fleet, &span, now_ns)) {
            come(fleet, client, now_ns);
            return;
        }
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
