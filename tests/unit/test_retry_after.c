/* Retry-After as three real clients read it, the forms, and HTTP-dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/retry_after.h"
#include "model/units.h"

#define S  NS_PER_S
#define MS NS_PER_MS

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* 2026-11-22 12:00:00 UTC */
#define WALL_S   INT64_C(1795348800)
#define PLUS_30  "Sun, 22 Nov 2026 12:00:30 GMT"
#define MINUS_30 "Sun, 22 Nov 2026 11:59:30 GMT"

/* -- three clients ------------------------------------------------------- */

static const enum retry_after_form float_or_date[] = {RA_SECONDS_FLOAT,
                                                      RA_HTTP_DATE};
static const enum retry_after_form whole_or_date[] = {RA_SECONDS, RA_HTTP_DATE};
static const enum retry_after_form float_ms[] = {RA_MS_FLOAT};
static const enum retry_after_form prefix_ms[] = {RA_MS_PREFIX};
static const enum retry_after_form prefix_seconds[] = {RA_SECONDS_PREFIX};

static const struct retry_after_source python_sources[] = {
    {"retry-after-ms", float_ms, 1, NULL},
    {"retry-after", float_or_date, 2, NULL}};
static const struct retry_after_source elixir_sources[] = {
    {"retry-after-ms", prefix_ms, 1, NULL},
    {"retry-after", prefix_seconds, 1, NULL}};
static const struct retry_after_source go_sources[] = {
    {"retry-after", whole_or_date, 2, NULL}};

/* tinker's HTTP layer: 0 < s <= 60, else its own delay; on any status. */
static struct retry_after python(void)
{
    struct retry_after policy = {
        .is_used = true,
        .sources = python_sources,
        .source_count = 2,
        .limit_ns = 60 * S,
        .above_limit = RA_OWN_DELAY,
        .zero = RA_OWN_DELAY,
        .negative = RA_OWN_DELAY,
        .past = RA_OWN_DELAY,
        .unparseable = RA_OWN_DELAY,
        .default_ns = -1,
    };
    status_set_add(&policy.statuses, 400, 599);
    return policy;
}

/* Tinkex: on 429 only, 1 s when nothing reads, an exception below zero. */
static struct retry_after elixir(void)
{
    struct retry_after policy = {
        .is_used = true,
        .sources = elixir_sources,
        .source_count = 2,
        .limit_ns = NS_FOREVER,
        .zero = RA_WAIT,
        .negative = RA_RAISE,
        .past = RA_WAIT,
        .unparseable = RA_WAIT,
        .default_ns = S,
    };
    status_set_add(&policy.statuses, 429, 429);
    return policy;
}

/* llm-d today: on 429 only; the law then clamps to [1 s, 60 s]. */
static struct retry_after go(void)
{
    struct retry_after policy = {
        .is_used = true,
        .sources = go_sources,
        .source_count = 1,
        .use = RA_BETWEEN,
        .at_least_ns = S,
        .at_most_ns = 60 * S,
        .limit_ns = NS_FOREVER,
        .zero = RA_WAIT,
        .negative = RA_OWN_DELAY,
        .past = RA_WAIT,
        .unparseable = RA_OWN_DELAY,
        .default_ns = -1,
    };
    status_set_add(&policy.statuses, 429, 429);
    return policy;
}

enum { OWN = -1, RAISES = -2 };

static struct retry_after_value read_two(const struct retry_after *policy,
                                         int status, const char *plain,
                                         const char *ms)
{
    struct http_header items[2];
    struct http_headers headers = {items, 0};
    if (plain) {
        items[headers.count++] = (struct http_header){"Retry-After", plain};
    }
    if (ms) {
        items[headers.count++] = (struct http_header){"Retry-After-Ms", ms};
    }
    return retry_after_read(policy, status, &headers,
                            (struct retry_after_body){0}, WALL_S * S);
}

/* In milliseconds, OWN or RAISES. */
static int64_t summary(const struct retry_after_value *value)
{
    switch (value->effect) {
    case RA_OWN_DELAY:
        return OWN;
    case RA_RAISE:
        return RAISES;
    case RA_WAIT:
    case RA_CLAMP:
        return value->ns / MS;
    case RA_GIVE_UP:
    case RA_NEVER:
        break;
    }
    fail_msg("unexpected effect %d", (int)value->effect);
    return 0;
}

static int64_t clamped(int64_t ms)
{
    return ms < 0 ? ms : ms < 1000 ? 1000 : ms > 60000 ? 60000 : ms;
}

static const struct row {
    const char *plain, *ms;
    int64_t python_ms, elixir_ms, go_ms;
} matrix[] = {
    {NULL, NULL, OWN, 1000, OWN},        {"0", NULL, OWN, 0, 1000},
    {"1", NULL, 1000, 1000, 1000},       {"1.5", NULL, 1500, 1000, OWN},
    {"5xyz", NULL, OWN, 5000, OWN},      {"60", NULL, 60000, 60000, 60000},
    {"61", NULL, OWN, 61000, 60000},     {"-1", NULL, OWN, RAISES, OWN},
    {"abc", NULL, OWN, 1000, OWN},       {"", NULL, OWN, 1000, OWN},
    {PLUS_30, NULL, 30000, 1000, 30000}, {MINUS_30, NULL, OWN, 1000, 1000},
    {NULL, "250", 250, 250, OWN},        {NULL, "0", OWN, 0, OWN},
    {"2", "abc", 2000, 2000, 2000},      {"2", "250", 250, 250, 2000},
    {NULL, "61000", OWN, 61000, OWN},    {"nan", NULL, OWN, 1000, OWN},
    {"inf", NULL, OWN, 1000, OWN},
};

static void check_cell(const char *client, const struct row *row,
                       int64_t expected, int64_t got)
{
    if (expected != got) {
        fail_msg("%s: Retry-After \"%s\", -Ms \"%s\": %lld, expected %lld",
                 client, row->plain ? row->plain : "(none)",
                 row->ms ? row->ms : "(none)", (long long)got,
                 (long long)expected);
    }
}

static void test_matrix_on_429(void **state)
{
    (void)state;
    struct retry_after policies[] = {python(), elixir(), go()};
    for (size_t i = 0; i < COUNT(matrix); i++) {
        const struct row *row = &matrix[i];
        struct retry_after_value values[3];
        for (int k = 0; k < 3; k++) {
            values[k] = read_two(&policies[k], 429, row->plain, row->ms);
        }
        check_cell("python", row, row->python_ms, summary(&values[0]));
        check_cell("elixir", row, row->elixir_ms, summary(&values[1]));
        check_cell("go", row, row->go_ms, clamped(summary(&values[2])));
    }
}

static void test_other_statuses(void **state)
{
    (void)state;
    struct retry_after policies[] = {python(), elixir(), go()};
    const int64_t expected[] = {2000, OWN, OWN};
    for (int k = 0; k < 3; k++) {
        struct retry_after_value value = read_two(&policies[k], 503, "2", NULL);
        assert_int_equal(summary(&value), expected[k]);
    }
}

static void test_what_is_remembered_of_the_header(void **state)
{
    (void)state;
    struct retry_after policy = python();
    struct retry_after_value value = read_two(&policy, 429, "61", "abc");
    assert_int_equal(value.kind, RETRY_AFTER_TIME);
    assert_string_equal(value.header, "retry-after");
    assert_string_equal(value.text, "61");
    assert_true(value.is_above_limit && !value.is_past_date);
    value = read_two(&policy, 429, "soon", "abc");
    assert_int_equal(value.kind, RETRY_AFTER_UNPARSEABLE);
    assert_string_equal(value.header, "retry-after-ms");
    value = read_two(&policy, 429, MINUS_30, NULL);
    assert_true(value.is_past_date);
    value = read_two(&policy, 302, "2", NULL);
    assert_int_equal(value.kind, RETRY_AFTER_ABSENT);
    value =
        retry_after_read(&policy, 429, NULL, (struct retry_after_body){0}, 0);
    assert_int_equal(value.kind, RETRY_AFTER_ABSENT);
}

/* Goal: several headers of one name count as the policy says. */
static void test_duplicates(void **state)
{
    (void)state;
    static const struct http_header items[] = {
        {"Retry-After", "2"}, {"Date", PLUS_30}, {"retry-after", "3"}};
    static const struct http_headers two = {items, 3}, one = {items, 2};
    static const int64_t expected[] = {
        [RA_FIRST] = 2 * S, [RA_LAST] = 3 * S, [RA_UNREADABLE] = 0};
    for (int choice = RA_FIRST; choice <= RA_UNREADABLE; choice++) {
        struct retry_after policy = python();
        policy.duplicates = (enum retry_after_duplicates)choice;
        struct retry_after_value value = retry_after_read(
            &policy, 429, &two, (struct retry_after_body){0}, WALL_S * S);
        assert_int_equal(value.ns, expected[choice]);
        assert_int_equal(value.kind, choice == RA_UNREADABLE
                                         ? RETRY_AFTER_UNPARSEABLE
                                         : RETRY_AFTER_TIME);
        value = retry_after_read(&policy, 429, &one,
                                 (struct retry_after_body){0}, WALL_S * S);
        assert_int_equal(value.ns, 2 * S);
    }
}

static void test_limit_clamps_or_ends(void **state)
{
    (void)state;
    struct retry_after policy = python();
    policy.above_limit = RA_CLAMP;
    struct retry_after_value value = read_two(&policy, 429, "61", NULL);
    assert_int_equal(value.ns, 60 * S);
    policy.above_limit = RA_GIVE_UP;
    assert_int_equal(read_two(&policy, 429, "61", NULL).effect, RA_GIVE_UP);
    policy.past = RA_NEVER; /* curl 7.88 */
    assert_int_equal(read_two(&policy, 429, MINUS_30, NULL).effect, RA_NEVER);
}

/* -- forms --------------------------------------------------------------- */

static const struct form_case {
    enum retry_after_form form;
    const char *text;
    bool is_read;
    int64_t ns;
} forms[] = {
    {RA_SECONDS, "12", true, 12 * S},
    {RA_SECONDS, " 12 ", true, 12 * S},
    {RA_SECONDS, "+12", false, 0},
    {RA_SECONDS, "1 2", false, 0},
    {RA_SECONDS, "99999999999999999999999", true, NS_FOREVER},
    {RA_SECONDS_FLOAT, "1.5", true, 1500 * MS},
    {RA_SECONDS_FLOAT, ".5", true, 500 * MS},
    {RA_SECONDS_FLOAT, "5.", true, 5 * S},
    {RA_SECONDS_FLOAT, "1e3", true, 1000 * S},
    {RA_SECONDS_FLOAT, "+2E-3", true, 2 * MS},
    {RA_SECONDS_FLOAT, "-1.5", true, -1500 * MS},
    {RA_SECONDS_FLOAT, "\t2\n", true, 2 * S},
    {RA_SECONDS_FLOAT, "0.0000000005", true, 1},
    {RA_SECONDS_FLOAT, "0.00000000049", true, 0},
    {RA_SECONDS_FLOAT, "0.10000000000000000000000000001", true, 100 * MS},
    {RA_SECONDS_FLOAT, "1e308", true, NS_FOREVER},
    {RA_SECONDS_FLOAT, "-1e308", true, -NS_FOREVER},
    {RA_SECONDS_FLOAT, "1e309", false, 0},
    {RA_SECONDS_FLOAT, "10e308", false, 0},
    {RA_SECONDS_FLOAT, "1.7976931348623158e308", true, NS_FOREVER},
    {RA_SECONDS_FLOAT, " 1.7976931348623159e308", false, 0},
    {RA_SECONDS_FLOAT, "-18000e304", false, 0},
    {RA_SECONDS_FLOAT, "0e999", true, 0},
    {RA_SECONDS_FLOAT, "1e-99999999999999", true, 0},
    {RA_SECONDS_FLOAT, ".", false, 0},
    {RA_SECONDS_FLOAT, "e5", false, 0},
    {RA_SECONDS_FLOAT, "1e", false, 0},
    {RA_SECONDS_FLOAT, "1e+", false, 0},
    {RA_SECONDS_FLOAT, "0x10", false, 0},
    {RA_SECONDS_FLOAT, "infinity", false, 0},
    {RA_SECONDS_FLOAT, "1_000", false, 0},
    {RA_SECONDS_FLOAT, "1,5", false, 0},
    {RA_SECONDS_PREFIX, "1.5", true, S},
    {RA_SECONDS_PREFIX, "-1", true, -S},
    {RA_SECONDS_PREFIX, "x1", false, 0},
    {RA_MS, "250", true, 250 * MS},
    {RA_MS, "250.5", false, 0},
    {RA_MS_FLOAT, "250.5", true, 250500000},
    {RA_MS_PREFIX, "250ms", true, 250 * MS},
    {RA_HTTP_DATE, PLUS_30, true, 30 * S},
    {RA_HTTP_DATE, MINUS_30, true, -30 * S},
    {RA_HTTP_DATE, "30", false, 0},
    {RA_EPOCH_SECONDS, "1795348802", true, 2 * S},
    {RA_EPOCH_SECONDS, "1795348798", true, -2 * S},
    {RA_EPOCH_SECONDS, "soon", false, 0},
};

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        const struct form_case *c = &forms[i];
        int64_t ns = 77;
        bool is_read = retry_after_parse(c->form, c->text, WALL_S * S, &ns);
        if (is_read != c->is_read || (is_read && ns != c->ns)) {
            fail_msg("form %d \"%s\": read %d, %lld ns, expected %d, %lld ns",
                     (int)c->form, c->text, is_read, (long long)ns, c->is_read,
                     (long long)c->ns);
        }
    }
}

/* More digits than 64 bits hold keep their weight; every blank of Python's
 * float() is one. */
static void test_long_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"100000000000000000000e-20", NS_PER_S},
        {"1000000000000000000000000000000e-30", NS_PER_S},
        {"0.000000000000000000000000000001e30", NS_PER_S},
        {"1.00000000000000000000000000000", NS_PER_S},
        {"100000000000000000000", NS_FOREVER},
        {"9000000000", 9000000000 * NS_PER_S},
        {"9300000000", NS_FOREVER},
        {" \t\n\v\f\r5 \t\n\v\f\r", 5 * NS_PER_S},
        {"5e-1000000000000", 0},
        {"0e1000000000000", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ns;
        assert_true(retry_after_parse(RA_SECONDS_FLOAT, cases[i].text, 0, &ns));
        assert_int_equal(ns, cases[i].ns);
    }
}

static void test_extreme_wall_clocks(void **state)
{
    (void)state;
    const int64_t walls[] = {INT64_MIN, -INT64_MAX, 0, INT64_MAX};
    const char *const dates[] = {"Mon, 01 Jan 0001 00:00:00 GMT", PLUS_30,
                                 "Fri, 31 Dec 9999 23:59:60 GMT"};
    for (size_t i = 0; i < COUNT(walls) * COUNT(dates); i++) {
        int64_t ns = 0;
        assert_true(retry_after_parse(RA_HTTP_DATE, dates[i % COUNT(dates)],
                                      walls[i / COUNT(dates)], &ns));
        assert_true(ns != INT64_MIN);
    }
}

/* -- dates --------------------------------------------------------------- */

static void check_date(const char *text, int64_t expected)
{
    int64_t unix_s = 0;
    if (!http_date_parse(text, &unix_s) || unix_s != expected) {
        fail_msg("\"%s\": %lld, expected %lld", text, (long long)unix_s,
                 (long long)expected);
    }
}

/* The examples of RFC 9110 5.6.7, and corners of the calendar. */
static void test_dates(void **state)
{
    (void)state;
    check_date("Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
    check_date("Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
    check_date("Sun Nov  6 08:49:37 1994", 784111777);
    check_date("Wed Nov 16 08:49:37 1994", 784975777);
    check_date("Thu, 01 Jan 1970 00:00:00 GMT", 0);
    check_date("Thursday, 01-Jan-70 00:00:00 GMT", 0);
    check_date("Monday, 01-Jan-68 00:00:00 GMT", 3092601600);
    check_date("Tue, 29 Feb 2000 23:59:59 GMT", 951868799);
    check_date("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800);
    check_date("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800);
    check_date("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799);
    check_date(" Sun, 06 Nov 1994 08:49:37 GMT ", 784111777);
}

static void test_no_dates(void **state)
{
    (void)state;
    const char *const texts[] = {
        "",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT+1",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Abc, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 08:49:37 GMT",
        "Mon, 29 Feb 2100 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "1994-11-06T08:49:37Z",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t unix_s;
        if (http_date_parse(texts[i], &unix_s)) {
            fail_msg("\"%s\" was read as %lld", texts[i], (long long)unix_s);
        }
    }
}

/* A date that is now is zero, not past; what is less than nothing is nothing.
 */
static void test_times_about_now(void **state)
{
    (void)state;
    struct retry_after policy = python();
    policy.past = RA_RAISE;
    policy.zero = RA_WAIT;
    struct retry_after_value value =
        read_two(&policy, 503, "Sun, 22 Nov 2026 12:00:00 GMT", NULL);
    assert_false(value.is_past_date);
    assert_int_equal(value.effect, RA_WAIT);
    value = read_two(&policy, 503, "Sun, 22 Nov 2026 11:59:59 GMT", NULL);
    assert_true(value.is_past_date);
    assert_int_equal(value.effect, RA_RAISE);
    policy.negative = RA_CLAMP;
    assert_int_equal(read_two(&policy, 503, "-5", NULL).ns, 0);
    policy.negative = RA_WAIT;
    assert_int_equal(read_two(&policy, 503, "-5", NULL).ns, 0);
    assert_int_equal(read_two(&policy, 503, "0", NULL).ns, 0);
    policy.default_ns = 0; /* without a header: at once */
    assert_int_equal(read_two(&policy, 503, NULL, NULL).effect, RA_WAIT);
}

/* Times that nanoseconds can't hold are for ever, or as long ago. */
static void test_far_instants(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t wall_ns, ns;
    } dates[] = {
        {"Fri, 11 Apr 2262 23:47:16 GMT", 0, 9223372036 * NS_PER_S},
        {"Fri, 11 Apr 2262 23:47:17 GMT", 5, NS_FOREVER},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 5, NS_FOREVER},
        {"Tue, 21 Sep 1677 00:12:44 GMT", 0, -9223372036 * NS_PER_S},
        {"Tue, 21 Sep 1677 00:12:43 GMT", -5, -NS_FOREVER},
        {"Mon, 01 Jan 0001 00:00:00 GMT", -5, -NS_FOREVER},
        {"Fri, 11 Apr 2262 23:47:16 GMT", -1 * NS_PER_S, NS_FOREVER},
        {"Tue, 21 Sep 1677 00:12:44 GMT", 1 * NS_PER_S, -NS_FOREVER},
        {"Thu, 01 Jan 1970 00:00:09 GMT", 10 * NS_PER_S, -NS_PER_S},
        {"Thu, 01 Jan 1970 00:00:09 GMT", -2 * NS_PER_S, 11 * NS_PER_S},
    };
    int64_t ns;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        assert_true(retry_after_parse(RA_HTTP_DATE, dates[i].text,
                                      dates[i].wall_ns, &ns));
        assert_int_equal(ns, dates[i].ns);
    }
    assert_true(retry_after_parse(RA_EPOCH_SECONDS, "0", INT64_MIN, &ns));
    assert_int_equal(ns, NS_FOREVER);
    assert_true(retry_after_parse(RA_EPOCH_SECONDS, "99999999999", -1, &ns));
    assert_int_equal(ns, NS_FOREVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix_on_429),
        cmocka_unit_test(test_other_statuses),
        cmocka_unit_test(test_what_is_remembered_of_the_header),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_limit_clamps_or_ends),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_extreme_wall_clocks),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_no_dates),
        cmocka_unit_test(test_times_about_now),
        cmocka_unit_test(test_far_instants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
