/* Named misreadings: each explains the trace that such a client leaves, is
 * silent where it does not explain the whole of it, and never speaks of a trace
 * that was accepted. */
#include "judge_story.h"

#define ON "{\"on\":{\"status\":[\"429\",\"500-599\"],\"transport\":[\"any\"]},"
#define EXP                                                       \
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"exponential\"," \
    "\"base\":\"1s\",\"factor\":2,\"cap\":\"4s\""
#define READ                                                       \
    "},\"retry_after\":{\"read\":[{\"header\":\"retry-after-ms\"," \
    "\"as\":[\"ms\"]},{\"header\":\"Retry-After\","                \
    "\"as\":[\"seconds\",\"http-date\"]}]}}"
#define LAYER(backoff, budget) \
    "[{\"name\":\"http\"," budget "\"rules\":[" ON EXP backoff READ "]}]"
#define PLAIN LAYER("", "\"budget\":{\"attempts\":3},")
#define DOWN  LAYER(",\"jitter\":{\"down\":0.25}", "")
#define SIX   LAYER("", "\"budget\":{\"attempts\":6},")
#define FROM  LAYER(",\"jitter\":{\"up\":0.5}", "")
#define ADD   LAYER(",\"jitter\":{\"add\":[\"500ms\",\"600ms\"]}", "")
#define ONE   "{\"request\":\"POST /v1/x\"}"

struct row {
    const char *profile, *story, *rule;
    const char *likely; /* NULL: none may be named */
};

static const struct row rows[] = {
    {PLAIN, "0 429 ra=3; 1001 200", "RA-1",
     "the header was not read: the waits follow the back-off alone"},
    /* Either would explain it: the smaller claim is made. */
    {PLAIN, "0 429 ra=Sun,_09_Sep_2001_01:46:43_GMT; 1001 200", "RA-1",
     "the HTTP-date in the header was not understood"},
    {PLAIN, "0 429 ra=Sun,_09_Sep_2001_01:46:44_GMT; 1001 429 ra=3; 4002 200",
     "RA-1", "the HTTP-date in the header was not understood"},
    {PLAIN, "0 429 ra=2; 4 200", "RA-1",
     "the header's seconds were read as milliseconds"},
    {PLAIN, "0 429 ms=20; 20001 200", "RA-2",
     "the header's milliseconds were read as seconds"},
    {PLAIN, "0 503; 2001 503; 6002 200", "BO-2",
     "the exponent is one too high: the first wait is the second of the law"},
    {PLAIN, "0 503; 501 503; 1502 200", "BO-1",
     "the exponent is one too low: the first wait is the base divided by the "
     "factor"},
    {SIX, "0 503; 1001 503; 3002 503; 7003 503; 15004 200", "BO-2",
     "the cap was not applied"},
    {DOWN, "0 503; 1001 503; 3451 503; 8401 200", "BO-2",
     "the jitter went to the wrong side"},
    {FROM, "0 503; 601 503; 2700 200", "BO-1",
     "the jitter went to the wrong side"},
    {FROM, "0 503; 601 503; 3500 200", "BO-1",
     "the jitter went to both sides instead of one"},
    {ADD, "0 503; 1001 503; 3002 200", "BO-1", "no jitter was applied"},
    {PLAIN, "0 503; 1001 503; 3002 503; 7003 200", "AT-2",
     "one attempt too many: retries were counted, not attempts"},
    {PLAIN, "0 503; 1001 503; exit@60000", "AT-1",
     "one attempt too few: attempts were counted as retries"},
    {PLAIN, "0 429; exit@60000", "ST-1",
     "429 is not among the statuses that the client retries"},
    {PLAIN, "0 reset; exit@60000", "TF-1",
     "a connection that breaks is not retried"},
    /* A connection that was used again (CONN-2) is another matter. */
    {PLAIN, "0 reset; 2001 503; 6002 200", "BO-2",
     "the exponent is one too high: the first wait is the second of the law"},
    /* Explained in part is not explained. */
    {PLAIN, "0 429 ra=3; 1001 429 ra=9; 1501 200", "RA-1", NULL},
    {PLAIN, "0 503; 1 503; 9003 200", "BO-1", NULL},
};

static void check_row(const struct row *row)
{
    struct story story = {.profile = story_profile(row->profile),
                          .scenario = story_scenario(ONE, "")};
    char text[512];
    snprintf(text, sizeof text, "level=0; %s", row->story);
    story_tell(&story, text);
    story_judge(&story);
    const struct verdict *verdict = verdict_of(&story, row->rule);
    const char *found = verdict ? verdict->likely : NULL;
    bool is_broken = verdict && verdict->violations > 0;
    bool is_right =
        row->likely ? found && strcmp(found, row->likely) == 0 : !found;
    if (!is_broken || !is_right) {
        print_verdicts(&story);
        fail_msg("\"%s\": %s: wanted %s", row->story, row->rule,
                 row->likely ? row->likely : "no cause");
    }
    story_free(&story);
}

static void test_each_misreading_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(&rows[i]);
    }
}

/* A misreading must explain all calls, not only the one that failed first. */
static void check_two_calls(const char *text, const char *rule, int exercised)
{
    struct story story = {
        .profile = story_profile(PLAIN),
        .scenario =
            story_scenario("{\"request\":\"POST /v1/x\",\"calls\":2}", ""),
    };
    story_tell(&story, text);
    story_judge(&story);
    const struct verdict *verdict = verdict_of(&story, rule);
    assert_int_equal(verdict->violations, 1);
    assert_int_equal(verdict->exercised, exercised);
    assert_null(verdict->likely);
    story_free(&story);
}

static void test_all_calls_must_agree(void **state)
{
    (void)state;
    check_two_calls("0 429 ra=3; 1001 200; ok:rs-0-0; 5000 429 ra=3 "
                    "call=rs-0-1; 8001 200 call=rs-0-1; ok:rs-0-1",
                    "RA-1", 2);
    /* Also where a call reused a connection that was reset (CONN-2). */
    check_two_calls(
        "0 reset conn=1; 2001 200 conn=1; ok:rs-0-0; 5000 503 call=rs-0-1; "
        "6001 200 call=rs-0-1; ok:rs-0-1",
        "BO-2", 2);
}

static void test_a_good_trace_has_no_cause(void **state)
{
    (void)state;
    struct story story = {.profile = story_profile(PLAIN),
                          .scenario = story_scenario(ONE, "")};
    story_tell(&story, "0 429 ra=3; 3001 200; ok:rs-0-0");
    story_judge(&story);
    for (size_t i = 0; i < story.report->verdict_count; i++) {
        assert_null(story.report->verdicts[i].likely);
    }
    story_free(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_misreading_is_named),
        cmocka_unit_test(test_all_calls_must_agree),
        cmocka_unit_test(test_a_good_trace_has_no_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
