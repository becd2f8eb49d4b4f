/* Crowds of calls in pools of every kind, at random: no limit is passed,
 * nothing is leaked, and all get what they wait for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/rng.h"
#include "pool_world.h"

enum { STEPS = 20000 };

static void random_layer(struct rng *rng, struct layer *layer)
{
    layer->slots = (struct slots){
        .limit = (int64_t)(rng_next(rng) % 4),
        .scope = (enum slot_scope)(rng_next(rng) % POOL_SCOPES),
        .held = rng_next(rng) % 2 ? SLOT_HELD_CALL : SLOT_HELD_ATTEMPT,
        .throttled_limit = (int64_t)(rng_next(rng) % 3),
        .throttled_window_ns = 50,
        .byte_limit = (int64_t)(rng_next(rng) % 3) * 100,
        .byte_penalty = 3.0,
    };
    if (rng_next(rng) % 3 == 0) {
        layer->slots.ask_again = busy;
    }
}

static void check_limits(struct world *world)
{
    for (int scope = 0; scope < POOL_SCOPES; scope++) {
        for (int owner = 0; owner < OWNERS; owner++) {
            for (int i = 0; i < LAYERS; i++) {
                struct slot_pool *parts = world->pools[scope][owner][i].parts;
                for (int part = POOL_SLOTS; part <= POOL_THROTTLED; part++) {
                    assert_true(parts[part].limit == 0 ||
                                parts[part].held <= parts[part].limit);
                }
            }
        }
    }
}

static void check_nothing_is_held(struct world *world)
{
    for (int scope = 0; scope < POOL_SCOPES; scope++) {
        for (int owner = 0; owner < OWNERS; owner++) {
            for (int i = 0; i < LAYERS; i++) {
                const struct pool *pool = &world->pools[scope][owner][i];
                assert_int_equal(pool->waiting, 0);
                for (int part = 0; part < POOL_PARTS; part++) {
                    assert_int_equal(pool->parts[part].held, 0);
                    assert_int_equal(pool->parts[part].waiting, 0);
                    assert_null(pool->parts[part].first);
                }
            }
        }
    }
}

enum doing { IDLE, QUEUED, RUNNING, WAITING };

/* Calls that run, wait, go on to their follow-up, and are cancelled. */
struct crowd {
    struct world world;
    enum doing doing[CALLS];
    bool is_told[CALLS];
    int64_t done;
};

static void tell(struct crowd *crowd, struct pooled_call *served)
{
    for (; served; served = served->also) {
        crowd->is_told[served - crowd->world.calls] = true;
    }
}

static void ask(struct crowd *crowd, int i, int64_t now_ns)
{
    crowd->is_told[i] = false;
    bool is_held = pools_acquire(&crowd->world.calls[i], now_ns);
    crowd->doing[i] = is_held ? RUNNING : QUEUED;
    crowd->done += is_held;
}

static void leave(struct crowd *crowd, int i)
{
    tell(crowd, pools_release(&crowd->world.calls[i]));
    crowd->doing[i] = IDLE;
    crowd->world.engines[i].step = 0;
}

static void go_on(struct crowd *crowd, struct rng *rng, int i)
{
    struct pooled_call *call = &crowd->world.calls[i];
    switch (rng_next(rng) % 4) {
    case 0:
        crowd->world.engines[i].waiting_layer = (int)(rng_next(rng) % LAYERS);
        tell(crowd, pools_release_for_wait(call));
        crowd->doing[i] = WAITING;
        return;
    case 1:
        crowd->world.engines[i].step ^= 1;
        tell(crowd, pools_release_for_step(call));
        crowd->doing[i] = QUEUED;
        crowd->is_told[i] = true;
        return;
    default:
        leave(crowd, i);
    }
}

static void act(struct crowd *crowd, struct rng *rng, int64_t now_ns)
{
    int i = (int)(rng_next(rng) % CALLS);
    bool asks_by_itself =
        pools_ask_again_ns(&crowd->world.calls[i], 0, 0.5) != NS_FOREVER;
    switch (crowd->doing[i]) {
    case IDLE:
        set_body(&crowd->world, i, (int64_t)(rng_next(rng) % 150));
        ask(crowd, i, now_ns);
        return;
    case QUEUED:
        if (rng_next(rng) % 50 == 0) {
            leave(crowd, i);
        } else if (crowd->is_told[i] || asks_by_itself) {
            ask(crowd, i, now_ns);
        }
        return;
    case RUNNING:
        go_on(crowd, rng, i);
        return;
    case WAITING:
        ask(crowd, i, now_ns);
        return;
    }
}

/* Nobody new comes: everyone must get what he waits for and end. */
static void drain(struct crowd *crowd)
{
    bool is_moving = true;
    while (is_moving) {
        is_moving = false;
        for (int i = 0; i < CALLS; i++) {
            bool asks_by_itself = crowd->doing[i] == QUEUED &&
                                  pools_ask_again_ns(&crowd->world.calls[i], 0,
                                                     0.5) != NS_FOREVER;
            if (crowd->is_told[i] || asks_by_itself ||
                crowd->doing[i] == WAITING) {
                ask(crowd, i, STEPS);
                is_moving |= crowd->doing[i] == RUNNING;
            }
            if (crowd->doing[i] == RUNNING) {
                leave(crowd, i);
                is_moving = true;
            }
        }
    }
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(crowd->doing[i], IDLE);
    }
}

static void random_crowd(uint64_t seed)
{
    struct rng rng = rng_stream(seed, 0, 0);
    struct crowd crowd = {0};
    struct world *world = &crowd.world;
    for (int i = 0; i < LAYERS; i++) {
        random_layer(&rng, &world->layers[i]);
    }
    world_init(world, LAYERS);
    for (int i = 0; i < CALLS; i++) {
        int owners[POOL_SCOPES];
        for (int scope = 0; scope < POOL_SCOPES; scope++) {
            owners[scope] = (int)(rng_next(&rng) % OWNERS);
        }
        world_call(world, i, owners);
        world->engines[i].covers[0] = (uint8_t)(rng_next(&rng) % 8);
        world->engines[i].covers[1] = (uint8_t)(rng_next(&rng) % 8);
    }
    for (int now = 0; now < STEPS; now++) {
        if (rng_next(&rng) % 200 == 0) {
            close_limiter(world, (int)(rng_next(&rng) % LAYERS), now + 20);
        }
        act(&crowd, &rng, now);
        check_limits(world);
    }
    assert_true(crowd.done > STEPS / 20);
    drain(&crowd);
    check_nothing_is_held(world);
}

static void test_random_crowds(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        random_crowd(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_crowds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
