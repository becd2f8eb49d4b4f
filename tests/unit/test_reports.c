/* Goal: reports say what the verdicts say, in every format, and hold no byte
 * that would break a reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "model/units.h"
#include "reports/report.h"

static struct rule rule_ra1 = {
    .id = "RA-1", .title = "not before Retry-After", .level = LEVEL_MUST};
static struct rule rule_out1 = {
    .id = "OUT-1", .title = "the true outcome", .level = LEVEL_MUST};
static struct scenario scenario = {.id = "retry-after/429-seconds",
                                   .title = "429 <then> 200"};
static struct trace_attempt attempts[] = {
    {.id = 1,
     .conn = 1,
     .head_ns = NS_PER_S,
     .first_byte_ns = NS_PER_S,
     .last_byte_ns = NS_PER_S + NS_PER_MS,
     .gone_ns = TRACE_NEVER,
     .call = "rs-0-0",
     .method = "POST",
     .target = "/v1/echo",
     .status = 429,
     .end = END_STATUS,
     .proof = "",
     .reason = ""},
    {.id = 2,
     .conn = 1,
     .head_ns = NS_PER_S + 413 * NS_PER_MS,
     .last_byte_ns = NS_PER_S + 414 * NS_PER_MS,
     .gone_ns = TRACE_NEVER,
     .call = "rs-0-0",
     .method = "POST",
     .target = "/v1/echo",
     .status = 200,
     .end = END_STATUS,
     .proof = "",
     .reason = ""}};
static struct trace trace = {.attempts = attempts, .attempt_count = 2};
static struct verdict verdicts[] = {{.rule = &rule_ra1,
                                     .word = VERDICT_FAIL,
                                     .exercised = 1,
                                     .violations = 1,
                                     .attempt = 2,
                                     .expected = "gap >= 2.000 s",
                                     .observed = "gap = 0.412 s \x01",
                                     .likely = "the header was not read",
                                     .source = "profile x; RFC 9110"},
                                    {.rule = &rule_out1,
                                     .word = VERDICT_NA,
                                     .reason = "no adapter, so no results"}};
static struct scenario_report report = {.scenario = &scenario,
                                        .trace = &trace,
                                        .verdicts = verdicts,
                                        .verdict_count = 2,
                                        .took_ns = 400 * NS_PER_MS,
                                        .load = {4, 10, 7},
                                        .client_detail = "",
                                        .folder = "out/x"};
static struct scenario_report *reports[] = {&report};
static const char *const argv_under_test[] = {"python", "my adapter.py", NULL};
static struct run_report run = {.profile = "x",
                                .profile_source = "",
                                .version = "1",
                                .seed = UINT64_MAX,
                                .jobs = 4,
                                .argv = argv_under_test,
                                .scenarios = reports,
                                .count = 1};

static char *captured(bool (*format)(const struct run_report *, FILE *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_true(format(&run, out));
    fclose(out);
    return text;
}

static bool format_text(const struct run_report *shown, FILE *out)
{
    report_text_summary(shown, &(struct report_style){.width = 40}, out);
    return true;
}

static void text_tells_the_story_and_how_to_run_again(void **state)
{
    (void)state;
    char *text = captured(format_text);
    static const char *const expected[] = {
        "FAIL  retry-after/429-seconds   429 <then> 200\n",
        "      0.000 s  -> #1   POST /v1/echo   conn 1   rs-0-0\n",
        "      0.413 s  -> #2   POST /v1/echo   conn 1   rs-0-0   x RA-1\n",
        "  x  RA-1  MUST    not before Retry-After\n",
        "      expected   gap >= 2.000 s\n",
        "      likely     the header was not read\n",
        "again      retryspec run retry-after/429-seconds -p x --seed "
        "18446744073709551615 -- python 'my adapter.py'\n",
        /* S0-74, S1-103 */
        "score 0.0 % of the checks that apply passed\n"
        "attempts per call: 2.50 on average, 7 at most\n",
        "FAILED  retry-after/429-seconds:RA-1\nexit 1: the client does not "
        "conform\n"};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (!strstr(text, expected[i]))
            fail_msg("missing:\n%s\nin:\n%s", expected[i], text);
    assert_null(strstr(text, "OUT-1")); /* n/a is not a finding */
    free(text);
}

static void json_holds_the_evidence(void **state)
{
    (void)state;
    char *text = captured(report_json);
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    assert_string_equal(cJSON_GetObjectItem(root, "seed")->valuestring,
                        "18446744073709551615");
    assert_int_equal(cJSON_GetObjectItem(root, "exit_code")->valueint, 1);
    const cJSON *load = cJSON_GetObjectItem(root, "attempts_per_call");
    assert_int_equal(cJSON_GetObjectItem(load, "most")->valueint, 7);
    assert_true(cJSON_GetObjectItem(load, "mean")->valuedouble == 2.5);
    assert_true(cJSON_GetObjectItem(root, "score")->valuedouble == 0);
    const cJSON *first =
        cJSON_GetArrayItem(cJSON_GetObjectItem(root, "scenarios"), 0);
    const cJSON *verdict =
        cJSON_GetArrayItem(cJSON_GetObjectItem(first, "verdicts"), 0);
    assert_string_equal(cJSON_GetObjectItem(verdict, "verdict")->valuestring,
                        "fail");
    assert_string_equal(cJSON_GetObjectItem(verdict, "expected")->valuestring,
                        "gap >= 2.000 s");
    cJSON_Delete(root);
    free(text);
}

static void junit_maps_words_and_escapes(void **state)
{
    (void)state;
    char *text = captured(report_junit);
    assert_non_null(strstr(text, "tests=\"2\" failures=\"1\" errors=\"0\" "
                                 "skipped=\"1\""));
    assert_non_null(strstr(text, "<failure message=\"gap = 0.412 s \">"));
    assert_non_null(strstr(text, "<skipped message=\"no adapter"));
    assert_non_null(strstr(text, "gap &gt;= 2.000 s"));
    assert_null(strchr(text, '\x01'));
    free(text);
}

static void a_client_that_cant_be_judged_is_an_error(void **state)
{
    (void)state;
    report.client_fault = CLIENT_CRASHED;
    report.client_detail = "killed by SIGSEGV";
    char *text = captured(report_junit);
    assert_non_null(strstr(text, "<error message=\"crashed\">killed by "
                                 "SIGSEGV</error>"));
    free(text);
    text = captured(format_text);
    assert_non_null(strstr(text, "The client under test crashed: killed by "
                                 "SIGSEGV.\n"));
    free(text);
    report.client_fault = CLIENT_OK;
}

/* Goal: a finding that ten scenarios share is told once. */
static void a_repeated_finding_is_named_not_told_again(void **state)
{
    (void)state;
    struct scenario other = {.id = "retry-after/other", .title = "another"};
    struct scenario_report second = report;
    second.scenario = &other;
    struct scenario_report *both[] = {&report, &second};
    run.scenarios = both;
    run.count = 2;
    char *text = captured(format_text);
    const char *later = strstr(text, "FAIL  retry-after/other");
    assert_non_null(later);
    assert_non_null(strstr(later, "as in      retry-after/429-seconds\n"));
    assert_null(strstr(later, "expected"));
    free(text);
    run.scenarios = reports;
    run.count = 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_finding_is_named_not_told_again),
        cmocka_unit_test(text_tells_the_story_and_how_to_run_again),
        cmocka_unit_test(json_holds_the_evidence),
        cmocka_unit_test(junit_maps_words_and_escapes),
        cmocka_unit_test(a_client_that_cant_be_judged_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
