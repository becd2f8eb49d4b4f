/* The heap of deadlines against a plain list, under random use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/driver_timers.h"
#include "model/rng.h"
#include "model/units.h"

enum { TIMERS = 50, STEPS = 20000, TIMES = 30 };

static int64_t earliest(const struct driver_timer *all)
{
    int64_t at_ns = NS_FOREVER;
    for (int i = 0; i < TIMERS; i++) {
        if (all[i].place != 0 && all[i].at_ns < at_ns) {
            at_ns = all[i].at_ns;
        }
    }
    return at_ns;
}

static void check_first(const struct driver_timers *timers,
                        const struct driver_timer *all)
{
    const struct driver_timer *first = driver_timers_first(timers);
    assert_int_equal(first ? first->at_ns : NS_FOREVER, earliest(all));
}

static void test_first_is_the_earliest(void **state)
{
    (void)state;
    struct driver_timers timers = {0};
    struct driver_timer all[TIMERS] = {0};
    struct rng rng = rng_stream(11, 0, 0);
    for (int i = 0; i < STEPS; i++) {
        struct driver_timer *timer = &all[rng_next(&rng) % TIMERS];
        int64_t at_ns = (int64_t)(rng_next(&rng) % TIMES);
        bool disarms = rng_next(&rng) % 3 == 0;
        assert_true(
            driver_timers_set(&timers, timer, disarms ? NS_FOREVER : at_ns));
        assert_int_equal(timer->place == 0, disarms);
        check_first(&timers, all);
    }
    driver_timers_deinit(&timers);
    assert_int_equal(earliest(all), NS_FOREVER);
}

static void test_popping_sorts(void **state)
{
    (void)state;
    struct driver_timers timers = {0};
    struct driver_timer all[TIMERS] = {0};
    for (int i = 0; i < TIMERS; i++) {
        driver_timers_set(&timers, &all[i], (i * 37) % TIMERS);
    }
    for (int i = 0; i < TIMERS; i++) {
        struct driver_timer *first = driver_timers_first(&timers);
        assert_int_equal(first->at_ns, i);
        driver_timers_set(&timers, first, NS_FOREVER);
    }
    assert_null(driver_timers_first(&timers));
    driver_timers_deinit(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_is_the_earliest),
        cmocka_unit_test(test_popping_sorts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
