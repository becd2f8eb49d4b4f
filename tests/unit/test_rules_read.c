/* The rule catalogue: the shipped one, and what its reader refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/embedded.h"
#include "model/verdict.h"

#define FILE_OF(rules) "{\"retryspec\":1,\"rules\":[" rules "]}"
#define REST                                                              \
    "\"title\":\"t\",\"text\":\"x\",\"source\":\"s\",\"computed\":\"c\"," \
    "\"tolerances\":[],\"causes\":\"d\"}"
#define RULE(id) "{\"id\":\"" id "\",\"level\":\"must\"," REST

static const struct embedded_file *shipped(void)
{
    const struct embedded_file *file = embedded_files;
    while (file->name && strcmp(file->name, "rules.jsonc") != 0) {
        file++;
    }
    assert_non_null(file->name);
    return file;
}

static void test_the_shipped_catalogue_has_every_rule(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "OUT-1",  "BODY-1", "AT-1",  "AT-2",  "AT-3",   "ST-1", "ST-2",  "TF-1",
        "TF-2",   "BO-1",   "BO-2",  "RA-1",  "RA-2",   "TO-1", "TO-2",  "PT-1",
        "REQ-1",  "REQ-2",  "REQ-3", "HID-1", "OVER-1", "CC-1", "FLT-1", "CC-2",
        "CONN-1", "CONN-2", "JIT-1", "JIT-2", "HERD-1"};
    struct error error = {0};
    const struct embedded_file *file = shipped();
    struct rule_catalogue *rules =
        rules_read(file->name, file->bytes, file->size, &error);
    assert_non_null(rules);
    assert_true(rules->count >= sizeof ids / sizeof *ids);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const struct rule *rule = rules_find(rules, ids[i]);
        assert_non_null(rule);
        assert_string_equal(rule->id, ids[i]);
    }
    assert_null(rules_find(rules, "RA-0"));
    assert_non_null(
        strstr(rules_find(rules, "ST-1")->includes, "x-should-retry"));
    assert_null(rules_find(rules, "OUT-1")->includes);
    const struct rule *late = rules_find(rules, "BO-2");
    assert_true(late->tolerance_count >= 3);
    assert_int_equal(late->tolerances[0].source, TOLERANCE_CLIENT_WORK);
    assert_int_equal(late->tolerances[1].source, TOLERANCE_MEASURED_LAG);
    assert_non_null(strstr(late->tolerances[0].allows, "tolerance.late"));
    assert_int_equal(rules_find(rules, "OUT-1")->tolerance_count, 0);
    assert_int_equal(rules_find(rules, "RA-1")->level, LEVEL_MUST);
    assert_int_equal(rules_find(rules, "RA-2")->level, LEVEL_SHOULD);
    rules_free(rules);
    rules_free(NULL);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *expected;
    } cases[] = {
        {"[]", "1:1 : expected an object, found an array"},
        {"{\"retryspec\":1}", "1:1 : missing key \"rules\""},
        {"{\"retryspec\":\"1\",\"rules\":[]}",
         "1:14 retryspec: expected 1, the version of the format, found \"1\""},
        {FILE_OF(""), "1:24 rules: expected 1 to 1024 elements, found 0"},
        {FILE_OF("7"), "1:25 rules[0]: expected an object, found the number 7"},
        {FILE_OF("{\"id\":\"A\",\"level\":\"may\"," REST),
         "1:43 rules[0].level: expected one of \"must\", \"should\", found "
         "\"may\""},
        {FILE_OF("{\"tolerances\":[{\"from\":\"lag\",\"allows\":\"a\"}],"
                 "\"id\":\"A\",\"level\":\"must\",\"title\":\"t\","
                 "\"text\":\"x\",\"source\":\"s\",\"computed\":\"c\","
                 "\"causes\":\"d\"}"),
         "1:48 rules[0].tolerances[0].from: expected one of \"client-timer\", "
         "\"client-work\", \"measured-lag\", \"cpu-wait\", \"network\", "
         "\"whole-seconds\", \"profile\", \"chance\", found \"lag\""},
        {FILE_OF("{\"tolerances\":[{\"from\":\"chance\"}],"
                 "\"id\":\"A\",\"level\":\"must\",\"title\":\"t\","
                 "\"text\":\"x\",\"source\":\"s\",\"computed\":\"c\","
                 "\"causes\":\"d\"}"),
         "1:40 rules[0].tolerances[0]: missing key \"allows\""},
        {FILE_OF("{\"id\":\"\",\"level\":\"must\"," REST),
         "1:31 rules[0].id: expected a text, found \"\""},
        {FILE_OF("{\"level\":\"must\"," REST),
         "1:25 rules[0]: missing key \"id\""},
        {FILE_OF("{\"id\":\"A\",\"level\":\"must\",\"titel\":1," REST),
         "1:50 rules[0]: unknown key \"titel\" | did you mean \"title\"?"},
        {FILE_OF(RULE("A-1") "," RULE("A-1")),
         "1:139 rules[1].id: expected another id than that of rules[0], found "
         "\"A-1\""},
    };
    size_t failed = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {0};
        assert_null(rules_read("r.jsonc", cases[i].json, strlen(cases[i].json),
                               &error));
        const struct problem *problem = &error.problems[0];
        char found[1024];
        snprintf(found, sizeof found, "%d:%d %s: %s%s%s", problem->line,
                 problem->column, problem->path, problem->message,
                 *problem->hint ? " | " : "", problem->hint);
        if (strcmp(found, cases[i].expected) != 0) {
            print_error("%s\n  expected: %s\n  found:    %s\n", cases[i].json,
                        cases[i].expected, found);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_shipped_catalogue_has_every_rule),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
