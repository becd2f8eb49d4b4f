/* Goal: whichever allocation fails, the judge gives no report or the whole one:
 * short memory never changes a verdict, and nothing is leaked (asan). */
#include "judge_story.h"
#include "short_of_memory.h"

#define RULES                                                                 \
    "\"rules\":[{\"on\":{\"status\":[\"429\"]},\"do\":\"retry\","             \
    "\"closes_limiter\":true,\"backoff\":{\"schedule\":\"constant\","         \
    "\"base\":\"1s\"},\"retry_after\":{\"read\":[{\"header\":"                \
    "\"Retry-After\",\"as\":[\"seconds\"]}]}},{\"on\":{\"status\":[\"503\"]," \
    "\"transport\":[\"any\"]},\"do\":\"retry\",\"backoff\":{\"schedule\":"    \
    "\"constant\",\"base\":\"1s\"}}]"
/* All that calls may share. */
#define SHARES                                                              \
    "[{\"name\":\"outer\",\"slots\":{\"limit\":2,\"bytes\":{\"limit\":100}" \
    "},\"budget\":{\"tokens\":{\"capacity\":3,\"cost\":1}},\"progress\":{"  \
    "\"timeout\":"                                                          \
    "\"9s\"}},{\"name\":\"inner\",\"breaker\":{\"failures\":2,\"reset\":"   \
    "\"5s\"},\"rate_limiter\":{\"per_second\":5,\"burst\":9}," RULES "}]"
#define HEADED                                                         \
    "[{\"name\":\"http\",\"rate_limiter\":{}," RULES                   \
    "}],\"headers\":{\"retry_count\":{\"name\":"                       \
    "\"x-count\",\"from\":0},\"idempotency_key\":{\"name\":\"x-key\"," \
    "\"scope\":\"call\"}}"
#define FOLLOWS                                      \
    "[{\"name\":\"http\",\"rate_limiter\":{}," RULES \
    "}],\"follow_up\":\"POST /v1/y\","               \
    "\"resend\":{\"on_stale_connection\":true,\"limit\":1}"
#define ONE "{\"request\":\"POST /v1/x\"}"
#define TWO "{\"request\":\"POST /v1/x\",\"calls\":2,\"concurrency\":2}"

static const struct row {
    const char *profile, *workload, *story;
} rows[] = {
    {SHARES, TWO,
     "0 429 ra=2; 10 503 call=rs-0-1; 1100 503 call=rs-0-1; 2001 200; "
     "6200 200 call=rs-0-1; ok:rs-0-0; ok:rs-0-1"},
    {SHARES, TWO,
     "0 503; 5 503 call=rs-0-1; 20 200; 30 200 call=rs-0-1; ok:rs-0-0; "
     "error:rs-0-1; refused@500-600"},
    {HEADED, ONE,
     "0 429 ra=2 key=a count=0; 413 503 key=b count=7 sha=bb; 414 200; "
     "error:rs-0-0/cafe"},
    {FOLLOWS, ONE,
     "0 200; 1 close target=/v1/y use=2; 2 200 target=/v1/y; "
     "ok:rs-0-0"},
    {FOLLOWS, ONE, "0 503; exit@9000; error:rs-0-0; left=2; code=3"},
};

static struct scenario_report *judge(const struct story *story)
{
    return judge_run(&(struct judge_input){
        .profile = story->profile,
        .scenario = story->scenario,
        .trace = &story->trace,
        .rules = story->rules,
    });
}

static void check_same_verdicts(const struct scenario_report *whole,
                                const struct scenario_report *found)
{
    assert_int_equal(found->client_fault, whole->client_fault);
    assert_int_equal(found->verdict_count, whole->verdict_count);
    for (size_t i = 0; i < whole->verdict_count; i++) {
        const struct verdict *a = &whole->verdicts[i];
        const struct verdict *b = &found->verdicts[i];
        if (a->rule != b->rule || a->word != b->word ||
            a->exercised != b->exercised || a->violations != b->violations)
            fail_msg("%s was %s and is %s", a->rule->id,
                     verdict_people_words[a->word],
                     verdict_people_words[b->word]);
    }
}

static void check_row(const struct row *row)
{
    struct story story = {.profile = story_profile(row->profile),
                          .scenario = story_scenario(row->workload, "")};
    story_tell(&story, row->story);
    story_judge(&story);
    bool is_whole = false;
    /* Each of the first ones; the search for misreadings does the same over and
     * over. */
    for (long k = 0; !is_whole; k += 1 + k / 32) {
        assert_true(k < 100000);
        countdown = k;
        failures = 0;
        struct scenario_report *report = judge(&story);
        countdown = -1;
        is_whole = failures == 0;
        assert_true(!is_whole || k > 20);
        assert_true(report || !is_whole);
        if (report)
            check_same_verdicts(story.report, report);
        scenario_report_free(report);
    }
    story_free(&story);
}

static void test_one_failure(void **state)
{
    (void)state;
    fails_once = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

static void test_memory_stays_short(void **state)
{
    (void)state;
    fails_once = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_failure),
        cmocka_unit_test(test_memory_stays_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
