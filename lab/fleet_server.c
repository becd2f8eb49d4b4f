/* The server of a world: what it does with a request, and when. */
#include <stdlib.h>

#include "lab/fleet_parts.h"
#include "model/units.h"

enum { STATUS_OK = 200, STATUS_BUSY = 503, STATUS_REFUSED = 0 };

void fleet_server_init(struct fleet *fleet)
{
    fleet->server =
        (struct fleet_server){.tokens = fleet->world->server.limiter.burst};
}

static void waste(struct fleet *fleet)
{
    fleet->tally->wasted += fleet->now_ns >= fleet->tally->recovery_ns;
}

void fleet_answer(struct fleet *fleet, struct queued of, int status,
                  int64_t retry_after_s)
{
    struct fleet_call *call = fleet_call_at(fleet, of.who);
    bool is_wanted = fleet_is_awaited(fleet, of);
    if (status != STATUS_OK || !is_wanted)
        waste(fleet);
    if (!is_wanted)
        return;
    call->status = (uint16_t)status;
    call->retry_after_s = (int32_t)retry_after_s;
    fleet_go_on(fleet, fleet->now_ns + fleet_leg_ns(fleet), EVENT_ANSWER, of);
}

/* -- outages ---------------------------------------------------------------
 */

static const struct outage *outage_now(struct fleet *fleet)
{
    const struct capacity *server = &fleet->world->server;
    size_t *i = &fleet->server.outage;
    while (*i < server->outage_count &&
           fleet->now_ns >= server->outages[*i].to_ns)
        (*i)++;
    if (*i == server->outage_count ||
        fleet->now_ns < server->outages[*i].from_ns)
        return NULL;
    return &server->outages[*i];
}

/* Rounded up: not before it ends. */
static int64_t seconds_left(const struct fleet *fleet,
                            const struct outage *outage)
{
    return (outage->to_ns - fleet->now_ns + NS_PER_S - 1) / NS_PER_S;
}

static bool is_out(struct fleet *fleet, struct queued of)
{
    const struct outage *outage = outage_now(fleet);
    if (!outage ||
        (outage->share < 1 && rng_uniform(&fleet->service) >= outage->share))
        return false;
    switch (outage->kind) {
    case OUTAGE_STATUS:
        fleet_answer(fleet, of, outage->status,
                     outage->tells_end ? seconds_left(fleet, outage)
                                       : outage->retry_after_s);
        break;
    case OUTAGE_REFUSED:
        fleet_answer(fleet, of, STATUS_REFUSED, -1);
        break;
    case OUTAGE_HANG:
        fleet_go_on(fleet, NS_FOREVER, EVENT_ANSWER, of);
        break;
    }
    return true;
}

/* -- what it can do --------------------------------------------------------
 */

static bool is_limited(struct fleet *fleet, struct queued of)
{
    const struct capacity_limiter *limiter = &fleet->world->server.limiter;
    struct fleet_server *server = &fleet->server;
    if (!limiter->is_used)
        return false;
    double gone_s =
        (double)(fleet->now_ns - server->tokens_ns) / (double)NS_PER_S;
    server->tokens += gone_s * limiter->per_second;
    if (server->tokens > limiter->burst)
        server->tokens = limiter->burst;
    server->tokens_ns = fleet->now_ns;
    if (server->tokens < 1) {
        fleet_answer(fleet, of, limiter->status, limiter->retry_after_s);
        return true;
    }
    server->tokens -= 1;
    return false;
}

/* -- service and queue -----------------------------------------------------
 */

static void serve(struct fleet *fleet, struct queued of)
{
    const struct capacity *capacity = &fleet->world->server;
    int64_t active = ++fleet->server.active;
    int64_t takes_ns =
        draw_delay(&capacity->latency, fleet->normal, &fleet->service) +
        capacity->latency_per_active_ns * active;
    fleet_go_on(fleet, fleet->now_ns + takes_ns, EVENT_SERVED, of);
}

static bool grow_queue(struct fleet_server *server)
{
    size_t room = server->queue_room ? 2 * server->queue_room : 64;
    struct queued *queue = malloc(room * sizeof *queue);
    if (!queue)
        return false;
    for (size_t i = 0; i < server->queue_count; i++)
        queue[i] =
            server->queue[(server->queue_first + i) % server->queue_room];
    free(server->queue);
    server->queue = queue;
    server->queue_first = 0;
    server->queue_room = room;
    return true;
}

static void enqueue(struct fleet *fleet, struct queued of)
{
    struct fleet_server *server = &fleet->server;
    if (server->queue_count == server->queue_room && !grow_queue(server)) {
        fleet->has_failed = true;
        return;
    }
    of.since_ns = fleet->now_ns;
    server->queue[(server->queue_first + server->queue_count++) %
                  server->queue_room] = of;
    fleet_go_on(fleet, NS_FOREVER, EVENT_SERVED, of);
}

static void dequeue(struct fleet *fleet)
{
    struct fleet_server *server = &fleet->server;
    if (server->queue_count == 0)
        return;
    struct queued of = server->queue[server->queue_first];
    server->queue_first = (server->queue_first + 1) % server->queue_room;
    server->queue_count--;
    histogram_add(&fleet->tally->queue, fleet->now_ns - of.since_ns);
    serve(fleet, of);
}

static bool fails_by_chance(struct fleet *fleet)
{
    double chance = fleet->world->server.fails;
    return chance > 0 && rng_uniform(&fleet->service) < chance;
}

void fleet_server_reach(struct fleet *fleet, struct queued of)
{
    const struct capacity *capacity = &fleet->world->server;
    struct fleet_server *server = &fleet->server;
    fleet->tally->arrivals++;
    fleet_bin(fleet)->arrivals++;
    if (is_out(fleet, of))
        return;
    if (fails_by_chance(fleet)) {
        fleet_answer(fleet, of, STATUS_BUSY, -1);
        return;
    }
    if (is_limited(fleet, of))
        return;
    if (capacity->concurrency == 0 || server->active < capacity->concurrency)
        serve(fleet, of);
    else if ((int64_t)server->queue_count < capacity->queue)
        enqueue(fleet, of);
    else
        fleet_answer(fleet, of, STATUS_BUSY, -1);
}

/* It does not know whether anybody still waits for what it does. */
void fleet_server_served(struct fleet *fleet, struct queued of)
{
    fleet->server.active--;
    fleet_answer(fleet, of, STATUS_OK, -1);
    dequeue(fleet);
}
