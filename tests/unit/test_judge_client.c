/* What the client did wrong beside its retries, read from the trace alone. */
#include "judge_story.h"

#define PLAIN                                                        \
    "[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"503\"]}," \
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"constant\","       \
    "\"base\":\"1s\"}}]}]"
#define ONE       "{\"request\":\"POST /v1/x\"}"
#define TWO       "{\"request\":\"POST /v1/x\",\"calls\":2}"
#define IMPATIENT "{\"request\":\"POST /v1/x\",\"calls\":2,\"give_up\":\"1s\"}"

struct row {
    const char *workload, *story;
    enum client_fault fault;
    const char *detail;
};

#define BOTH "0 200; ok:rs-0-0; 5 200 call=rs-0-1; ok:rs-0-1"

static const struct row rows[] = {
    {ONE, "0 200; ok:rs-0-0", CLIENT_OK, ""},
    {TWO, BOTH, CLIENT_OK, ""},

    /* How it ended. */
    {ONE, "nostart@0; reason=no_such_file", CLIENT_COULD_NOT_START,
     "no such file"},
    {ONE, "0 200; ok:rs-0-0; crash@5", CLIENT_CRASHED, "killed by SIGSEGV"},
    {ONE, "0 200; ok:rs-0-0; code=3", CLIENT_CRASHED, "exit code 3"},
    {ONE, "0 200; code=3; stderr=KeyError:_'x'", CLIENT_CRASHED,
     "exit code 3; its stderr ends: \"KeyError: 'x'\""},
    {ONE, "0 200; ok:rs-0-0; crash@5; left=2; lost=1", CLIENT_CRASHED,
     "killed by SIGSEGV; it also left 2 processes behind; it also flooded its "
     "output"},
    {ONE, "0 200; ok:rs-0-0; stop@5", CLIENT_TIMED_OUT,
     "still running after 30.000 s (--timeout gives it longer)"},
    {ONE, "0 200; code=77", CLIENT_SKIPPED, "no reason on stderr"},
    {ONE, "0 200; code=77; stderr=can't_stream", CLIENT_SKIPPED,
     "can't stream"},
    {ONE, "level=0; notrun@0; reason=needs_an_adapter", CLIENT_SKIPPED,
     "needs an adapter"},

    /* At level 0 an exit code says how the call went. */
    {ONE, "0 200; level=0", CLIENT_OK, ""},
    {ONE, "0 200; level=0; code=77", CLIENT_OK, ""},
    {ONE, "0 200; level=0; crash@5; code=6", CLIENT_CRASHED,
     "killed by SIGABRT"},
    {ONE, "0 503; level=0; giveup@800; givenup@800", CLIENT_OK, ""},

    /* Silence; refused connections are none, as results speak for them. */
    {ONE, "exit@10", CLIENT_NEVER_CALLED, "no connection came; exit code 0"},
    {ONE, "exit@10; ok:rs-0-0", CLIENT_NEVER_CALLED,
     "no connection came; it reports rs-0-0 as ok; exit code 0"},
    {ONE, "level=0; giveup@800; givenup@800; stderr=why", CLIENT_NEVER_CALLED,
     "no connection came; ended when its caller gave up; its stderr ends: "
     "\"why\""},
    {ONE, "refused@0-100; error:rs-0-0", CLIENT_OK, ""},
    {TWO, "refused@0-100; error:rs-0-0; ok:rs-0-1", CLIENT_IGNORED_PLAN,
     "it reports rs-0-1 as ok, but no request of that call came"},

    /* The plan. */
    {TWO, "0 200; ok:rs-0-0", CLIENT_IGNORED_PLAN,
     "1 of 2 calls was never made, the first of them rs-0-1"},
    {TWO, "0 200; ok:rs-0-0; error:rs-0-1", CLIENT_IGNORED_PLAN,
     "it reports rs-0-1 as error \"E\", but no request of that call came"},
    {IMPATIENT, "0 200; ok:rs-0-0; error:rs-0-1", CLIENT_OK, ""},
    {TWO, "refused@0-100; 200 200; ok:rs-0-0; error:rs-0-1", CLIENT_OK, ""},
    {TWO, "0 200; ok:rs-0-0; ok:rs-0-1", CLIENT_IGNORED_PLAN,
     "it reports rs-0-1 as ok, but no request of that call came"},
    {TWO, "0 200 call=; 5 200 call=; ok:rs-0-0; ok:rs-0-1", CLIENT_IGNORED_PLAN,
     "2 of its requests carry no token; put that of each call (rs-0-0, "
     "rs-0-1, ...) anywhere into its requests"},

    /* Results: none, an empty file, too few, bad ones. */
    {ONE, "0 200", CLIENT_NO_RESULTS,
     "the file that RETRYSPEC_RESULTS names was not made"},
    {ONE, "0 200; results", CLIENT_NO_RESULTS,
     "the file that RETRYSPEC_RESULTS names is empty"},
    {TWO, "0 200; ok:rs-0-0; 5 200 call=rs-0-1", CLIENT_NO_RESULTS,
     "only 1 of 2 calls has a line"},
    {TWO, "0 200; ok:rs-0-0; problem=line_3:_what", CLIENT_BAD_RESULTS,
     "line 3: what"},

    /* Mess. */
    {ONE, "0 200; ok:rs-0-0; lost=9", CLIENT_FLOODED,
     "109 bytes of output; 9 of them were not kept"},
    {ONE, "0 200; ok:rs-0-0; left=1; lost=9", CLIENT_LEFT_PROCESSES,
     "1 still ran after its end and was killed; it also flooded its output"},
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct story story = {.profile = story_profile(PLAIN),
                              .scenario = story_scenario(rows[i].workload, "")};
        story_tell(&story, rows[i].story);
        story_judge(&story);
        if (story.report->client_fault != rows[i].fault ||
            strcmp(story.report->client_detail, rows[i].detail) != 0) {
            fail_msg("\"%s\": %s: %s", rows[i].story,
                     client_fault_words[story.report->client_fault],
                     story.report->client_detail);
        }
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
        "the plan says POST /v1/x, but it sent POST /v1/y; nearest: POST "
        "/v1/x");
    assert_int_equal(story.report->verdict_count, 0);
    story_free(&story);
}

/* Goal: who ran the plan and left a mess is judged all the same. */
static void test_mess_allows_verdicts(void **state)
{
    (void)state;
    static const char *const stories[] = {"0 200; ok:rs-0-0; left=2",
                                          "0 200; ok:rs-0-0; lost=2"};
    for (size_t i = 0; i < 2; i++) {
        struct story story = {.profile = story_profile(PLAIN),
                              .scenario = story_scenario(ONE, "\"ST-1\"")};
        story_tell(&story, stories[i]);
        story_judge(&story);
        assert_true(story.report->verdict_count > 0);
        assert_int_equal(verdict_of(&story, "ST-1")->word, VERDICT_NA);
        story_free(&story);
    }
}

/* Goal: where a header names the call, its values are the client's own. */
static void test_other_keys_are_no_tokens(void **state)
{
    (void)state;
    struct story story = {.profile = story_profile(PLAIN),
                          .scenario = story_scenario(TWO, "")};
    struct route route = story.scenario->routes[0];
    const struct route *shipped = story.scenario->routes;
    route.key = KEY_HEADER;
    size_t count = story.scenario->route_count;
    story.scenario->routes = &route;
    story.scenario->route_count = 1;
    story_tell(&story, "0 200 call=x; 5 200 call=x; ok:rs-0-0; error:rs-0-1");
    story_judge(&story);
    assert_int_equal(story.report->client_fault, CLIENT_OK);
    story.scenario->routes = shipped;
    story.scenario->route_count = count;
    story_free(&story);
}

/* Goal: of an interrupted run nothing is said. */
static void test_interrupted_runs_have_no_fault(void **state)
{
    (void)state;
    struct story story = {.profile = story_profile(PLAIN),
                          .scenario = story_scenario(ONE, "")};
    story_tell(&story, "exit@10");
    story.trace.interrupted = true;
    story_judge(&story);
    assert_int_equal(story.report->client_fault, CLIENT_OK);
    assert_string_equal(story.report->client_detail, "");
    story_free(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_unmatched_requests_name_themselves),
        cmocka_unit_test(test_mess_allows_verdicts),
        cmocka_unit_test(test_other_keys_are_no_tokens),
        cmocka_unit_test(test_interrupted_runs_have_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
