/* A scenario file with a matrix: what it holds, and what the reader refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/scenario.h"

#define FILE_OF(matrix, request)                                          \
    "{\"retryspec\":1,\"id\":\"t/t\",\"title\":\"{method} {path}\","      \
    "\"matrix\":" matrix ",\"workload\":{\"request\":\"" request "\"},"   \
    "\"server\":[{\"match\":\"" request "\",\"steps\":[{\"reply\":200}]," \
    "\"per\":\"call\",\"after_last\":\"repeat\"}],\"checks\":[\"OUT-1\"]}"

static struct scenario *read_one(const char *text, size_t index, size_t *count,
                                 struct error *error)
{
    return scenario_read_variant(
        &(struct scenario_text){"t/t.jsonc", text, strlen(text)}, index, count,
        error);
}

static void test_each_combination_is_a_scenario(void **state)
{
    (void)state;
    static const char text[] =
        FILE_OF("{\"method\":[\"GET\",\"PUT\"],\"path\":[\"/a\",\"/b/c.d\"]}",
                "{method} {path}");
    static const char *const ids[] = {"t/t/get-a", "t/t/get-b-c.d", "t/t/put-a",
                                      "t/t/put-b-c.d"};
    static const char *const titles[] = {"GET /a", "GET /b/c.d", "PUT /a",
                                         "PUT /b/c.d"};
    size_t count = 1;
    for (size_t i = 0; i < count; i++) {
        struct error error = {0};
        struct scenario *scenario = read_one(text, i, &count, &error);
        assert_non_null(scenario);
        assert_int_equal(count, 4);
        assert_string_equal(scenario->id, ids[i]);
        assert_string_equal(scenario->title, titles[i]);
        assert_string_equal(scenario->workload.method, i < 2 ? "GET" : "PUT");
        scenario_free(scenario);
    }
}

static void test_one_axis_is_enough(void **state)
{
    (void)state;
    struct error error = {0};
    size_t count = 0;
    struct scenario *scenario =
        read_one(FILE_OF("{\"method\":[\"GET\",\"PUT\"]}", "{method} /x"), 1,
                 &count, &error);
    assert_non_null(scenario);
    assert_int_equal(count, 2);
    assert_string_equal(scenario->id, "t/t/put");
    assert_string_equal(scenario->title, "PUT {path}");
    scenario_free(scenario);
}

static void test_what_can_not_be_a_matrix_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {FILE_OF("{}", "GET /x"), "a matrix of one scenario"},
        {FILE_OF("{\"method\":[\"GET\"]}", "{method} /x"),
         "a matrix of one scenario"},
        {FILE_OF("{\"method\":[\"get\",\"PUT\"]}", "{method} /x"),
         "\"get\" can't stand in a matrix"},
        {FILE_OF("{\"method\":[\"ANY\",\"PUT\"]}", "{method} /x"),
         "\"ANY\" can't stand in a matrix"},
        {FILE_OF("{\"path\":[\"/a\",\"b\"]}", "GET {path}"),
         "\"b\" can't stand in a matrix"},
        {FILE_OF("{\"path\":[\"/a\",\"/a\"]}", "GET {path}"),
         "\"/a\" is listed twice"},
        {FILE_OF("{\"verb\":[\"GET\",\"PUT\"]}", "GET /x"),
         "unknown key \"verb\""},
        {FILE_OF("{\"method\":7}", "GET /x"),
         "expected an array, found the number 7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {0};
        size_t count = 0;
        assert_null(read_one(cases[i].text, 0, &count, &error));
        assert_int_equal(count, 1);
        if (strcmp(error.problems[0].message, cases[i].message) != 0) {
            fail_msg("wanted %s\n found %s", cases[i].message,
                     error.problems[0].message);
        }
    }
}

static void test_a_mark_that_nothing_says_is_a_slip(void **state)
{
    (void)state;
    static const char text[] =
        "{\"retryspec\":1,\"id\":\"t/t\",\"title\":\"t\",\"matrix\":{"
        "\"path\":[\"/a\",\"/b\"]}}";
    struct error error = {0};
    size_t count = 0;
    assert_null(read_one(text, 0, &count, &error));
    assert_string_equal(error.problems[0].message,
                        "nothing in the file says \"{path}\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_combination_is_a_scenario),
        cmocka_unit_test(test_one_axis_is_enough),
        cmocka_unit_test(test_what_can_not_be_a_matrix_is_refused),
        cmocka_unit_test(test_a_mark_that_nothing_says_is_a_slip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
