/* Whose attempts the judge takes them for: connections that met a fault before
 * they were read, keys, routes, follow-ups, and the order of what was seen. */
#include "judge_story.h"

/* Retries what `transport` names and the 503, a second later. */
#define RETRIES(transport)                                              \
    "[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"503\"],"     \
    "\"transport\":[\"" transport "\"]},\"do\":\"retry\",\"backoff\":{" \
    "\"schedule\":\"constant\",\"base\":\"1s\"}}]}]"
#define FOLLOWS RETRIES("reset") ",\"follow_up\":\"POST /v1/y\""
#define ONE     "{\"request\":\"POST /v1/x\"}"
#define TWO     "{\"request\":\"POST /v1/x\",\"calls\":2}"

enum { CONNS_MAX = 2 };

static void judge_with(struct story *story, const char *text,
                       struct trace_conn *conns, size_t count)
{
    story_tell(story, text);
    story->trace.conns = conns;
    story->trace.conn_count = count;
    story_judge(story);
}

static void check_word(const struct story *story, const char *rule,
                       enum verdict_word word)
{
    const struct verdict *verdict = verdict_of(story, rule);
    if (!verdict || verdict->word != word) {
        print_verdicts(story);
        fail_msg("%s is not %s", rule, verdict_people_words[word]);
    }
}

static void check_nothing_bad(const struct story *story)
{
    const struct verdict *bad = bad_verdict(story, NULL);
    if (bad) {
        print_verdicts(story);
        fail_msg("%s has something against it", bad->rule->id);
    }
}

/* -- connections that were not read -----------------------------------------
 */

#define AT(accepted, closed, kind, where)                                      \
    {                                                                          \
        .accepted_ns = (accepted)*MS, .closed_ns = (closed)*MS, .fault = kind, \
        .step = where                                                          \
    }

/* Its server hangs for 100 ms, then closes. */
static struct scenario *hanging_scenario(void)
{
    static const char text[] =
        "{\"retryspec\":1,\"id\":\"t/t\",\"title\":\"t\",\"takes\":\"1s\","
        "\"workload\":" ONE ",\"server\":[{\"match\":\"POST /v1/x\",\"steps\":["
        "{\"fault\":{\"at\":\"accept\",\"do\":\"hang\",\"for\":\"100ms\"}},{"
        "\"reply\":200}],\"per\":\"run\",\"after_last\":\"repeat\"}],"
        "\"checks\":[\"OUT-1\"]}";
    struct error error = {0};
    struct scenario *scenario =
        scenario_read("t/t.jsonc", text, sizeof text - 1, &error);
    must_read(scenario, &error);
    return scenario;
}

/* The call failed by then in the way that the client saw: a client that knows
 * no such failure must not try again. */
static void test_ends_at_accept(void **state)
{
    (void)state;
    static const struct {
        struct trace_conn conn;
        const char *right, *wrong;
    } rows[] = {
        {AT(500, 500, FAULT_RESET, NULL), RETRIES("reset"), RETRIES("close")},
        {AT(500, 500, FAULT_CLOSE, ""), RETRIES("close"), RETRIES("reset")},
        {AT(500, 500, FAULT_DRIP, ""), RETRIES("close"), RETRIES("reset")},
        {AT(500, 500, FAULT_GARBAGE, ""), RETRIES("garbage"), RETRIES("close")},
        /* The client left. */
        {AT(0, 500, FAULT_HANG, "nowhere"), RETRIES("timeout"),
         RETRIES("close")},
        /* The server's time was over before. */
        {AT(500, 900, FAULT_HANG, "server[0].steps[0]"), RETRIES("close"),
         RETRIES("timeout")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
            struct story story = {.profile = story_profile(
                                      is_wrong ? rows[i].wrong : rows[i].right),
                                  .scenario = hanging_scenario()};
            struct trace_conn conn = rows[i].conn;
            judge_with(&story, "1500 200; ok:rs-0-0", &conn, 1);
            if (is_wrong)
                check_word(&story, "TF-2", VERDICT_FAIL);
            else
                check_word(&story, "TF-1", VERDICT_PASS);
            story_free(&story);
        }
    }
}

/* Between attempts that were read it is one of them; with nothing read at all,
 * it is the whole call. */
static void test_places_of_unread_attempts(void **state)
{
    (void)state;
    struct story story = {.profile = story_profile(RETRIES("reset")),
                          .scenario = story_scenario(ONE, "")};
    struct trace_conn conns[CONNS_MAX] = {AT(1001, 1001, FAULT_RESET, ""),
                                          AT(2001, 2001, FAULT_NONE, NULL)};
    judge_with(&story, "0 503; 2001 200; ok:rs-0-0", conns, 2);
    check_nothing_bad(&story);
    assert_int_equal(verdict_of(&story, "TF-1")->exercised, 1);
    story_free(&story);
    story = (struct story){.profile = story_profile(RETRIES("close")),
                           .scenario = story_scenario(ONE, "")};
    judge_with(&story, "exit@900; error:rs-0-0", conns, 1);
    check_nothing_bad(&story);
    assert_int_equal(story.report->client_fault, CLIENT_OK);
    story_free(&story);
}

/* A hang that nobody ended says nothing yet. */
static void test_a_hang_without_end(void **state)
{
    (void)state;
    struct story story = {.profile = story_profile(RETRIES("timeout")),
                          .scenario = story_scenario(ONE, "")};
    struct trace_conn conn = AT(500, 0, FAULT_HANG, "");
    conn.closed_ns = TRACE_NEVER;
    judge_with(&story, "0 503; error:rs-0-0", &conn, 1);
    assert_null(verdict_of(&story, "TF-1"));
    story_free(&story);
}

/* Of two calls, nobody knows which one it was: none is blamed. */
static void test_unread_attempts_of_two_calls(void **state)
{
    (void)state;
    struct story story = {.profile = story_profile(RETRIES("close")),
                          .scenario = story_scenario(TWO, "")};
    struct trace_conn conn = AT(500, 500, FAULT_RESET, "");
    judge_with(&story, "0 200; ok:rs-0-0; 600 200 call=rs-0-1; ok:rs-0-1",
               &conn, 1);
    check_nothing_bad(&story);
    assert_null(verdict_of(&story, "TF-2"));
    story_free(&story);
}

/* -- calls ------------------------------------------------------------------
 */

static const struct row {
    const char *profile, *workload, *story;
    const char *rule; /* that speaks; NULL: nothing is wrong */
    enum verdict_word word;
} rows[] = {
    /* Recorded in another order than sent, or at one instant. */
    {RETRIES("reset"), ONE, "1001 200; 0 503; ok:rs-0-0", NULL, 0},
    {RETRIES("reset"), ONE, "2003 200; 0 503 took=2; 1002 503; ok:rs-0-0", NULL,
     0},
    {RETRIES("reset"), ONE, "0 503 took=0; 0 200; ok:rs-0-0", "BO-1",
     VERDICT_FAIL},

    /* Keys that are nobody's of the plan. */
    {RETRIES("reset"), ONE, "level=0; 0 503 call=rs-7-0; 1001 200 call=rs-7-0",
     NULL, 0},
    {RETRIES("reset"), ONE, "level=0; 0 503 call=rs-x; 1001 200 call=rs-x",
     NULL, 0},
    {RETRIES("reset"), ONE, "level=0; 0 503 call=mine; 1001 200 call=mine",
     NULL, 0},

    /* A program that sends no token has one call. */
    {RETRIES("reset"), ONE, "level=0; 0 503 call=; giveup@800; givenup@800",
     NULL, 0},
    {RETRIES("reset"), ONE,
     "level=0; 0 503 call=other; 1001 200 call=other; giveup@800", NULL, 0},

    /* What is the second request, and what only looks like it. */
    {FOLLOWS, ONE, "0 200; 1 200 target=/v1/y?id=7; ok:rs-0-0", NULL, 0},
    {FOLLOWS, ONE, "0 200; 1 200 target=/v1/y#top; ok:rs-0-0", NULL, 0},
    {FOLLOWS, ONE, "0 200; 1 200 target=/v1/yy; ok:rs-0-0", "FU-1",
     VERDICT_FAIL},
    {FOLLOWS, ONE, "0 200; 1 200 target=/v1/y method=GET; ok:rs-0-0", "FU-1",
     VERDICT_FAIL},
    /* Recorded before the first request. */
    {FOLLOWS, ONE, "9 200 target=/v1/y; 0 200 took=5; ok:rs-0-0", NULL, 0},
};

static void test_calls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct story story = {.profile = story_profile(rows[i].profile),
                              .scenario = story_scenario(rows[i].workload, "")};
        judge_with(&story, rows[i].story, NULL, 0);
        if (rows[i].rule)
            check_word(&story, rows[i].rule, rows[i].word);
        else
            check_nothing_bad(&story);
        story_free(&story);
    }
}

/* However long a target is, its beginning tells which layers cover it. */
static void test_a_long_target(void **state)
{
    (void)state;
    char text[256], path[2048] = "/v1/x";
    snprintf(text, sizeof text, "0 503; 1001 200; ok:rs-0-0");
    memset(path + 5, 'x', sizeof path - 6);
    struct story story = {.profile = story_profile(RETRIES("reset")),
                          .scenario = story_scenario(ONE, "")};
    story_tell(&story, text);
    story.attempts[0].target = story.attempts[1].target = path;
    story_judge(&story);
    check_nothing_bad(&story);
    assert_true(verdict_of(&story, "ST-1")->exercised > 0);
    story_free(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_at_accept),
        cmocka_unit_test(test_places_of_unread_attempts),
        cmocka_unit_test(test_a_hang_without_end),
        cmocka_unit_test(test_unread_attempts_of_two_calls),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_a_long_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
