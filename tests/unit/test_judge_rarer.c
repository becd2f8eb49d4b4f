/* What the judge says where clients seldom get: rarer policies, recordings that
 * ended early, answers of which a client sees only a part. */
#include "judge_story.h"

#define POLICY(status, more)                                             \
    "\"rules\":[{\"on\":{\"status\":[" status "],\"transport\":["        \
    "\"any\"]},\"do\":\"retry\",\"backoff\":{\"schedule\":\"constant\"," \
    "\"base\":\"1s\"}" more "}]"
#define LAYER(keys, status, more) \
    "[{\"name\":\"http\"" keys "," POLICY(status, more) "}]"
#define PLAIN   LAYER("", "\"503\"", "")
#define ELAPSED LAYER(",\"budget\":{\"elapsed\":\"3s\"}", "\"503\"", "")
#define READS   LAYER(",\"budget\":{\"read_attempts\":2}", "\"503\"", "")
#define SLOTS   LAYER(",\"slots\":{\"limit\":1}", "\"503\"", "")
#define STATUS_ONLY                                                  \
    "[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"503\"]}," \
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"none\"}}]}]"
#define RESUMES PLAIN ",\"resumes_with_range\":true"
#define RESENDS PLAIN ",\"resend\":{\"status\":[\"408\"],\"limit\":1}"
#define KEYED(scope)                                                       \
    PLAIN ",\"headers\":{\"idempotency_key\":{\"name\":\"x-key\","         \
          "\"scope\":\"" scope "\"}},\"resend\":{\"on_stale_connection\":" \
          "true}"
#define HEADER(keys)                                                       \
    LAYER("", "\"429\"",                                                   \
          ",\"retry_after\":{\"read\":[{\"header\":\"Retry-After\",\"as\"" \
          ":[\"seconds\"]}]" keys "}")
#define ONE "{\"request\":\"POST /v1/x\"}"
#define TWO "{\"request\":\"POST /v1/x\",\"calls\":2,\"concurrency\":2}"

struct row {
    const char *profile, *workload, *checks, *story;
    const char *rule; /* NULL: nothing is wrong */
    enum verdict_word word;
    const char *says; /* expected, or the reason; NULL: whatever */
};

static const struct row rows[] = {
    /* Budgets that are spent. */
    {ELAPSED, ONE, "",
     "0 503; 1001 503; 2002 503; 3003 503; 4004 200; "
     "ok:rs-0-0",
     "AT-2", VERDICT_FAIL,
     "no attempt after attempt 4: the budget of 3s is spent"},
    {READS, ONE, "", "0 reset; 1001 reset; 2002 200; ok:rs-0-0", "AT-2",
     VERDICT_FAIL,
     "no attempt after attempt 2: the attempts for this kind of failure are "
     "spent"},
    {HEADER(",\"limit\":\"60s\",\"above_limit\":\"give-up\""), ONE, "",
     "0 429 ra=61; 1001 200; ok:rs-0-0", "RA-1", VERDICT_FAIL,
     "no attempt after attempt 1: Retry-After: 61 makes the client give up"},

    /* What is made of a header's time. */
    {HEADER(",\"jittered\":true"), ONE, "", "0 429 ra=3; 1001 200; ok:rs-0-0",
     "RA-1", VERDICT_FAIL, NULL},
    {HEADER(",\"use\":\"between\",\"at_least\":\"2s\",\"at_most\":\"9s\""), ONE,
     "", "0 429 ra=1; 1001 200; ok:rs-0-0", "RA-1", VERDICT_FAIL, NULL},
    {HEADER(",\"use\":\"spread\",\"spread\":\"2s\""), ONE, "",
     "0 429 ra=3; 1001 200; ok:rs-0-0", "RA-1", VERDICT_FAIL, NULL},

    /* What would have broken a rule may have come after the recording. */
    {READS, ONE, "", "0 reset; 1001 reset; error:rs-0-0; killed", "AT-2",
     VERDICT_NOT_EXERCISED, "the recording ended before the client did"},
    {STATUS_ONLY, ONE, "", "0 reset; error:rs-0-0; killed", "TF-2",
     VERDICT_NOT_EXERCISED, "the recording ended before the client did"},

    /* Slots that are never full. */
    {SLOTS, TWO, "\"CC-1\"",
     "0 200; ok:rs-0-0; 9 200 call=rs-0-1; ok:rs-0-1; killed", "CC-1",
     VERDICT_PASS, NULL},

    /* The rest of a body is no body of its own. */
    {RESUMES, ONE, "\"BODY-1\"", "0 cut; 1001 206 reply=cafe; ok:rs-0-0/beef",
     "BODY-1", VERDICT_NOT_EXERCISED, "the results carry no sha256 of a body"},
    {RESUMES, ONE, "\"BODY-1\"", "0 cut; 1001 200 reply=cafe; ok:rs-0-0/beef",
     "BODY-1", VERDICT_FAIL, NULL},

    /* A layer below sends again what was answered so, and no more than that. */
    {RESENDS, ONE, "", "0 408; 2 200; ok:rs-0-0", NULL, 0, NULL},
    {RESENDS, ONE, "", "0 408; 2 408; 4 200; ok:rs-0-0", "ST-2", VERDICT_FAIL,
     NULL},
    {RESENDS, ONE, "", "0 409; 2 200; ok:rs-0-0", "ST-2", VERDICT_FAIL, NULL},
    {KEYED("attempt"), ONE, "", "0 200 key=a; ok:rs-0-0", NULL, 0, NULL},
    {KEYED("attempt"), ONE, "",
     "0 close key=a use=2; 2 503 key=a conn=2; 1003 200 key=b conn=2; "
     "ok:rs-0-0",
     NULL, 0, NULL},
    {KEYED("call"), ONE, "", "0 503; 1001 200 key=a; ok:rs-0-0", "REQ-2",
     VERDICT_FAIL, NULL},
};

static const struct verdict *bad_verdict(const struct story *story)
{
    for (size_t i = 0; i < story->report->verdict_count; i++) {
        const struct verdict *verdict = &story->report->verdicts[i];
        if (verdict->word != VERDICT_PASS && verdict->word != VERDICT_NA)
            return verdict;
    }
    return NULL;
}

static void check_row(const struct row *row)
{
    struct story story = {.profile = story_profile(row->profile),
                          .scenario =
                              story_scenario(row->workload, row->checks)};
    story_tell(&story, row->story);
    story_judge(&story);
    const struct verdict *verdict =
        row->rule ? verdict_of(&story, row->rule) : bad_verdict(&story);
    if (row->rule ? !verdict || verdict->word != row->word : verdict != NULL) {
        print_verdicts(&story);
        fail_msg("\"%s\": %s", row->story, row->rule ? row->rule : "bad");
    }
    if (row->says)
        assert_string_equal(row->word == VERDICT_FAIL ? verdict->expected
                                                      : verdict->reason,
                            row->says);
    story_free(&story);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
