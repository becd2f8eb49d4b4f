/* Goal: units read exactly what units.h names, write it back unchanged, and
 * never overflow. */
#include "model/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct reading {
    const char *text;
    bool is_ok;
    int64_t value;
};

static const struct reading durations[] = {
    {"2s", true, 2 * NS_PER_S},
    {"500ms", true, 500 * NS_PER_MS},
    {"1.5s", true, 1500 * NS_PER_MS},
    {"1.500s", true, 1500 * NS_PER_MS},
    {"20us", true, 20000},
    {"10ns", true, 10},
    {"0s", true, 0},
    {"120min", true, 7200 * NS_PER_S},
    {"1h", true, 3600 * NS_PER_S},
    {"0.25h", true, 900 * NS_PER_S},
    {"0.0000000000025h", true, 9},
    {"0.000000001s", true, 1},
    {"9223372036854775806ns", true, INT64_MAX - 1},
    {"9223372036854775807ns", false, 0},
    {"9223372036854775808ns", false, 0},
    {"2562047.9h", false, 0},
    {"2562047h", true, INT64_C(2562047) * 3600 * NS_PER_S},
    {"0.0000000001s", false, 0},
    {"1.5ns", false, 0},
    {"", false, 0},
    {"s", false, 0},
    {"2", false, 0},
    {"2 s", false, 0},
    {" 2s", false, 0},
    {"2s ", false, 0},
    {"-2s", false, 0},
    {"+2s", false, 0},
    {".5s", false, 0},
    {"5.s", false, 0},
    {"1e3s", false, 0},
    {"1.2.3s", false, 0},
    {"2S", false, 0},
    {"2m", false, 0},
    {"2sec", false, 0},
    {"0x2s", false, 0},
};

static void reads_durations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        const struct reading *r = &durations[i];
        int64_t ns = -7;
        bool is_ok = units_parse_duration(r->text, &ns);
        if (is_ok != r->is_ok || ns != (r->is_ok ? r->value : -7))
            fail_msg("\"%s\" gave %d, %lld", r->text, is_ok, (long long)ns);
    }
}

static void reads_offsets(void **state)
{
    (void)state;
    int64_t ns = 1;
    assert_true(units_parse_offset("+3s", &ns));
    assert_int_equal(ns, 3 * NS_PER_S);
    assert_true(units_parse_offset("-1h", &ns));
    assert_int_equal(ns, -3600 * NS_PER_S);
    assert_false(units_parse_offset("3s", &ns));
    assert_false(units_parse_offset("+-3s", &ns));
    assert_false(units_parse_offset("", &ns));
    assert_int_equal(ns, -3600 * NS_PER_S);
}

static void reads_sizes_and_rates(void **state)
{
    (void)state;
    int64_t n = 0;
    assert_true(units_parse_size("16KiB", &n) && n == 16384);
    assert_true(units_parse_size("64B", &n) && n == 64);
    assert_true(units_parse_size("1.5MiB", &n) && n == 1572864);
    assert_true(units_parse_size("2GiB", &n) && n == INT64_C(2147483648));
    assert_true(units_parse_size("1kB", &n) && n == 1000);
    assert_true(units_parse_size("1MB", &n) && n == 1000000);
    assert_false(units_parse_size("0.3KiB", &n));
    assert_false(units_parse_size("64", &n));
    assert_false(units_parse_size("64kb", &n));
    assert_false(units_parse_size("9999999999GiB", &n));
    assert_true(units_parse_rate("100B/s", &n) && n == 100);
    assert_true(units_parse_rate("16KiB/s", &n) && n == 16384);
    assert_false(units_parse_rate("0B/s", &n));
    assert_false(units_parse_rate("100B", &n));
    assert_false(units_parse_rate("/s", &n));
    assert_false(units_parse_rate("100/s", &n));
    assert_int_equal(n, 16384);
}

struct writing {
    int64_t value;
    const char *text;
};

static void writes_durations(void **state)
{
    (void)state;
    static const struct writing writings[] = {
        {0, "0s"},
        {1, "1ns"},
        {1500, "1.5us"},
        {250 * NS_PER_MS, "250ms"},
        {NS_PER_MS + 1, "1.000001ms"},
        {1500 * NS_PER_MS, "1.5s"},
        {90 * NS_PER_S, "90s"},
        {7200 * NS_PER_S, "120min"},
        {24 * 3600 * NS_PER_S, "24h"},
        {NS_FOREVER, "unlimited"},
        {-2 * NS_PER_S, "-2s"},
        {NS_FOREVER - 1, "9223372036.854775806s"},
    };
    for (size_t i = 0; i < sizeof writings / sizeof *writings; i++) {
        char text[UNITS_TEXT_MAX];
        units_format_duration(writings[i].value, text, sizeof text);
        assert_string_equal(text, writings[i].text);
        int64_t back;
        if (writings[i].value >= 0 && writings[i].value != NS_FOREVER) {
            assert_true(units_parse_duration(text, &back));
            assert_int_equal(back, writings[i].value);
        }
    }
}

static void writes_sizes_and_seconds(void **state)
{
    (void)state;
    char text[UNITS_TEXT_MAX];
    assert_string_equal(units_format_size(16384, text, sizeof text), "16KiB");
    assert_string_equal(units_format_size(1000, text, sizeof text), "1000B");
    assert_string_equal(units_format_size(0, text, sizeof text), "0B");
    assert_string_equal(units_format_size(1 << 20, text, sizeof text), "1MiB");
    assert_string_equal(
        units_format_seconds(1588 * NS_PER_MS, text, sizeof text), "1.588 s");
    assert_string_equal(units_format_seconds(999500000, text, sizeof text),
                        "1.000 s");
    assert_string_equal(units_format_seconds(-NS_PER_MS, text, sizeof text),
                        "-0.001 s");
    assert_string_equal(units_format_seconds(-1, text, sizeof text), "0.000 s");
    assert_string_equal(units_format_seconds(NS_FOREVER, text, sizeof text),
                        "unlimited");
}

static void adds_without_overflow(void **state)
{
    (void)state;
    assert_int_equal(units_add(2, 3), 5);
    assert_int_equal(units_add(2, -3), 0);
    assert_int_equal(units_add(NS_FOREVER - 1, 5), NS_FOREVER);
    assert_int_equal(units_add(NS_FOREVER, -5), NS_FOREVER);
    assert_int_equal(units_add(5, NS_FOREVER), NS_FOREVER);
    assert_int_equal(units_add(-5, INT64_MIN), 0);
}

/* Goal: numbers at and beyond 64 bits, and texts that stop too early. */
static void reads_nothing_beyond_its_range(void **state)
{
    (void)state;
    int64_t value = 7;
    static const char *const bad_durations[] = {"9223372036854775808ns",
                                                "9223372036854775807ns",
                                                "0.9223372036854775808ns",
                                                "99999999999999999999s",
                                                "1.s",
                                                ".5s",
                                                "1.5ns",
                                                "0.0000000001s",
                                                "1e3s",
                                                "+1s",
                                                ""};
    for (size_t i = 0; i < sizeof bad_durations / sizeof *bad_durations; i++) {
        if (units_parse_duration(bad_durations[i], &value)) {
            fail_msg("\"%s\" is %lld", bad_durations[i], (long long)value);
        }
    }
    static const char *const rates[] = {
        "",     "s",
        "/s",   "5B",
        "0B/s", "5/s",
        "B/s",  "00000000000000000000000000000000000000000000001B/s"};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        assert_false(units_parse_rate(rates[i], &value));
    }
    assert_int_equal(value, 7);
    assert_true(units_parse_duration("9223372036854775806ns", &value));
    assert_int_equal(value, INT64_MAX - 1);
    assert_true(units_parse_duration("1.50000000000000000000000s", &value));
    assert_int_equal(value, 1500 * NS_PER_MS);
}

/* Goal: an instant may be negative, and none is beyond for ever. */
static void instants_may_be_negative(void **state)
{
    (void)state;
    assert_int_equal(units_after(-5, 3), -2);
    assert_int_equal(units_after(-5, 0), -5);
    assert_int_equal(units_after(5, NS_FOREVER), NS_FOREVER);
    assert_int_equal(units_after(NS_FOREVER, -5), NS_FOREVER);
    assert_int_equal(units_after(INT64_MAX - 1, 5), NS_FOREVER);
    assert_int_equal(units_add(-5, 3), 0);
    assert_int_equal(units_add(INT64_MIN, -1), 0);
    assert_int_equal(units_add(INT64_MAX - 1, 5), NS_FOREVER);
    char text[2];
    assert_string_equal(units_format_duration(-5, text, 1), "");
    assert_string_equal(units_format_duration(INT64_MIN, text, 2), "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_durations),
        cmocka_unit_test(reads_offsets),
        cmocka_unit_test(reads_sizes_and_rates),
        cmocka_unit_test(writes_durations),
        cmocka_unit_test(writes_sizes_and_seconds),
        cmocka_unit_test(adds_without_overflow),
        cmocka_unit_test(reads_nothing_beyond_its_range),
        cmocka_unit_test(instants_may_be_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
