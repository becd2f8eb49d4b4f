/* Back-off laws at single random numbers: delays to the nanosecond, bounds and
 * probabilities to the last step of the grid of 2^-53. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/backoff.h"
#include "model/units.h"

#define S    NS_PER_S
#define MS   NS_PER_MS
#define LAST (1 - 0x1p-53) /* the largest random number */

static int64_t draw(struct backoff backoff, int64_t n, double u)
{
    if (backoff.cap_ns == 0)
        backoff.cap_ns = NS_FOREVER;
    struct delay_law law = {.backoff = &backoff, .n = n, .cut_ns = NS_FOREVER};
    return backoff_draw(&law, u);
}

/* -- jitter -----------------------------------------------------------------
 */

#define ONE_SECOND .schedule = SCHEDULE_CONSTANT, .base_ns = S

/* 2^n, to the last bit, for as long as there are such doubles. */
static void test_powers_of_two(void **state)
{
    (void)state;
    struct backoff doubling = {.schedule = SCHEDULE_EXPONENTIAL,
                               .base_ns = S,
                               .factor = 2,
                               .cap_ns = NS_FOREVER};
    for (int n = 0; n < 990; n++) {
        struct delay_law law = {.backoff = &doubling, .n = n};
        assert_true(backoff_draw_unit(&law, .5) == ldexp(1, n));
        assert_true(backoff_draw_unit(&law, .5) == pow(2, n));
    }
}

static void test_up(void **state)
{
    (void)state;
    struct backoff up = {ONE_SECOND, .jitter = JITTER_UP, .ratio = .1};
    assert_int_equal(draw(up, 0, 0), S);
    assert_int_equal(draw(up, 0, .5), 1050 * MS);
}

static void test_add(void **state)
{
    (void)state;
    struct backoff add = {ONE_SECOND, .jitter = JITTER_ADD,
                          .jitter_a_ns = 100 * MS, .jitter_b_ns = 300 * MS};
    assert_int_equal(draw(add, 0, 0), 1100 * MS);
    assert_int_equal(draw(add, 0, .5), 1200 * MS);
}

/* tinkex's telemetry reporter: at least one whole millisecond, in either unit.
 */
static void test_up_steps(void **state)
{
    (void)state;
    static const enum rounding roundings[] = {ROUND_NONE, ROUND_MS_NEAREST};
    for (size_t i = 0; i < 2; i++) {
        struct backoff steps = {ONE_SECOND, .jitter = JITTER_UP_STEPS,
                                .ratio = .1, .rounding = roundings[i]};
        assert_int_equal(draw(steps, 0, 0), 1001 * MS);
        assert_int_equal(draw(steps, 0, .005), 1001 * MS);
        assert_int_equal(draw(steps, 0, .0101), 1002 * MS);
        assert_int_equal(draw(steps, 0, .5), 1050 * MS);
        assert_int_equal(draw(steps, 0, LAST), 1100 * MS);
        steps.base_ns = 4 * MS;
        assert_int_equal(draw(steps, 0, LAST), 5 * MS);
    }
}

/* cenkalti/backoff: both ends are drawn. */
static void test_symmetric_inclusive(void **state)
{
    (void)state;
    struct backoff go = {.schedule = SCHEDULE_CONSTANT,
                         .base_ns = 1000,
                         .jitter = JITTER_SYMMETRIC_INCLUSIVE,
                         .ratio = .5,
                         .rounding = ROUND_NS_DOWN};
    assert_int_equal(draw(go, 0, 0), 500);
    assert_int_equal(draw(go, 0, .5), 1000);
    assert_int_equal(draw(go, 0, .75), 1250);
    assert_int_equal(draw(go, 0, .9995), 1500);
}

static void test_decorrelated(void **state)
{
    (void)state;
    struct backoff backoff = {ONE_SECOND, .cap_ns = 2 * S,
                              .jitter = JITTER_DECORRELATED, .ratio = 3};
    struct delay_law law = {
        .backoff = &backoff, .previous_ns = 5 * S, .cut_ns = NS_FOREVER};
    assert_int_equal(backoff_draw(&law, .5), 1500 * MS);
    backoff.order = JITTER_BEFORE_CAP;
    assert_int_equal(backoff_draw(&law, .0625), 1875 * MS);
    assert_int_equal(backoff_draw(&law, .5), 2 * S);
    law.previous_ns = 1;
    assert_int_equal(backoff_draw(&law, 0), 3);
    law.previous_ns = 0; /* at first the base */
    assert_int_equal(backoff_draw(&law, .25), 1500 * MS);
}

static void test_no_jitter_at_the_cap(void **state)
{
    (void)state;
    struct backoff backoff = {.schedule = SCHEDULE_EXPONENTIAL,
                              .base_ns = S,
                              .factor = 2,
                              .cap_ns = 2 * S,
                              .cap_unjittered = true,
                              .jitter = JITTER_SYMMETRIC,
                              .ratio = .5};
    assert_int_equal(draw(backoff, 0, .75), 1250 * MS);
    assert_int_equal(draw(backoff, 1, .75), 2 * S);
    assert_int_equal(draw(backoff, 2, .75), 2 * S);
    backoff.cap_unjittered = false;
    assert_int_equal(draw(backoff, 1, .75), 2500 * MS);
}

/* -- ends -------------------------------------------------------------------
 */

static void test_negative_delays(void **state)
{
    (void)state;
    struct backoff backoff = {ONE_SECOND, .jitter = JITTER_SYMMETRIC,
                              .ratio = 2};
    assert_int_equal(draw(backoff, 0, 0), 0);
    backoff.negative = NEGATIVE_BASE;
    assert_int_equal(draw(backoff, 0, 0), S);
    assert_int_equal(draw(backoff, 0, .25), 0); /* zero is not negative */
    assert_int_equal(draw(backoff, 0, .5), S);
    backoff.negative = NEGATIVE_ZERO;
    backoff.rounding = ROUND_NS_DOWN;
    assert_int_equal(draw(backoff, 0, .125), 0);
}

/* What is beyond doubles is the longest delay, whatever the jitter; but a base
 * of zero stays zero. */
static void test_beyond_doubles(void **state)
{
    (void)state;
    struct backoff backoff = {.schedule = SCHEDULE_EXPONENTIAL,
                              .base_ns = S,
                              .factor = 2,
                              .jitter = JITTER_SYMMETRIC,
                              .ratio = 1};
    assert_int_equal(draw(backoff, 5000, 0), 0);
    assert_int_equal(draw(backoff, 5000, .25), NS_FOREVER);
    assert_int_equal(draw(backoff, 5000, LAST), NS_FOREVER);
    assert_int_equal(backoff_nominal(&backoff, 5000), 0);
    backoff.cap_ns = NS_FOREVER;
    assert_int_equal(backoff_nominal(&backoff, 5000), NS_FOREVER);
    backoff.order = JITTER_BEFORE_CAP;
    assert_int_equal(draw(backoff, 5000, 0), 0);
    assert_int_equal(draw(backoff, 5000, .25), NS_FOREVER);
    backoff.base_ns = 0;
    assert_int_equal(draw(backoff, 5000, .75), 0);
}

/* The longest delay of all is NS_FOREVER. */
static void test_up_to_forever(void **state)
{
    (void)state;
    struct backoff backoff = {.schedule = SCHEDULE_EXPONENTIAL,
                              .base_ns = 1,
                              .factor = 2,
                              .rounding = ROUND_NS_DOWN};
    assert_int_equal(draw(backoff, 62, 0), INT64_C(1) << 62);
    assert_int_equal(draw(backoff, 63, 0), NS_FOREVER);
    assert_int_equal(draw(backoff, 64, 0), NS_FOREVER);
}

/* Polls that know no delay follow at once. */
static void test_no_schedule(void **state)
{
    (void)state;
    struct backoff backoff = {.base_ns = S, .jitter = JITTER_UP, .ratio = 1};
    assert_int_equal(draw(backoff, 0, LAST), 0);
    assert_int_equal(draw(backoff, 7, LAST), 0);
}

static void test_first_immediate(void **state)
{
    (void)state;
    struct backoff backoff = {.schedule = SCHEDULE_EXPONENTIAL,
                              .base_ns = S,
                              .factor = 2,
                              .cap_ns = NS_FOREVER,
                              .first_immediate = true,
                              .floor_ns = MS};
    static const int64_t delays[] = {0, S, 2 * S, 4 * S};
    for (int n = 0; n < 4; n++) {
        assert_int_equal(draw(backoff, n, .5), delays[n]);
        assert_int_equal(backoff_nominal(&backoff, n), delays[n]);
    }
    assert_false(backoff_overflows(&backoff, 0));
    assert_false(backoff_overflows(&backoff, 1024));
    assert_true(backoff_overflows(&backoff, 1025));
    backoff.first_exponent = 2000; /* who goes at once computes nothing */
    assert_false(backoff_overflows(&backoff, 0));
    assert_true(backoff_overflows(&backoff, 1));
    struct delay_law law = {.cut_ns = 5};
    assert_int_equal(backoff_draw(&law, .5), 0); /* no back-off: at once */
    assert_true(backoff_draw_unit(&law, .5) == 0);
}

static void test_long_fibonacci(void **state)
{
    (void)state;
    struct backoff backoff = {.schedule = SCHEDULE_FIBONACCI,
                              .base_ns = 1,
                              .cap_ns = NS_FOREVER,
                              .rounding = ROUND_NS_DOWN};
    static const int64_t delays[] = {1, 1, 2, 3, 5, 8};
    for (int n = 0; n < 6; n++) {
        assert_int_equal(draw(backoff, n, 0), delays[n]);
    }
    assert_int_equal(draw(backoff, INT64_MAX, 0), NS_FOREVER);
}

/* -- headers ----------------------------------------------------------------
 */

static int64_t header_draw(const struct backoff *backoff, int64_t header_ns,
                           double u)
{
    struct delay_law law = {.backoff = backoff,
                            .has_header = true,
                            .use = RA_REPLACE,
                            .header_ns = header_ns,
                            .is_jittered = true,
                            .cut_ns = NS_FOREVER};
    return backoff_draw(&law, u);
}

static void test_jitter_of_a_header(void **state)
{
    (void)state;
    struct backoff backoff = {ONE_SECOND, .cap_ns = 5 * S,
                              .jitter = JITTER_SYMMETRIC, .ratio = .25};
    assert_int_equal(header_draw(&backoff, 10 * S, 0), 7500 * MS);
    assert_int_equal(header_draw(&backoff, NS_FOREVER, 0), NS_FOREVER);
    assert_int_equal(header_draw(NULL, 10 * S, 0), 10 * S);
    backoff.ratio = 2;
    assert_int_equal(header_draw(&backoff, 10 * S, 0), 0);
    struct delay_law law = {.backoff = &backoff,
                            .has_header = true,
                            .header_ns = 10 * S,
                            .cut_ns = NS_FOREVER};
    assert_int_equal(backoff_draw(&law, 0), 10 * S); /* not jittered */
}

static void test_uses_of_a_header(void **state)
{
    (void)state;
    struct backoff backoff = {ONE_SECOND, .cap_ns = NS_FOREVER};
    struct delay_law law = {.backoff = &backoff,
                            .has_header = true,
                            .header_ns = 3 * S,
                            .at_least_ns = 2 * S,
                            .at_most_ns = 4 * S,
                            .spread_ns = 8 * S,
                            .cut_ns = NS_FOREVER};
    static const struct {
        enum retry_after_use use;
        int64_t header_ns, delay_ns;
    } cases[] = {
        {RA_REPLACE, S / 2, S / 2}, {RA_MAXIMUM, S / 2, S},
        {RA_MAXIMUM, 3 * S, 3 * S}, {RA_BETWEEN, S, 2 * S},
        {RA_BETWEEN, 3 * S, 3 * S}, {RA_BETWEEN, 5 * S, 4 * S},
        {RA_SPREAD, 3 * S, 5 * S},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        law.use = cases[i].use;
        law.header_ns = cases[i].header_ns;
        assert_int_equal(backoff_draw(&law, .25), cases[i].delay_ns);
    }
    law.cut_ns = 4 * S;
    assert_int_equal(backoff_draw(&law, .25), 4 * S);
}

/* -- bounds and probabilities -----------------------------------------------
 */

#define STEP 0x1p-53

static struct delay_law law_of(const struct backoff *backoff)
{
    return (struct delay_law){.backoff = backoff, .cut_ns = NS_FOREVER};
}

/* Each random number gives another delay: k gives k ns. */
static void test_grid(void **state)
{
    (void)state;
    const int64_t steps = INT64_C(1) << 53;
    struct backoff full = {.schedule = SCHEDULE_CONSTANT,
                           .base_ns = steps,
                           .cap_ns = NS_FOREVER,
                           .jitter = JITTER_FULL,
                           .ratio = 1,
                           .rounding = ROUND_NS_DOWN};
    struct delay_law law = law_of(&full);
    struct delay_range range = backoff_range(&law);
    assert_int_equal(range.min_ns, 0);
    assert_int_equal(range.max_ns, steps - 1);
    assert_true(backoff_cdf(&law, -1) == 0);
    assert_true(backoff_cdf(&law, 0) == STEP);
    assert_true(backoff_cdf(&law, 1) == 2 * STEP);
    assert_true(backoff_cdf(&law, steps - 3) == 1 - 2 * STEP);
    assert_true(backoff_cdf(&law, steps - 2) == 1 - STEP);
    assert_true(backoff_cdf(&law, steps - 1) == 1);
    assert_true(backoff_cdf_below(&law, 0) == 0);
    assert_true(backoff_cdf_below(&law, 1) == STEP);
    assert_true(backoff_cdf_below(&law, steps - 1) == 1 - STEP);
    assert_true(backoff_cdf_below(&law, steps) == 1);
}

/* Falling: k gives 2^52 - k, below zero the base. */
static void test_falling_below_zero(void **state)
{
    (void)state;
    const int64_t base = INT64_C(1) << 52;
    struct backoff down = {.schedule = SCHEDULE_CONSTANT,
                           .base_ns = base,
                           .cap_ns = NS_FOREVER,
                           .jitter = JITTER_DOWN,
                           .ratio = 2,
                           .negative = NEGATIVE_BASE,
                           .rounding = ROUND_NS_DOWN};
    struct delay_law law = law_of(&down);
    struct delay_range range = backoff_range(&law);
    assert_int_equal(range.min_ns, 0);
    assert_int_equal(range.max_ns, base);
    assert_true(backoff_cdf(&law, 0) == STEP);
    assert_true(backoff_cdf(&law, 1) == 2 * STEP);
    assert_true(backoff_cdf(&law, base - 1) == .5);
    assert_true(backoff_cdf_below(&law, base) == .5);
    assert_true(backoff_cdf(&law, base) == 1);
}

/* The same in seconds. */
static void test_falling_in_seconds(void **state)
{
    (void)state;
    struct backoff down = {.schedule = SCHEDULE_CONSTANT,
                           .base_ns = 4 * S,
                           .cap_ns = NS_FOREVER,
                           .jitter = JITTER_DOWN,
                           .ratio = 2,
                           .negative = NEGATIVE_BASE};
    struct delay_law law = law_of(&down);
    assert_true(fabs(backoff_cdf(&law, 500 * MS) - .0625) < 1e-8);
    assert_true(fabs(backoff_cdf(&law, 3 * S) - .375) < 1e-8);
}

/* Rising: k gives 2k - 2^52, below zero the base. */
static void test_rising_from_below_zero(void **state)
{
    (void)state;
    const int64_t base = INT64_C(1) << 52;
    struct backoff backoff = {.schedule = SCHEDULE_CONSTANT,
                              .base_ns = base,
                              .cap_ns = NS_FOREVER,
                              .jitter = JITTER_SYMMETRIC,
                              .ratio = 2,
                              .negative = NEGATIVE_BASE,
                              .rounding = ROUND_NS_DOWN};
    struct delay_law law = law_of(&backoff);
    struct delay_range range = backoff_range(&law);
    assert_int_equal(range.min_ns, 0);
    assert_int_equal(range.max_ns, 3 * base - 2);
    assert_true(backoff_cdf(&law, 0) == STEP);
    assert_true(backoff_cdf(&law, base - 1) == .25);
    assert_true(backoff_cdf(&law, base) == .5 + STEP);
}

/* Only the very first random number gives a negative delay. */
static void test_below_zero_once(void **state)
{
    (void)state;
    struct backoff backoff = {ONE_SECOND, .cap_ns = NS_FOREVER,
                              .jitter = JITTER_SYMMETRIC, .ratio = 1 + 0x1p-52,
                              .negative = NEGATIVE_BASE};
    struct delay_law law = law_of(&backoff);
    assert_int_equal(backoff_draw(&law, 0), S);
    assert_int_equal(backoff_draw(&law, STEP), 0);
    struct delay_range range = backoff_range(&law);
    assert_int_equal(range.min_ns, 0);
    assert_int_equal(range.max_ns, 2 * S);
    assert_true(fabs(backoff_cdf(&law, S) - .5) < 1e-8);
    assert_true(fabs(backoff_cdf(&law, S / 2) - .25) < 1e-8);
}

/* It could, but never does. */
static void test_never_below_zero(void **state)
{
    (void)state;
    struct backoff backoff = {
        ONE_SECOND,  .cap_ns = NS_FOREVER,      .jitter = JITTER_SYMMETRIC,
        .ratio = .5, .negative = NEGATIVE_BASE, .first_immediate = true};
    struct delay_law law = law_of(&backoff);
    assert_int_equal(backoff_range(&law).max_ns, 0);
    assert_true(backoff_cdf(&law, 0) == 1);
    law.n = 1;
    struct delay_range range = backoff_range(&law);
    assert_int_equal(range.min_ns, 500 * MS);
    assert_int_equal(range.max_ns, 1500 * MS);
    law = (struct delay_law){
        .has_header = true, .header_ns = 5, .cut_ns = NS_FOREVER};
    assert_int_equal(backoff_range(&law).min_ns, 5);
    assert_true(backoff_cdf_below(&law, 5) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_powers_of_two),
        cmocka_unit_test(test_up),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_up_steps),
        cmocka_unit_test(test_symmetric_inclusive),
        cmocka_unit_test(test_decorrelated),
        cmocka_unit_test(test_no_jitter_at_the_cap),
        cmocka_unit_test(test_negative_delays),
        cmocka_unit_test(test_beyond_doubles),
        cmocka_unit_test(test_up_to_forever),
        cmocka_unit_test(test_no_schedule),
        cmocka_unit_test(test_first_immediate),
        cmocka_unit_test(test_long_fibonacci),
        cmocka_unit_test(test_jitter_of_a_header),
        cmocka_unit_test(test_uses_of_a_header),
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_falling_below_zero),
        cmocka_unit_test(test_falling_in_seconds),
        cmocka_unit_test(test_rising_from_below_zero),
        cmocka_unit_test(test_below_zero_once),
        cmocka_unit_test(test_never_below_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
