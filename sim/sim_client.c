/* Client objects, and what they share: handlers, sessions, pools. As
 * client/driver_clients.c. */
#include <stdlib.h>

#include "sim/sim_parts.h"

static const struct workload *workload_of(const struct sim_world *world)
{
    return &world->scenario->workload;
}

/* -- handlers ---------------------------------------------------------------
 */

static struct sim_handler *make_handler(struct sim_world *world)
{
    const struct profile *profile = &world->profile;
    struct sim_handler *handler =
        calloc(1, sizeof *handler + profile->layer_count * sizeof(struct pool));
    if (!handler) {
        return NULL;
    }
    retry_shared_init(&handler->shared, profile, sim_now(world));
    for (size_t i = 0; i < profile->layer_count; i++) {
        if (profile->layers[i].rate_limiter.scope == LIMITER_URL_AND_KEY) {
            handler->shared.layers[i].wider_limiter = &world->limiters[i];
        }
    }
    pools_init(handler->pools, profile);
    return handler;
}

static bool enter_handler(struct sim_client *client)
{
    struct sim_world *world = client->world;
    struct handler_key key = {client->session, &world->profile};
    struct handler_entry *entry = handler_cache_use(&world->handlers, key);
    if (!entry) {
        struct sim_handler *handler = make_handler(world);
        if (!handler) {
            return false;
        }
        entry = &handler->entry;
        free(handler_cache_put(&world->handlers, entry, key));
    }
    client->handler = (struct sim_handler *)(void *)entry;
    return true;
}

static void leave_handler(struct sim_client *client)
{
    if (client->handler && handler_cache_leave(&client->handler->entry)) {
        free(client->handler);
    }
    client->handler = NULL;
}

/* -- set-up -----------------------------------------------------------------
 */

static void init_client(struct sim_world *world, int64_t index)
{
    struct sim_client *client = &world->clients[index];
    size_t layers = world->profile.layer_count;
    client->world = world;
    client->index = client->session = index;
    client->pools = &world->client_pools[(size_t)index * layers];
    client->session_pools = &world->session_pools[(size_t)index * layers];
    pools_init(client->pools, &world->profile);
    pools_init(client->session_pools, &world->profile);
    client->timer = (struct timer){.owner = client, .kind = SIM_TIMER_CLIENT};
    sim_clock_set(&world->clock, &client->timer,
                  caller_start_ns(workload_of(world), index));
}

bool sim_clients_init(struct sim_world *world)
{
    int64_t count = workload_of(world)->clients;
    /* calloc(0) may give NULL, which is no want of memory. */
    size_t pools = (size_t)count * world->profile.layer_count + 1;
    world->clients = calloc((size_t)count, sizeof *world->clients);
    world->client_pools = calloc(pools, sizeof *world->client_pools);
    world->session_pools = calloc(pools, sizeof *world->session_pools);
    if (!world->clients || !world->client_pools || !world->session_pools) {
        return false;
    }
    handler_cache_init(&world->handlers, world->profile.handler_cache);
    pools_init(world->process_pools, &world->profile);
    pools_init(world->url_pools, &world->profile);
    world->clients_left = count;
    for (int64_t i = 0; i < count; i++) {
        init_client(world, i);
    }
    return true;
}

void sim_clients_deinit(struct sim_world *world)
{
    int64_t count = world->clients ? workload_of(world)->clients : 0;
    for (int64_t i = 0; i < count; i++) {
        leave_handler(&world->clients[i]);
    }
    struct handler_entry *entry;
    while ((entry = handler_cache_pop(&world->handlers))) {
        free(entry);
    }
    free(world->session_pools);
    free(world->client_pools);
    free(world->clients);
}

/* -- at work ----------------------------------------------------------------
 */

void sim_client_on_timer(struct sim_client *client)
{
    struct sim_world *world = client->world;
    const struct workload *workload = workload_of(world);
    if (!client->handler && !enter_handler(client)) {
        sim_fail_memory(world);
        return;
    }
    while (client->active < workload->concurrency &&
           client->next_call < workload->calls && !world->has_failed) {
        sim_call_begin(client);
    }
    if (client->active == 0 && client->next_call == workload->calls) {
        sim_clock_set(&world->clock, &client->timer, NS_FOREVER);
        leave_handler(client);
        world->clients_left--;
    }
}
