/* Pools at their edges: each of these stands for a fault that no other test
 * noticed (scripts/mutate). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/units.h"
#include "pool_world.h"

static bool asks(struct world *world, int call)
{
    return pools_acquire(&world->calls[call], 0);
}

static int64_t held(struct world *world, int i, enum pool_part part)
{
    return pools_find(&world->calls[0], i)->parts[part].held;
}

/* -- storage ----------------------------------------------------------------
 */

/* Pools are set up in whatever memory there is, and in no more of it than the
 * profile has layers. */
static void test_pools_in_used_memory(void **state)
{
    (void)state;
    struct pool pools[LAYERS], untouched;
    struct layer layers[LAYERS] = {0};
    struct profile profile = {.layers = layers, .layer_count = LAYERS - 1};
    memset(pools, 0x55, sizeof pools);
    memset(&untouched, 0x55, sizeof untouched);
    pools_init(pools, &profile);
    assert_int_equal(pools[0].waiting, 0);
    assert_int_equal(pools[1].waiting, 0);
    assert_memory_equal(&pools[2], &untouched, sizeof untouched);
}

static void init_eight_layers(struct layer layers[PROFILE_LAYERS_MAX],
                              struct pool pools[PROFILE_LAYERS_MAX],
                              struct profile *profile)
{
    for (int i = 0; i < PROFILE_LAYERS_MAX; i++)
        layers[i].slots.limit = 1;
    *profile =
        (struct profile){.layers = layers, .layer_count = PROFILE_LAYERS_MAX};
    pools_init(pools, profile);
}

/* With all layers there may be, in each of the three ways to give back. */
static void test_eight_layers(void **state)
{
    (void)state;
    struct layer layers[PROFILE_LAYERS_MAX] = {0};
    struct pool pools[PROFILE_LAYERS_MAX];
    struct profile profile;
    init_eight_layers(layers, pools, &profile);
    struct retry_shared shared;
    struct retry_call engine;
    struct pooled_call call;
    struct pool *owners[POOL_SCOPES];
    for (int i = 0; i < POOL_SCOPES; i++)
        owners[i] = pools;
    retry_shared_init(&shared, &profile, 0);
    retry_call_init(&engine, &shared,
                    &(struct retry_request){.method = "GET", .path = "/"});
    pools_call_init(&call, &engine, owners);
    struct pooled_call *(*const gives_back[])(struct pooled_call *) = {
        pools_release_for_wait, pools_release_for_step, pools_release};
    static const int kept[] = {7, 8, 0};
    engine.waiting_layer = 7;
    layers[7].slots.held = SLOT_HELD_ATTEMPT;
    for (int way = 0; way < 3; way++) {
        assert_true(pools_acquire(&call, 0));
        assert_null(gives_back[way](&call));
        int64_t all = 0;
        for (int i = 0; i < PROFILE_LAYERS_MAX; i++)
            all += pools[i].parts[POOL_SLOTS].held;
        assert_int_equal(all, kept[way]);
    }
}

/* -- what is held -----------------------------------------------------------
 */

/* Nothing is held of what has no limit, and of what has one, only that. */
static void test_parts_without_a_limit(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots.limit = 1;
    world.layers[1].slots.throttled_limit = 1;
    world.layers[2].slots.byte_limit = 1;
    world_init(&world, LAYERS);
    world_equal_calls(&world, 1);
    set_body(&world, 0, 7);
    close_limiter(&world, 2, NS_PER_S);
    assert_true(asks(&world, 0));
    static const int64_t expected[LAYERS][POOL_PARTS] = {
        {1, 0, 0}, {0, 1, 0}, {0, 0, 7}};
    for (int i = 0; i < LAYERS; i++) {
        for (int part = 0; part < POOL_PARTS; part++)
            assert_int_equal(held(&world, i, (enum pool_part)part),
                             expected[i][part]);
    }
}

/* S3-11: no penalty, no more weight; and none makes a body heavier than 2^53
 * bytes. */
static void test_weights_in_the_throttled_window(void **state)
{
    (void)state;
    static const struct {
        double penalty;
        int64_t bytes, weight;
    } cases[] = {
        {0, 7, 7},
        {0.5, 8, 4},
        {20, 7, 140},
        {20, INT64_C(1) << 60, INT64_C(1) << 53},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world = {0};
        world.layers[0].slots =
            (struct slots){.byte_limit = 1, .byte_penalty = cases[i].penalty};
        world_init(&world, 1);
        world_equal_calls(&world, 1);
        close_limiter(&world, 0, NS_PER_S);
        set_body(&world, 0, cases[i].bytes);
        assert_true(asks(&world, 0));
        assert_int_equal(held(&world, 0, POOL_BYTES), cases[i].weight);
    }
}

/* -- asking again -----------------------------------------------------------
 */

/* Who was refused a throttled slot goes on asking for it after the window, when
 * others need none any more (tinkex). */
static void test_refused_before_the_window_ended(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots =
        (struct slots){.throttled_limit = 1, .ask_again = busy};
    world_init(&world, 1);
    world_equal_calls(&world, 3);
    close_limiter(&world, 0, NS_PER_S);
    assert_true(asks(&world, 0));
    assert_false(asks(&world, 1));
    assert_true(pools_acquire(&world.calls[2], NS_PER_S));
    assert_false(pools_acquire(&world.calls[1], NS_PER_S));
    assert_null(pools_release(&world.calls[0]));
    assert_true(pools_acquire(&world.calls[1], NS_PER_S));
    assert_int_equal(held(&world, 0, POOL_THROTTLED), 1);
}

/* P33: each slot that is asked for has delays of its own, from the first. */
static void test_each_part_counts_its_own_refusals(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots =
        (struct slots){.limit = 2, .throttled_limit = 1, .ask_again = busy};
    world_init(&world, 1);
    world_equal_calls(&world, 3);
    close_limiter(&world, 0, NS_PER_S);
    assert_true(asks(&world, 0));
    assert_false(asks(&world, 1)); /* has a slot, but no throttled one */
    struct pooled_call *last = &world.calls[2];
    for (int i = 0; i < 4; i++)
        assert_false(asks(&world, 2));
    assert_int_equal(pools_ask_again_ns(last, 0, 0), 12 * NS_PER_MS);
    pools_release(&world.calls[1]);
    assert_false(asks(&world, 2));
    assert_int_equal(pools_ask_again_ns(last, 0, 0), 1 * NS_PER_MS);
}

/* Having asked for its slot, it is told about its bytes. */
static void test_refused_then_told(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots =
        (struct slots){.limit = 2, .byte_limit = 1, .ask_again = busy};
    world_init(&world, 1);
    world_equal_calls(&world, 3);
    set_body(&world, 0, 9);
    assert_true(asks(&world, 0));
    assert_false(asks(&world, 1)); /* waits for bytes */
    assert_false(asks(&world, 2)); /* waits for a slot */
    assert_int_not_equal(pools_ask_again_ns(&world.calls[2], 0, 0), NS_FOREVER);
    pools_release(&world.calls[1]);
    assert_false(asks(&world, 2));
    assert_int_equal(pools_ask_again_ns(&world.calls[2], 0, 0), NS_FOREVER);
    assert_ptr_equal(pools_release(&world.calls[0]), &world.calls[2]);
}

/* By the law of the layer whose slot is taken. */
static void test_whose_law_it_asks_by(void **state)
{
    (void)state;
    struct world world = {0};
    for (int i = 0; i < LAYERS; i++) {
        world.layers[i].slots = (struct slots){.limit = 2, .ask_again = busy};
        world.layers[i].slots.ask_again.base_ns = (i + 1) * NS_PER_S;
        world.layers[i].slots.ask_again.cap_ns = NS_FOREVER;
    }
    world.layers[1].slots.limit = 1;
    world_init(&world, LAYERS);
    world_equal_calls(&world, 2);
    assert_true(asks(&world, 0));
    assert_false(asks(&world, 1));
    assert_int_equal(pools_ask_again_ns(&world.calls[1], 0, 0),
                     1500 * NS_PER_MS);
}

/* -- follow-up requests -----------------------------------------------------
 */

/* What both requests need stays held between them: nobody waiting for it comes
 * first. */
static void test_slots_of_both_requests_are_kept(void **state)
{
    (void)state;
    struct world world = {0};
    for (int i = 0; i < LAYERS; i++)
        world.layers[i].slots.limit = i == 0 ? 2 : 1;
    world_init(&world, LAYERS);
    world_equal_calls(&world, 2);
    world.engines[0].covers[0] = world.engines[0].covers[1] = 7;
    assert_true(asks(&world, 0));
    assert_false(asks(&world, 1));
    world.engines[0].step = 1;
    assert_null(pools_release_for_step(&world.calls[0]));
    for (int i = 0; i < LAYERS; i++)
        assert_int_equal(held(&world, i, POOL_SLOTS), i == 0 ? 2 : 1);
    assert_true(asks(&world, 0));
}

/* It asks no longer for the slot that refused it: the next one is told. */
static void test_refusals_are_forgotten_with_the_step(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots = (struct slots){.limit = 1, .ask_again = busy};
    world.layers[1].slots.limit = 1;
    world_init(&world, 2);
    world_equal_calls(&world, 2);
    world.engines[1].covers[0] = 1;
    world.engines[1].covers[1] = 2;
    assert_true(asks(&world, 0));
    assert_false(asks(&world, 1));
    world.engines[1].step = 1;
    assert_null(pools_release_for_step(&world.calls[1]));
    assert_int_equal(pools_find(&world.calls[0], 0)->waiting, 0);
    assert_false(asks(&world, 1));
    assert_int_equal(pools_ask_again_ns(&world.calls[1], 0, 0), NS_FOREVER);
    assert_ptr_equal(pools_release(&world.calls[0]), &world.calls[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pools_in_used_memory),
        cmocka_unit_test(test_eight_layers),
        cmocka_unit_test(test_parts_without_a_limit),
        cmocka_unit_test(test_weights_in_the_throttled_window),
        cmocka_unit_test(test_refused_before_the_window_ended),
        cmocka_unit_test(test_each_part_counts_its_own_refusals),
        cmocka_unit_test(test_refused_then_told),
        cmocka_unit_test(test_whose_law_it_asks_by),
        cmocka_unit_test(test_slots_of_both_requests_are_kept),
        cmocka_unit_test(test_refusals_are_forgotten_with_the_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
