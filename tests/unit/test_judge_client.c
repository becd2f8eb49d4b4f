/* What the client did wrong beside its retries, read from the trace alone. */
#include "judge_story.h"

#define PLAIN                                                        \
    "[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"503\"]}," \
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"constant\","       \
    "\"base\":\"1s\"}}]}]"
#define ONE "{\"request\":\"POST /v1/x\"}"
#define TWO "{\"request\":\"POST /v1/x\",\"calls\":2}"

struct row {
    const char *workload, *story;
    enum client_fault fault;
    const char *detail;
};

static const struct row rows[] = {
    {ONE, "0 200; ok:rs-0-0", CLIENT_OK, ""},
    {ONE, "exit@10", CLIENT_NEVER_CALLED, "no connection came"},
    {ONE, "refused@0-100; error:rs-0-0", CLIENT_OK, ""},
    {ONE, "0 200", CLIENT_NO_RESULTS,
     "nothing in the file that RETRYSPEC_RESULTS names"},
    {TWO, "0 200; ok:rs-0-0; 5 200 call=rs-0-1", CLIENT_NO_RESULTS,
     "only 1 of 2 calls have a line"},
    {TWO, "0 200; ok:rs-0-0", CLIENT_IGNORED_PLAN, "1 of 2 calls were made"},
    {TWO, "0 200; ok:rs-0-0; error:rs-0-1", CLIENT_OK, ""},
    {TWO, "0 200 call=; 5 200 call=; ok:rs-0-0; ok:rs-0-1", CLIENT_IGNORED_PLAN,
     "requests without a token: put that of each call (rs-0-0, rs-0-1, ...) "
     "anywhere into its requests"},
    {ONE, "0 200; ok:rs-0-0; crash@5", CLIENT_CRASHED, "killed by SIGSEGV"},
    {ONE, "0 200; ok:rs-0-0; stop@5", CLIENT_TIMED_OUT, ""},
    {ONE, "0 200; level=0", CLIENT_OK, ""},
    {ONE, "0 200; level=0; crash@5", CLIENT_CRASHED, "killed by SIGSEGV"},
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct story story = {.profile = story_profile(PLAIN),
                              .scenario = story_scenario(rows[i].workload, "")};
        story_tell(&story, rows[i].story);
        story_judge(&story);
        if (story.report->client_fault != rows[i].fault) {
            fail_msg("\"%s\": %s", rows[i].story,
                     client_fault_words[story.report->client_fault]);
        }
        assert_string_equal(story.report->client_detail, rows[i].detail);
        story_free(&story);
    }
}

static void test_unmatched_requests_name_themselves(void **state)
{
    (void)state;
    struct story story = {.profile = story_profile(PLAIN),
                          .scenario = story_scenario(ONE, "\"ST-1\"")};
    story_tell(&story, "0 418 target=/v1/y");
    story.attempts[0].route = "";
    story.attempts[0].reason = "nearest: POST /v1/x";
    story_judge(&story);
    assert_int_equal(story.report->client_fault, CLIENT_IGNORED_PLAN);
    assert_string_equal(
        story.report->client_detail,
        "no route of the scenario matches POST /v1/y; nearest: POST /v1/x");
    assert_int_equal(story.report->verdict_count, 0);
    story_free(&story);
}

static void test_leftovers(void **state)
{
    (void)state;
    struct story story = {.profile = story_profile(PLAIN),
                          .scenario = story_scenario(ONE, "")};
    story_tell(&story, "0 200; ok:rs-0-0");
    story.trace.leftovers = 2;
    story_judge(&story);
    assert_int_equal(story.report->client_fault, CLIENT_LEFT_PROCESSES);
    assert_true(story.report->verdict_count > 0);
    story_free(&story);
}

static void test_exit_codes_count_for_adapters_only(void **state)
{
    (void)state;
    static const struct {
        int level, code;
        enum client_fault fault;
    } cases[] = {
        {1, 3, CLIENT_CRASHED}, {0, 22, CLIENT_OK}, {1, 77, CLIENT_SKIPPED}};
    for (size_t i = 0; i < 3; i++) {
        struct story story = {.profile = story_profile(PLAIN),
                              .scenario = story_scenario(ONE, "")};
        story_tell(&story, "0 200; ok:rs-0-0");
        story.trace.level = cases[i].level;
        story.trace.client_code = cases[i].code;
        story_judge(&story);
        assert_int_equal(story.report->client_fault, cases[i].fault);
        story_free(&story);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_unmatched_requests_name_themselves),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_exit_codes_count_for_adapters_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
