/* Pools of every scope without a client: a profile, owners, calls. */
#ifndef RETRYSPEC_TESTS_POOL_WORLD_H
#define RETRYSPEC_TESTS_POOL_WORLD_H

#include "client/pools.h"
#include "model/units.h"

enum { LAYERS = 3, OWNERS = 3, CALLS = 40 };

/* Owners of each scope, and calls that belong to some of them. */
struct world {
    struct layer layers[LAYERS];
    struct profile profile;
    struct retry_shared shared;
    struct pool pools[POOL_SCOPES][OWNERS][LAYERS];
    struct retry_call engines[CALLS];
    struct pooled_call calls[CALLS];
};

static inline void world_init(struct world *world, size_t layers)
{
    world->profile.layers = world->layers;
    world->profile.layer_count = layers;
    retry_shared_init(&world->shared, &world->profile, 0);
    for (int scope = 0; scope < POOL_SCOPES; scope++) {
        for (int owner = 0; owner < OWNERS; owner++) {
            pools_init(world->pools[scope][owner], &world->profile);
        }
    }
}

/* Its owner in scope s is owners[s]. */
static inline void world_call(struct world *world, int call,
                              const int owners[POOL_SCOPES])
{
    struct pool *pools[POOL_SCOPES];
    for (int scope = 0; scope < POOL_SCOPES; scope++) {
        pools[scope] = world->pools[scope][owners[scope]];
    }
    retry_call_init(&world->engines[call], &world->shared,
                    &(struct retry_request){.method = "GET", .path = "/"});
    pools_call_init(&world->calls[call], &world->engines[call], pools);
}

static inline void world_equal_calls(struct world *world, int count)
{
    const int owners[POOL_SCOPES] = {0};
    for (int i = 0; i < count; i++) {
        world_call(world, i, owners);
    }
}

static inline void set_body(struct world *world, int call, int64_t bytes)
{
    world->engines[call].request.body_bytes = bytes;
}

static inline void close_limiter(struct world *world, int i, int64_t until_ns)
{
    world->shared.layers[i].limiter = (struct retry_limiter){
        .is_closed = true,
        .was_closed = true,
        .until_ns = until_ns,
    };
}

/* tinkex: 2 ms doubled up to 50 ms, times 0.75 to 1, cut to whole ms. */
static const struct backoff busy = {
    .schedule = SCHEDULE_EXPONENTIAL,
    .base_ns = 2 * NS_PER_MS,
    .factor = 2.0,
    .cap_ns = 50 * NS_PER_MS,
    .jitter = JITTER_PROPORTIONAL,
    .lo = 0.75,
    .hi = 1.0,
    .rounding = ROUND_MS_DOWN,
};

#endif
