/* Values at a JSON pointer of a text that a peer sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/json_pointer.h"

static struct json_value value_at(const char *json, const char *pointer)
{
    struct json_value value, again;
    struct json_text text = {.bytes = json, .size = json ? strlen(json) : 0};
    json_pointer_read(&text, pointer, &value);
    struct cJSON *parsed = json_pointer_parse(&text);
    text.parsed = parsed;
    json_pointer_read(&text, pointer, &again);
    json_pointer_free(parsed);
    assert_int_equal(value.kind, again.kind);
    assert_string_equal(value.text, again.text);
    assert_int_equal(value.is_cut, again.is_cut);
    return value;
}

/* RFC 6901, section 5: the whole table. */
static void test_examples_of_the_rfc(void **state)
{
    (void)state;
    const char *json = "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,"
                       "\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,"
                       "\" \":7,\"m~n\":8}";
    static const struct {
        const char *pointer;
        enum json_kind kind;
        const char *text;
    } cases[] = {
        {"", JSON_NESTED, ""},          {"/foo", JSON_NESTED, ""},
        {"/foo/0", JSON_STRING, "bar"}, {"/foo/1", JSON_STRING, "baz"},
        {"/", JSON_NUMBER, "0"},        {"/a~1b", JSON_NUMBER, "1"},
        {"/c%d", JSON_NUMBER, "2"},     {"/e^f", JSON_NUMBER, "3"},
        {"/g|h", JSON_NUMBER, "4"},     {"/i\\j", JSON_NUMBER, "5"},
        {"/k\"l", JSON_NUMBER, "6"},    {"/ ", JSON_NUMBER, "7"},
        {"/m~0n", JSON_NUMBER, "8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_value value = value_at(json, cases[i].pointer);
        assert_int_equal(value.kind, cases[i].kind);
        assert_string_equal(value.text, cases[i].text);
        assert_false(value.is_cut);
        assert_int_equal(json_value_has_text(&value),
                         cases[i].kind != JSON_NESTED);
    }
}

static void test_nothing_there(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"a\":[1,2]}", "/b"},
        {"{\"a\":[1,2]}", "/a/2"},
        {"{\"a\":[1,2]}", "/a/-"},
        {"{\"a\":[1,2]}", "/a/01"},
        {"{\"a\":[1,2]}", "/a/"},
        {"{\"a\":[1,2]}", "/a/1x"},
        {"{\"a\":[1,2]}", "/a/0/b"},
        {"{\"a\":[1,2]}", "a"},
        {"{\"a\":[1,2]}", "/A"},
        {"{\"a\":[1,2]}", "/a/0000000001"},
        {"{\"a\":[1,2]}", "/a/4294967297"},
        {"{\"a\":1}", "/a/"},
        {"{\"ab\":1}", "/a"},
        {"{\"a\":1}", "/ab"},
        {"{\"a~\":1}", "/a~1"},
        {"{\"a\":1}", "/a~"},
        {"5", "/0"},
        {"{\"a\":1} x", "/a"},
        {"{\"a\":1}{}", "/a"},
        {"{\"a\":1", "/a"},
        {"", ""},
        {"nonsense", ""},
        {NULL, ""},
        {"{\"a\":1}\f", "/a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_value value = value_at(cases[i][0], cases[i][1]);
        if (value.kind != JSON_ABSENT) {
            fail_msg("case %zu: something at \"%s\"", i, cases[i][1]);
        }
        assert_false(json_value_has_text(&value));
    }
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum json_kind kind;
        const char *text;
    } cases[] = {
        {"\"a\\u00e9\\n\"", JSON_STRING, "a\xc3\xa9\n"},
        {" \t\r\n1 \t\r\n", JSON_NUMBER, "1"},
        {"-0", JSON_NUMBER, "0"},
        {"-17", JSON_NUMBER, "-17"},
        {"1.50", JSON_NUMBER, "1.5"},
        {"0.1", JSON_NUMBER, "0.1"},
        {"0.30000000000000004", JSON_NUMBER, "0.30000000000000004"},
        {"1e3", JSON_NUMBER, "1000"},
        {"9007199254740991", JSON_NUMBER, "9007199254740991"},
        {"-9007199254740991", JSON_NUMBER, "-9007199254740991"},
        {"1e300", JSON_NUMBER, "1e+300"},
        {"1700000000123", JSON_NUMBER, "1700000000123"},
        {"1e16", JSON_NUMBER, "1e+16"},
        {"1e23", JSON_NUMBER, "1e+23"},
        {"true", JSON_WORD, "true"},
        {"false", JSON_WORD, "false"},
        {"null", JSON_WORD, "null"},
        {"[]", JSON_NESTED, ""},
        {"{}", JSON_NESTED, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_value value = value_at(cases[i].json, "");
        assert_int_equal(value.kind, cases[i].kind);
        assert_string_equal(value.text, cases[i].text);
    }
}

static void test_long_strings_are_cut(void **state)
{
    (void)state;
    for (int length = JSON_TEXT_MAX; length <= JSON_TEXT_MAX + 1; length++) {
        char json[JSON_TEXT_MAX + 8];
        memset(json, 'x', sizeof json);
        json[0] = json[length + 1] = '"';
        json[length + 2] = '\0';
        struct json_value value = value_at(json, "");
        assert_int_equal(strlen(value.text), JSON_TEXT_MAX);
        assert_int_equal(value.is_cut, length > JSON_TEXT_MAX);
        assert_int_equal(json_value_has_text(&value), length <= JSON_TEXT_MAX);
    }
}

/* Elements are counted in decimal, by digits alone. */
static void test_twelve_elements(void **state)
{
    (void)state;
    const char *json = "[0,1,2,3,4,5,6,7,8,9,10,11]";
    assert_string_equal(value_at(json, "/9").text, "9");
    assert_string_equal(value_at(json, "/10").text, "10");
    assert_string_equal(value_at(json, "/11").text, "11");
    assert_int_equal(value_at(json, "/:").kind, JSON_ABSENT); /* '9' + 1 */
    assert_int_equal(value_at(json, "/12").kind, JSON_ABSENT);
}

/* A tilde with nothing behind it is one. */
static void test_a_last_tilde(void **state)
{
    (void)state;
    assert_string_equal(value_at("{\"a~\":5}", "/a~").text, "5");
    assert_string_equal(value_at("{\"a~\":{\"b\":6}}", "/a~/b").text, "6");
}

/* The size counts, not a NUL; the first of equal names wins. */
static void test_odd_texts(void **state)
{
    (void)state;
    struct json_value value;
    const char bytes[] = {'1', '2', '3', '4'};
    json_pointer_read(&(struct json_text){.bytes = bytes, .size = 2}, "",
                      &value);
    assert_string_equal(value.text, "12");
    json_pointer_read(&(struct json_text){.bytes = "1\0", .size = 2}, "",
                      &value);
    assert_int_equal(value.kind, JSON_ABSENT);
    value = value_at("{\"a\":1,\"a\":2}", "/a");
    assert_string_equal(value.text, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_rfc),
        cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_long_strings_are_cut),
        cmocka_unit_test(test_odd_texts),
        cmocka_unit_test(test_twelve_elements),
        cmocka_unit_test(test_a_last_tilde),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
