/* What calls must hold before they begin: who shares it, in which order it is
 * asked for, and that nothing is leaked or waited for in a circle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/units.h"
#include "pool_world.h"

static bool asks(struct world *world, int call)
{
    return pools_acquire(&world->calls[call], 0);
}

/* -- who shares -------------------------------------------------------------
 */

/* Limit 1, two calls that differ in every owner but those of `same`. */
static bool run_in_parallel(enum slot_scope scope, unsigned same)
{
    struct world world = {0};
    int owners[POOL_SCOPES];
    world.layers[0].slots = (struct slots){.limit = 1, .scope = scope};
    world_init(&world, 1);
    for (int call = 0; call < 2; call++) {
        for (int i = 0; i < POOL_SCOPES; i++) {
            owners[i] = same >> i & 1 ? 0 : call;
        }
        world_call(&world, call, owners);
    }
    assert_true(asks(&world, 0));
    return asks(&world, 1);
}

/* S1-69, S3-16: whether two calls run side by side depends on their owner of
 * that scope alone. */
static void test_scopes(void **state)
{
    (void)state;
    for (int scope = 0; scope < POOL_SCOPES; scope++) {
        unsigned own = 1u << scope, all = (1u << POOL_SCOPES) - 1;
        assert_true(run_in_parallel((enum slot_scope)scope, 0));
        assert_true(run_in_parallel((enum slot_scope)scope, all & ~own));
        assert_false(run_in_parallel((enum slot_scope)scope, own));
    }
}

static void test_a_layer_without_slots_needs_no_pool(void **state)
{
    (void)state;
    struct world world = {0};
    world_init(&world, 1);
    world_equal_calls(&world, 1);
    assert_null(pools_find(&world.calls[0], 0));
    assert_true(asks(&world, 0));
    assert_null(pools_release(&world.calls[0]));
}

/* -- slots, throttled slots, bytes ------------------------------------------
 */

/* S3-01, S3-05, S3-06, S3-07: small numbers of tinker's dispatch. */
static struct slots dispatch(void)
{
    return (struct slots){
        .limit = 4,
        .throttled_limit = 1,
        .throttled_window_ns = 10 * NS_PER_S,
        .byte_limit = 1000,
        .byte_penalty = 20.0,
    };
}

/* S1-38: who waits is counted, and no longer when cancelled. */
static void test_first_come_first_served_and_cancelled(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots.limit = 1;
    world_init(&world, 1);
    world_equal_calls(&world, 4);
    struct pool *pool = pools_find(&world.calls[0], 0);
    assert_true(asks(&world, 0));
    for (int i = 1; i < 4; i++) {
        assert_false(asks(&world, i));
        assert_false(asks(&world, i)); /* asking twice changes nothing */
        assert_int_equal(pool->waiting, i);
    }
    assert_null(pools_release(&world.calls[1])); /* cancelled */
    assert_int_equal(pool->waiting, 2);
    assert_ptr_equal(pools_release(&world.calls[0]), &world.calls[2]);
    assert_ptr_equal(pools_release(&world.calls[2]), &world.calls[3]);
    assert_true(asks(&world, 3));
    assert_int_equal(pool->waiting, 0);
    assert_null(pools_release(&world.calls[3]));
    assert_int_equal(pool->parts[POOL_SLOTS].held, 0);
}

/* S3-06, S3-12: the further slots count from the closing of the limiter until
 * 10 s after its end, looked at when a call comes to them. */
static void test_throttled_slots(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots = dispatch();
    world_init(&world, 1);
    world_equal_calls(&world, 6);
    assert_true(pools_acquire(&world.calls[0], 0));
    close_limiter(&world, 0, 5 * NS_PER_S);
    assert_true(pools_acquire(&world.calls[1], 1 * NS_PER_S));
    assert_false(pools_acquire(&world.calls[2], 15 * NS_PER_S - 1));
    assert_true(pools_acquire(&world.calls[3], 15 * NS_PER_S));
    /* It has its slot, so the next one waits for that. */
    assert_false(pools_acquire(&world.calls[4], 15 * NS_PER_S));
    assert_null(pools_release(&world.calls[4]));
    assert_ptr_equal(pools_release(&world.calls[1]), &world.calls[2]);
    assert_true(pools_acquire(&world.calls[2], 16 * NS_PER_S));
}

/* A layer may have no slots but those while it is throttled. */
static void test_throttled_slots_alone(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots = (struct slots){
        .throttled_limit = 1,
        .throttled_window_ns = NS_PER_S,
    };
    world_init(&world, 1);
    world_equal_calls(&world, 3);
    assert_true(asks(&world, 0));
    close_limiter(&world, 0, 1);
    assert_true(asks(&world, 1));
    assert_false(asks(&world, 2));
}

/* S3-07: waits only while the balance is below 0, so one may overshoot it. */
static void test_bytes_may_overshoot(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots = dispatch();
    world_init(&world, 1);
    world_equal_calls(&world, 4);
    set_body(&world, 0, 1000);
    set_body(&world, 1, 1);
    set_body(&world, 2, 0);
    assert_true(asks(&world, 0)); /* balance 0 */
    assert_true(asks(&world, 1)); /* balance -1 */
    assert_false(asks(&world, 2));
    assert_ptr_equal(pools_release(&world.calls[1]), &world.calls[2]);
    assert_true(asks(&world, 2));
}

/* S3-11: twenty-fold in the throttled window; and released as it was taken,
 * though the window is over by then. */
static void test_byte_penalty(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots = dispatch();
    world.layers[0].slots.throttled_limit = 0;
    world_init(&world, 1);
    world_equal_calls(&world, 3);
    struct pool *pool = pools_find(&world.calls[0], 0);
    close_limiter(&world, 0, 1);
    set_body(&world, 0, 51);
    assert_true(pools_acquire(&world.calls[0], 2));
    assert_int_equal(pool->parts[POOL_BYTES].held, 51 * 20);
    assert_false(pools_acquire(&world.calls[1], 2));
    assert_ptr_equal(pools_release(&world.calls[0]), &world.calls[1]);
    assert_int_equal(pool->parts[POOL_BYTES].held, 0);
}

/* One body given back may let several in. */
static void test_one_release_serves_many(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots.byte_limit = 10;
    world_init(&world, 1);
    world_equal_calls(&world, 4);
    for (int i = 0; i < 4; i++) {
        set_body(&world, i, i == 0 ? 100 : 4);
        assert_true(asks(&world, i) == (i == 0));
    }
    struct pooled_call *served = pools_release(&world.calls[0]);
    for (int i = 1; i < 4; i++) {
        assert_ptr_equal(served, &world.calls[i]);
        assert_true(asks(&world, i));
        served = served->also;
    }
    assert_null(served);
}

/* -- asking again -----------------------------------------------------------
 */

/* P33: the golden delays of the profile tinkex-semaphore-acquire. */
static void test_asking_again(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots = (struct slots){.limit = 1, .ask_again = busy};
    world_init(&world, 1);
    world_equal_calls(&world, 3);
    struct pooled_call *waiter = &world.calls[1];
    assert_true(asks(&world, 0));
    const double us[] = {0, 0.25, 0, 0.5, 0, 0.75};
    const int64_t ms[] = {1, 3, 6, 14, 24, 46};
    for (int i = 0; i < 6; i++) {
        assert_false(pools_acquire(waiter, 0));
        assert_int_equal(pools_find(waiter, 0)->waiting, 1);
        assert_int_equal(pools_ask_again_ns(waiter, 5, us[i]),
                         5 + ms[i] * NS_PER_MS);
    }
    assert_null(pools_release(&world.calls[0])); /* nobody is told */
    assert_true(asks(&world, 2));                /* who comes first has it */
    assert_false(pools_acquire(waiter, 0));
    assert_null(pools_release(&world.calls[2]));
    assert_true(pools_acquire(waiter, 0));
    assert_int_equal(pools_find(waiter, 0)->waiting, 0);
}

static void test_who_is_told_does_not_ask(void **state)
{
    (void)state;
    struct world world = {0};
    world.layers[0].slots = (struct slots){.byte_limit = 1, .ask_again = busy};
    world_init(&world, 1);
    world_equal_calls(&world, 2);
    set_body(&world, 0, 2);
    assert_true(asks(&world, 0));
    assert_false(asks(&world, 1));
    assert_int_equal(pools_ask_again_ns(&world.calls[1], 0, 0.5), NS_FOREVER);
    assert_ptr_equal(pools_release(&world.calls[0]), &world.calls[1]);
}

/* -- waits between attempts, and follow-up requests -------------------------
 */

static int64_t held(struct world *world, int i)
{
    return pools_find(&world->calls[0], i)->parts[POOL_SLOTS].held;
}

/* S1-18: slots held for the call stay held while its layer waits. */
static void test_what_a_waiting_layer_keeps(void **state)
{
    (void)state;
    for (int attempt = 0; attempt < 2; attempt++) {
        struct world world = {0};
        for (int i = 0; i < LAYERS; i++) {
            world.layers[i].slots.limit = 5;
        }
        world.layers[1].slots.held =
            attempt ? SLOT_HELD_ATTEMPT : SLOT_HELD_CALL;
        world_init(&world, LAYERS);
        world_equal_calls(&world, 1);
        assert_true(asks(&world, 0));
        world.engines[0].waiting_layer = 1;
        assert_null(pools_release_for_wait(&world.calls[0]));
        assert_int_equal(held(&world, 0), 1);
        assert_int_equal(held(&world, 1), !attempt);
        assert_int_equal(held(&world, 2), 0);
        assert_true(asks(&world, 0));
        assert_int_equal(held(&world, 1), 1);
    }
}

/* C-11: slots around the first request are free while the follow-up goes on. */
static void test_another_step(void **state)
{
    (void)state;
    struct world world = {0};
    for (int i = 0; i < LAYERS; i++) {
        world.layers[i].slots.limit = 1;
    }
    world_init(&world, LAYERS);
    world_equal_calls(&world, 2);
    world.engines[0].covers[0] = world.engines[1].covers[0] = 3;
    world.engines[0].covers[1] = 5;
    assert_true(asks(&world, 0));
    assert_false(asks(&world, 1));
    assert_int_equal(held(&world, 2), 0);
    world.engines[0].step = 1;
    assert_null(pools_release_for_step(&world.calls[0]));
    assert_true(asks(&world, 0));
    assert_int_equal(held(&world, 0), 1);
    assert_int_equal(held(&world, 1), 0);
    assert_int_equal(held(&world, 2), 1);
}

/* A layer further out that covers only the follow-up is asked for first: what
 * lies inside it is given back before. */
static void test_a_new_outer_layer_is_asked_for_first(void **state)
{
    (void)state;
    struct world world = {0};
    for (int i = 0; i < LAYERS; i++) {
        world.layers[i].slots.limit = 1;
    }
    world_init(&world, 2);
    world_equal_calls(&world, 2);
    world.engines[0].covers[0] = 2;
    world.engines[0].covers[1] = 3;
    assert_true(asks(&world, 0));
    assert_false(asks(&world, 1)); /* has layer 0, waits for layer 1 */
    world.engines[0].step = 1;
    assert_ptr_equal(pools_release_for_step(&world.calls[0]), &world.calls[1]);
    assert_false(asks(&world, 0));
    assert_true(asks(&world, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_a_layer_without_slots_needs_no_pool),
        cmocka_unit_test(test_first_come_first_served_and_cancelled),
        cmocka_unit_test(test_throttled_slots),
        cmocka_unit_test(test_throttled_slots_alone),
        cmocka_unit_test(test_bytes_may_overshoot),
        cmocka_unit_test(test_byte_penalty),
        cmocka_unit_test(test_one_release_serves_many),
        cmocka_unit_test(test_asking_again),
        cmocka_unit_test(test_who_is_told_does_not_ask),
        cmocka_unit_test(test_what_a_waiting_layer_keeps),
        cmocka_unit_test(test_another_step),
        cmocka_unit_test(test_a_new_outer_layer_is_asked_for_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
