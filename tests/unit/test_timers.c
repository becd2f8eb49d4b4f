/* The heap of deadlines against a plain list, under random use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/rng.h"
#include "model/timers.h"
#include "model/units.h"

enum { TIMERS = 50, STEPS = 20000, TIMES = 30 };

static int64_t earliest(const struct timer *all)
{
    int64_t at_ns = NS_FOREVER;
    for (int i = 0; i < TIMERS; i++) {
        if (all[i].place != 0 && all[i].at_ns < at_ns) {
            at_ns = all[i].at_ns;
        }
    }
    return at_ns;
}

static void check_first(const struct timers *timers, const struct timer *all)
{
    const struct timer *first = timers_first(timers);
    assert_int_equal(first ? first->at_ns : NS_FOREVER, earliest(all));
}

static void test_first_is_the_earliest(void **state)
{
    (void)state;
    struct timers timers = {0};
    struct timer all[TIMERS] = {0};
    struct rng rng = rng_stream(11, 0, 0);
    for (int i = 0; i < STEPS; i++) {
        struct timer *timer = &all[rng_next(&rng) % TIMERS];
        int64_t at_ns = (int64_t)(rng_next(&rng) % TIMES);
        bool disarms = rng_next(&rng) % 3 == 0;
        assert_true(timers_set(&timers, timer, disarms ? NS_FOREVER : at_ns));
        assert_int_equal(timer->place == 0, disarms);
        check_first(&timers, all);
    }
    timers_deinit(&timers);
    assert_null(timers_first(&timers));
}

static void test_popping_sorts(void **state)
{
    (void)state;
    struct timers timers = {0};
    struct timer all[TIMERS] = {0};
    for (int i = 0; i < TIMERS; i++) {
        timers_set(&timers, &all[i], (i * 37) % TIMERS);
    }
    for (int i = 0; i < TIMERS; i++) {
        assert_int_equal(timers_next_ns(&timers), i);
        assert_null(timers_pop(&timers, i - 1));
        struct timer *first = timers_pop(&timers, i);
        assert_int_equal(first->at_ns, i);
        assert_int_equal(first->place, 0);
    }
    assert_null(timers_first(&timers));
    assert_null(timers_pop(&timers, NS_FOREVER));
    assert_int_equal(timers_next_ns(&timers), NS_FOREVER);
    timers_deinit(&timers);
}

static void test_ties_come_in_the_order_in_which_they_were_set(void **state)
{
    (void)state;
    struct timers timers = {0};
    struct timer all[TIMERS] = {0};
    struct rng rng = rng_stream(12, 0, 0);
    assert_true(timers_reserve(&timers, TIMERS));
    for (int i = 0; i < STEPS; i++) {
        timers_set(&timers, &all[rng_next(&rng) % TIMERS],
                   (int64_t)(rng_next(&rng) % 3));
    }
    struct timer *previous = timers_pop(&timers, NS_FOREVER), *next;
    while ((next = timers_pop(&timers, NS_FOREVER))) {
        assert_true(
            previous->at_ns < next->at_ns ||
            (previous->at_ns == next->at_ns && previous->order < next->order));
        previous = next;
    }
    timers_deinit(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_is_the_earliest),
        cmocka_unit_test(test_popping_sorts),
        cmocka_unit_test(test_ties_come_in_the_order_in_which_they_were_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
