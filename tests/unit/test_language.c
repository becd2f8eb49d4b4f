/* Goal: values look as Python, Elixir and Go themselves print them. The
 * expected texts come from CPython 3.11 and from Go's own documentation and
 * tests of time.Duration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dialects/language.h"
#include "model/units.h"

static void test_python_floats(void **state)
{
    (void)state;
    const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0.0"},
        {1, "1.0"},
        {0.1, "0.1"},
        {0.2, "0.2"},
        {0.1 + 0.2, "0.30000000000000004"},
        {7200, "7200.0"},
        {-2.5, "-2.5"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {0.000012345, "1.2345e-05"},
        {1e15, "1000000000000000.0"},
        {1e16, "1e+16"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {1763773391.633348, "1763773391.633348"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {2.0 / 3.0, "0.6666666666666666"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text;
        text_begin(&text);
        language_python_float(&text, cases[i].value);
        assert_string_equal(text.bytes, cases[i].text);
    }
}

static void test_python_seconds(void **state)
{
    (void)state;
    const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {INT64_C(7200) * NS_PER_S, "7200"},
        {200 * NS_PER_MS, "0.2"},
        {1500 * NS_PER_MS, "1.5"},
        {NS_PER_MS, "0.001"},
        {0, "0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text;
        text_begin(&text);
        language_python_seconds(&text, cases[i].ns);
        assert_string_equal(text.bytes, cases[i].text);
    }
}

static void check_strings(void (*add)(struct text *text, const char *string),
                          const char *const cases[][2])
{
    for (size_t i = 0; cases[i][0]; i++) {
        struct text text;
        text_begin(&text);
        add(&text, cases[i][0]);
        assert_string_equal(text.bytes, cases[i][1]);
    }
}

static void test_strings(void **state)
{
    (void)state;
    static const char *const python[][2] = {
        {"", "''"},
        {"plain", "'plain'"},
        {"it's", "\"it's\""},
        {"say \"x\"", "'say \"x\"'"},
        {"it's \"x\"", "'it\\'s \"x\"'"},
        {"a\\b\n\r\t\x01\x7f", "'a\\\\b\\n\\r\\t\\x01\\x7f'"},
        {"\u00e9\xff", "'\u00e9\\xff'"},
        {NULL, NULL},
    };
    static const char *const elixir[][2] = {
        {"plain", "\"plain\""},
        {"it's \"x\"\\", "\"it's \\\"x\\\"\\\\\""},
        {"\n\x1b\u00e9", "\"\\n\\x1B\u00e9\""},
        {NULL, NULL},
    };
    check_strings(language_python_string, python);
    check_strings(language_elixir_string, elixir);
}

static void check_json(const char *body, const struct body_style *style,
                       const char *expected)
{
    struct attempt_outcome outcome = {.body = body, .body_size = strlen(body)};
    struct text text;
    text_begin(&text);
    body_add_json(&text, &outcome, style);
    assert_string_equal(text.bytes, expected);
}

static void test_json_in_other_words(void **state)
{
    (void)state;
    static const char body[] =
        " {\"a\" : [1, -2.50, 1e3, true,false,null], \"q\\\"\": {}, "
        "\"big\": 123456789012345678901 , \"huge\":1e999} \n";
    check_json(body, &language_python,
               "{'a': [1, -2.5, 1000.0, True, False, None], 'q\"': {}, "
               "'big': 123456789012345678901, 'huge': inf}");
    check_json(body, &language_elixir,
               "%{\"a\" => [1, -2.50, 1e3, true, false, nil], \"q\\\"\" => "
               "%{}, \"big\" => 123456789012345678901, \"huge\" => 1e999}");
}

/* S4-51, S4-52 */
static void test_go_durations(void **state)
{
    (void)state;
    const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ns"},
        {999, "999ns"},
        {1100, "1.1\u00b5s"},
        {1000, "1\u00b5s"},
        {2200000, "2.2ms"},
        {1000000, "1ms"},
        {999999999, "999.999999ms"},
        {3300000000, "3.3s"},
        {1053218945, "1.053218945s"},
        {2 * NS_PER_S + 120 * NS_PER_MS, "2.12s"},
        {INT64_C(60) * NS_PER_S, "1m0s"},
        {INT64_C(100) * NS_PER_S, "1m40s"},
        {INT64_C(245) * NS_PER_S, "4m5s"},
        {INT64_C(245001) * NS_PER_MS, "4m5.001s"},
        {INT64_C(18367001) * NS_PER_MS, "5h6m7.001s"},
        {INT64_C(480000000001), "8m0.000000001s"},
        {INT64_C(3600) * NS_PER_S, "1h0m0s"},
        {INT64_MAX, "2562047h47m16.854775807s"},
        {INT64_MIN, "-2562047h47m16.854775808s"},
        {-1500 * NS_PER_MS, "-1.5s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text;
        text_begin(&text);
        language_go_duration(&text, cases[i].ns);
        assert_string_equal(text.bytes, cases[i].text);
    }
}

static void check_date(int64_t seconds, const int64_t expected[6])
{
    struct text_date date = text_date(seconds * NS_PER_S + 7);
    assert_int_equal(date.year, expected[0]);
    assert_int_equal(date.month, expected[1]);
    assert_int_equal(date.day, expected[2]);
    assert_int_equal(date.hour, expected[3]);
    assert_int_equal(date.minute, expected[4]);
    assert_int_equal(date.second, expected[5]);
    assert_int_equal(date.ns, 7);
}

static void test_dates(void **state)
{
    (void)state;
    check_date(0, (const int64_t[]){1970, 1, 1, 0, 0, 0});
    check_date(951827696, (const int64_t[]){2000, 2, 29, 12, 34, 56});
    check_date(1763773391, (const int64_t[]){2025, 11, 22, 1, 3, 11});
    check_date(1767225599, (const int64_t[]){2025, 12, 31, 23, 59, 59});
    check_date(4107542400, (const int64_t[]){2100, 3, 1, 0, 0, 0});
    check_date(-1, (const int64_t[]){1969, 12, 31, 23, 59, 59});
}

static void test_a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    struct text text;
    text_begin(&text);
    for (int i = 0; i < TEXT_MAX; i++) {
        text_add(&text, "\u20ac");
    }
    size_t whole = strlen(text.bytes) - 3;
    assert_true(text.is_cut);
    assert_true(strlen(text.bytes) < TEXT_MAX);
    assert_int_equal(whole % 3, 0);
    assert_string_equal(text.bytes + whole, "...");
    char copy[8];
    text_copy(&text, copy, sizeof copy);
    assert_string_equal(copy, "\u20ac\u20ac");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_python_floats),
        cmocka_unit_test(test_python_seconds),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_json_in_other_words),
        cmocka_unit_test(test_go_durations),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
