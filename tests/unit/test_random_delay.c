/* Delays are what their law makes of a deviate, and can be waited for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/random_delay.h"
#include "model/units.h"

static const int64_t year_ns = INT64_C(365) * 86400 * NS_PER_S;

/* Goal: each law has its one meaning. */
static void each_law_is_as_said(void **state)
{
    (void)state;
    const int64_t ms = NS_PER_MS;
    const struct {
        struct delay delay;
        double deviate;
        int64_t expected_ns;
    } cases[] = {
        {{DELAY_FIXED, 20 * ms, 0, 0}, 0.7, 20 * ms},
        {{DELAY_UNIFORM, 10 * ms, 30 * ms, 0}, 0, 10 * ms},
        {{DELAY_UNIFORM, 10 * ms, 30 * ms, 0}, 0.25, 15 * ms},
        {{DELAY_NORMAL, 10 * ms, 2 * ms, 0}, 1.5, 13 * ms},
        {{DELAY_NORMAL, 10 * ms, 2 * ms, 0}, -1.5, 7 * ms},
        {{DELAY_NORMAL, 10 * ms, 2 * ms, 0}, -6, 2 * ms},
        {{DELAY_LOGNORMAL, 10 * ms, 0, 0.5}, 0, 10 * ms},
        {{DELAY_LOGNORMAL, 10 * ms, 0, 0.5}, 2, 27182818},
        {{DELAY_EXPONENTIAL, 10 * ms, 0, 0}, 0.5, 5 * ms},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(random_delay_of(&cases[i].delay, cases[i].deviate),
                         cases[i].expected_ns);
    }
}

/* Goal: no number is too large, or none at all. */
static void every_delay_can_be_waited_for(void **state)
{
    (void)state;
    const struct delay wide = {DELAY_LOGNORMAL, NS_PER_S, 0, 10};
    assert_int_equal(random_delay_of(&wide, 8), year_ns);
    assert_int_equal(random_delay_of(&wide, -8), 0);
    assert_int_equal(random_delay_clamp(-1), 0);
    assert_int_equal(random_delay_clamp(NAN), 0);
    assert_int_equal(random_delay_clamp(INFINITY), year_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_law_is_as_said),
        cmocka_unit_test(every_delay_can_be_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
