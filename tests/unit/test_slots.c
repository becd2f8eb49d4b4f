/* The fair semaphore under random schedules: never above its limit, nothing
 * leaked, first come first served, cancelled waiters gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/slots.h"
#include "model/rng.h"
#include "model/units.h"

enum { CALLS = 40, STEPS = 4000 };

/* A pool beside a plain model of it: the queue as a list of call numbers. */
struct world {
    struct slot_pool pool;
    struct slot_waiter calls[CALLS];
    int queue[CALLS];
    int queue_length, held;
    int64_t peak; /* most that was held */
};

static void world_acquire(struct world *world, int call)
{
    bool is_free = world->pool.limit == 0 || world->held < world->pool.limit;
    assert_int_equal(slot_acquire(&world->pool, &world->calls[call], 1),
                     is_free);
    if (is_free) {
        world->held++;
    } else {
        world->queue[world->queue_length++] = call;
    }
}

static void queue_remove(struct world *world, int at)
{
    world->queue_length--;
    for (int i = at; i < world->queue_length; i++) {
        world->queue[i] = world->queue[i + 1];
    }
}

static void world_cancel_waiter(struct world *world, int call)
{
    assert_null(slot_release(&world->pool, &world->calls[call]));
    for (int i = 0; i < world->queue_length; i++) {
        if (world->queue[i] == call) {
            queue_remove(world, i);
            return;
        }
    }
    fail_msg("call %d was queued, but not in the model", call);
}

static void world_release(struct world *world, int call)
{
    struct slot_waiter *next = slot_release(&world->pool, &world->calls[call]);
    if (world->queue_length == 0) {
        assert_null(next);
        world->held--;
        return;
    }
    assert_ptr_equal(next, &world->calls[world->queue[0]]);
    assert_true(next->is_holding && !next->is_queued);
    queue_remove(world, 0);
}

static void world_step(struct world *world, int call)
{
    const struct slot_waiter *waiter = &world->calls[call];
    if (waiter->is_holding) {
        world_release(world, call);
    } else if (waiter->is_queued) {
        world_cancel_waiter(world, call);
    } else {
        world_acquire(world, call);
    }
    assert_int_equal(world->pool.held, world->held);
    assert_int_equal(world->pool.waiting, world->queue_length);
    if (world->pool.limit != 0) {
        assert_true(world->pool.held <= world->pool.limit);
    }
    world->peak = units_max(world->peak, world->pool.held);
}

static void world_drain(struct world *world)
{
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CALLS; i++) {
            if (world->calls[i].is_queued || world->calls[i].is_holding) {
                world_step(world, i);
            }
        }
    }
    assert_int_equal(world->pool.held, 0);
    assert_int_equal(world->pool.waiting, 0);
    assert_null(world->pool.first);
    assert_null(world->pool.last);
}

static void test_random_schedules(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rng rng = rng_stream(seed, 0, 0);
        struct world world = {0};
        slot_pool_init(&world.pool, (int64_t)(seed % 7));
        for (int i = 0; i < STEPS; i++) {
            world_step(&world, (int)(rng_next(&rng) % CALLS));
        }
        world_drain(&world);
        if (world.pool.limit != 0) {
            assert_int_equal(world.peak, world.pool.limit);
        }
    }
}

static void test_first_come_first_served(void **state)
{
    (void)state;
    struct slot_pool pool;
    struct slot_waiter a = {0}, b = {0}, c = {0}, d = {0};
    slot_pool_init(&pool, 1);
    assert_true(slot_acquire(&pool, &a, 1));
    assert_false(slot_acquire(&pool, &b, 1));
    assert_false(slot_acquire(&pool, &c, 1));
    assert_false(slot_acquire(&pool, &d, 1));
    assert_null(slot_release(&pool, &c)); /* cancelled in the middle */
    assert_ptr_equal(slot_release(&pool, &a), &b);
    assert_ptr_equal(slot_release(&pool, &b), &d);
    assert_null(slot_release(&pool, &d));
    assert_int_equal(pool.held, 0);
}

static void test_weights(void **state)
{
    (void)state;
    struct slot_pool pool;
    struct slot_waiter a = {0}, b = {0}, c = {0}, d = {0}, e = {0};
    slot_pool_init(&pool, 10);
    assert_true(slot_acquire(&pool, &a, 9));
    assert_true(slot_acquire(&pool, &b, 100)); /* overshoots */
    assert_int_equal(pool.held, 109);
    assert_false(slot_acquire(&pool, &c, 1));
    assert_false(slot_acquire(&pool, &d, 20));
    assert_false(slot_acquire(&pool, &e, 1));
    assert_null(slot_release(&pool, &a));
    assert_ptr_equal(slot_release(&pool, &b), &c); /* one release, two served */
    assert_ptr_equal(c.also, &d);
    assert_null(d.also);
    assert_int_equal(pool.held, 21);
    assert_int_equal(pool.waiting, 1);
    assert_null(slot_release(&pool, &c));
    assert_ptr_equal(slot_release(&pool, &d), &e);
    assert_null(slot_release(&pool, &e));
    assert_int_equal(pool.held, 0);
}

/* Who was served beside another is served alone the next time. */
static void test_served_together_then_alone(void **state)
{
    (void)state;
    struct slot_pool pool;
    struct slot_waiter a = {0}, b = {0}, c = {0};
    slot_pool_init(&pool, 2);
    assert_true(slot_acquire(&pool, &a, 2));
    assert_false(slot_acquire(&pool, &b, 1));
    assert_false(slot_acquire(&pool, &c, 1));
    assert_ptr_equal(slot_release(&pool, &a), &b);
    assert_ptr_equal(b.also, &c);
    assert_null(slot_release(&pool, &b));
    assert_true(slot_acquire(&pool, &a, 1));
    assert_false(slot_acquire(&pool, &b, 1));
    assert_ptr_equal(slot_release(&pool, &a), &b);
    assert_null(b.also);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_schedules),
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_served_together_then_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
