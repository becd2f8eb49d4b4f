/* The law seen from outside (range, distribution) against what backoff_draw
 * really gives; schedules; Retry-After in the law. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "backoff_laws.h"
#include "model/rng.h"

/* -- one law of every kind --------------------------------------------------
 */

/* Laws on which outside and inside must agree, several at odd corners. */
static const struct sample_law {
    const char *name;
    struct backoff law;
} samples[] = {
    {"symmetric, clipped", {EXPONENTIAL(S, 2, 10 * S), SYMMETRIC(.25)}},
    {"symmetric in ms", {EXPONENTIAL(5 * MS, 2, S), SYMMETRIC(.5), TO_MS}},
    {"full", {EXPONENTIAL(S, 2, 10 * S), FULL}},
    {"full before cap",
     {EXPONENTIAL(S, 2, 10 * S), FULL, .order = JITTER_BEFORE_CAP}},
    {"full from 1 s",
     {EXPONENTIAL(500 * MS, 2, 10 * S), .jitter = JITTER_FULL_FROM,
      .jitter_a_ns = S}},
    {"equal", {EXPONENTIAL(S, 2, 10 * S), .jitter = JITTER_EQUAL}},
    {"down", {EXPONENTIAL(S, 2, 10 * S), .jitter = JITTER_DOWN, .ratio = .25}},
    {"up", {EXPONENTIAL(S, 2, 10 * S), .jitter = JITTER_UP, .ratio = .5}},
    {"add",
     {.schedule = SCHEDULE_LINEAR,
      .base_ns = S,
      .step_ns = S,
      .cap_ns = NS_FOREVER,
      .jitter = JITTER_ADD,
      .jitter_a_ns = 10 * MS,
      .jitter_b_ns = 100 * MS}},
    {"decorrelated",
     {EXPONENTIAL(S, 2, 8 * S), .jitter = JITTER_DECORRELATED, .ratio = 3}},
    {"decorrelated, then capped",
     {EXPONENTIAL(S, 2, 8 * S), .jitter = JITTER_DECORRELATED, .ratio = 3,
      .order = JITTER_BEFORE_CAP}},
    {"negative becomes the base", {EXPONENTIAL(S, 2, 60 * S), GO(1.5)}},
    {"negative becomes zero, floored",
     {EXPONENTIAL(S, 2, 60 * S), .jitter = JITTER_SYMMETRIC, .ratio = 1.5,
      .floor_ns = 200 * MS}},
    {"cap without jitter",
     {EXPONENTIAL(S, 2, 4 * S), .jitter = JITTER_SYMMETRIC, .ratio = .25,
      .cap_unjittered = true}},
    {"fibonacci",
     {.schedule = SCHEDULE_FIBONACCI,
      .base_ns = S,
      .cap_ns = 20 * S,
      .jitter = JITTER_PROPORTIONAL,
      .lo = .8,
      .hi = 1.2}},
    {"first at once",
     {EXPONENTIAL(S, 2, 10 * S), .first_immediate = true, FULL}},
    {"nothing", {.cap_ns = NS_FOREVER}},
};

static struct delay_law law_of(const struct backoff *backoff, int64_t n)
{
    return (struct delay_law){
        .backoff = backoff,
        .n = n,
        .previous_ns = n == 0 ? 0 : 2 * S,
        .cut_ns = NS_FOREVER,
    };
}

static void check_range(const char *name, const struct delay_law *law)
{
    struct rng rng = rng_stream(7, 1, (uint64_t)law->n);
    struct delay_range range = backoff_range(law);
    assert_true(range.min_ns >= 0);
    int64_t low = INT64_MAX, high = 0;
    for (int i = 0; i < 2000; i++) {
        double u = i == 0 ? 0 : i == 1 ? 1 - 0x1p-53 : rng_uniform(&rng);
        int64_t ns = backoff_draw(law, u);
        low = ns < low ? ns : low;
        high = ns > high ? ns : high;
    }
    int64_t width = range.max_ns - range.min_ns;
    if (low < range.min_ns || high > range.max_ns ||
        low - range.min_ns > width / 20 || range.max_ns - high > width / 20) {
        fail_msg("%s, n=%lld: drew [%lld, %lld], range says [%lld, %lld]", name,
                 (long long)law->n, (long long)low, (long long)high,
                 (long long)range.min_ns, (long long)range.max_ns);
    }
}

static void test_range_is_what_draws_reach(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        for (int64_t n = 0; n < 8; n++) {
            struct delay_law law = law_of(&samples[i].law, n);
            check_range(samples[i].name, &law);
        }
    }
}

enum { GRID = 1000 };

/* The share of an even grid of random numbers at or below t. Exact to 1/GRID
 * for each monotone piece. */
static double counted_share(const struct delay_law *law, int64_t t_ns,
                            bool is_strict)
{
    int yes = 0;
    for (int i = 0; i < GRID; i++) {
        int64_t ns = backoff_draw(law, (i + .5) / GRID);
        yes += is_strict ? ns < t_ns : ns <= t_ns;
    }
    return (double)yes / GRID;
}

static void check_cdf(const char *name, const struct delay_law *law,
                      int64_t t_ns)
{
    double at_most = backoff_cdf(law, t_ns);
    double below = backoff_cdf_below(law, t_ns);
    double slack = 2.0 / GRID;
    if (fabs(at_most - counted_share(law, t_ns, false)) > slack ||
        fabs(below - counted_share(law, t_ns, true)) > slack ||
        below > at_most) {
        fail_msg("%s, n=%lld, t=%lld: P(<=t) = %g, counted %g; "
                 "P(<t) = %g, counted %g",
                 name, (long long)law->n, (long long)t_ns, at_most,
                 counted_share(law, t_ns, false), below,
                 counted_share(law, t_ns, true));
    }
}

static void test_distribution_is_that_of_draws(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        for (int64_t n = 0; n < 6; n++) {
            struct delay_law law = law_of(&samples[i].law, n);
            struct delay_range range = backoff_range(&law);
            int64_t width = range.max_ns - range.min_ns;
            for (int64_t k = -1; k <= 5; k++) {
                check_cdf(samples[i].name, &law, range.min_ns + k * width / 4);
            }
            assert_true(backoff_cdf(&law, range.max_ns) == 1);
            assert_true(backoff_cdf_below(&law, range.min_ns) == 0);
        }
    }
}

static double atom(const struct delay_law *law, int64_t t_ns)
{
    return backoff_cdf(law, t_ns) - backoff_cdf_below(law, t_ns);
}

/* The weights at the cap that the source systems were found to have. */
static void test_atoms(void **state)
{
    (void)state;
    struct delay_law law = law_of(&samples[0].law, 9);
    assert_true(fabs(atom(&law, 10 * S) - .5) < 1e-9);
    /* round(min(16 s * u, 8 s)) is the cap for half of all u. */
    struct backoff legacy = {EXPONENTIAL(500 * MS, 2, 8 * S), FULL, TO_MS,
                             .order = JITTER_BEFORE_CAP};
    law = law_of(&legacy, 5);
    assert_true(fabs(atom(&law, 8 * S) - .5) < 1e-4);
    law = law_of(&legacy, 6);
    assert_true(fabs(atom(&law, 8 * S) - .75) < 1e-4);
    law = law_of(&samples[1].law, 0); /* 5 ms +-50 %: 6 values of 1 ms */
    assert_true(fabs(atom(&law, 5 * MS) - .2) < 1e-9);
    assert_true(fabs(atom(&law, 3 * MS) - .2) < 1e-9);
    assert_true(atom(&law, 3 * MS + 1) == 0);
}

static void test_late_retries_neither_overflow_nor_go_negative(void **state)
{
    (void)state;
    const int64_t late[] = {31, 62, 63, 64, 1015, 1016, 1023, 1024, 100000};
    const double us[] = {0, .25, .5, .75, 1 - 0x1p-53};
    for (size_t i = 0; i < COUNT(samples); i++) {
        for (size_t k = 0; k < COUNT(late) * COUNT(us); k++) {
            struct delay_law law = law_of(&samples[i].law, late[k / COUNT(us)]);
            int64_t ns = backoff_draw(&law, us[k % COUNT(us)]);
            int64_t most =
                units_add(law.backoff->cap_ns, law.backoff->cap_ns == NS_FOREVER
                                                   ? 0
                                                   : 2 * law.backoff->cap_ns);
            assert_in_range(ns, 0, most);
            assert_true(backoff_range(&law).min_ns >= 0);
        }
    }
    struct backoff endless = {EXPONENTIAL(S, 2, NS_FOREVER)};
    struct delay_law law = law_of(&endless, 100000);
    assert_int_equal(backoff_draw(&law, 0), NS_FOREVER);
    assert_int_equal(backoff_nominal(&endless, 34), NS_FOREVER);
    assert_int_equal(backoff_nominal(&endless, 33), S << 33);
}

/* -- schedules --------------------------------------------------------------
 */

static void check_schedule(const struct backoff *backoff,
                           const int64_t *expected_s, int64_t count)
{
    for (int64_t n = 0; n < count; n++) {
        struct delay_law law = law_of(backoff, n);
        assert_int_equal(backoff_nominal(backoff, n), expected_s[n] * S);
        assert_int_equal(backoff_draw(&law, .5), expected_s[n] * S);
    }
}

static void test_schedules(void **state)
{
    (void)state;
    const int64_t fibonacci[] = {2, 2, 4, 6, 10, 16, 20, 20};
    check_schedule(&(struct backoff){.schedule = SCHEDULE_FIBONACCI,
                                     .base_ns = 2 * S,
                                     .cap_ns = 20 * S},
                   fibonacci, 8);
    const int64_t linear[] = {1, 4, 7, 9, 9};
    check_schedule(&(struct backoff){.schedule = SCHEDULE_LINEAR,
                                     .base_ns = S,
                                     .step_ns = 3 * S,
                                     .cap_ns = 9 * S},
                   linear, 5);
    /* urllib3 2: 0, then 1, 2, 4 s: backoff_factor 0.5 and an exponent that
     * begins at 1. */
    const int64_t urllib3[] = {0, 1, 2, 4, 8};
    check_schedule(&(struct backoff){EXPONENTIAL(500 * MS, 2, 120 * S),
                                     .first_exponent = 1,
                                     .first_immediate = true},
                   urllib3, 5);
}

/* -- Retry-After in the law -------------------------------------------------
 */

static struct delay_law with_header(const struct backoff *backoff,
                                    int64_t header_ns)
{
    struct delay_law law = law_of(backoff, 0);
    law.has_header = true;
    law.header_ns = header_ns;
    return law;
}

static void test_header_replaces_or_is_a_minimum(void **state)
{
    (void)state;
    const struct backoff own = {EXPONENTIAL(2 * S, 2, 60 * S)};
    struct delay_law law = with_header(&own, S);
    assert_int_equal(backoff_draw(&law, .5), S);
    law.use = RA_MAXIMUM;
    assert_int_equal(backoff_draw(&law, .5), 2 * S);
    law.header_ns = 3 * S;
    assert_int_equal(backoff_draw(&law, .5), 3 * S);
    law.cut_ns = 1500 * MS;
    assert_int_equal(backoff_draw(&law, .5), 1500 * MS);
    law.cut_ns = 0;
    assert_int_equal(backoff_draw(&law, .5), 0);
}

/* llm-d (resty): seconds clamped to [1 s, 60 s]. */
static void test_clamped_header(void **state)
{
    (void)state;
    const int64_t pairs[][2] = {{0, 1}, {1, 1}, {2, 2}, {60, 60}, {120, 60}};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct delay_law law = with_header(NULL, pairs[i][0] * S);
        law.use = RA_BETWEEN;
        law.at_least_ns = S;
        law.at_most_ns = 60 * S;
        assert_int_equal(backoff_draw(&law, .5), pairs[i][1] * S);
    }
}

static void test_spread_and_jittered_headers(void **state)
{
    (void)state;
    struct delay_law law = with_header(NULL, 2 * S);
    law.use = RA_SPREAD;
    law.spread_ns = S;
    assert_int_equal(backoff_draw(&law, .5), 2500 * MS);
    assert_int_equal(backoff_range(&law).min_ns, 2 * S);
    assert_int_equal(backoff_range(&law).max_ns, 3 * S - 1);
    const struct backoff own = {EXPONENTIAL(S, 2, S), SYMMETRIC(.25)};
    law = with_header(&own, 20 * S);
    law.is_jittered = true; /* and the cap does not bound what it says */
    assert_int_equal(backoff_draw(&law, 0), 15 * S);
    assert_int_equal(backoff_draw(&law, .75), 22500 * MS);
}

static void test_endless_header(void **state)
{
    (void)state;
    struct delay_law law = with_header(NULL, NS_FOREVER);
    assert_int_equal(backoff_range(&law).min_ns, NS_FOREVER);
    assert_true(backoff_cdf(&law, NS_FOREVER - 1) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range_is_what_draws_reach),
        cmocka_unit_test(test_distribution_is_that_of_draws),
        cmocka_unit_test(test_atoms),
        cmocka_unit_test(test_late_retries_neither_overflow_nor_go_negative),
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_header_replaces_or_is_a_minimum),
        cmocka_unit_test(test_clamped_header),
        cmocka_unit_test(test_spread_and_jittered_headers),
        cmocka_unit_test(test_endless_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
