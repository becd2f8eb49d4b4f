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
#define SLOTS   LAYER(",\"slots\":{\"limit\":2}", "\"503\"", "")
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
#define ONE   "{\"request\":\"POST /v1/x\"}"
#define THREE "{\"request\":\"POST /v1/x\",\"calls\":3,\"concurrency\":3}"

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
    {SLOTS, THREE, "\"CC-1\"",
     "0 200; ok:rs-0-0; 9 200 call=rs-0-1; ok:rs-0-1; 19 200 call=rs-0-2; "
     "ok:rs-0-2",
     "CC-1", VERDICT_NOT_EXERCISED,
     "the client never filled the profile's slots"},

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

static void check_row(const struct row *row)
{
    struct story story = {.profile = story_profile(row->profile),
                          .scenario =
                              story_scenario(row->workload, row->checks)};
    story_tell(&story, row->story);
    story_judge(&story);
    const struct verdict *verdict =
        row->rule ? verdict_of(&story, row->rule) : NULL;
    bool is_right = !row->rule || (verdict && verdict->word == row->word);
    if (!is_right || bad_verdict(&story, verdict)) {
        print_verdicts(&story);
        fail_msg("\"%s\": not just %s", row->story,
                 row->rule ? row->rule : "what passes");
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

/* The rest of a body is no body of its own; neither is one that was cut where
 * nobody sees it. */
static void test_parts_of_bodies(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct story story = {.profile = story_profile(RESUMES),
                              .scenario = story_scenario(ONE, "")};
        story_tell(&story, "0 cut; 1001 200 reply=cafe; ok:rs-0-0/beef");
        struct trace_attempt *last = &story.attempts[1];
        if (way == 1)
            last->status = story.results[0].status = 206;
        if (way == 2) {
            last->fault_fired = true;
            last->reply_size = last->sent_bytes + 1;
        }
        story_judge(&story);
        const struct verdict *body = verdict_of(&story, "BODY-1");
        assert_true(way == 0 ? body && body->word == VERDICT_FAIL : !body);
        assert_null(bad_verdict(&story, body));
        story_free(&story);
    }
}

/* Who resumed may tell its caller of either answer; who can't, of the last. */
static void test_status_of_what_was_resumed(void **state)
{
    (void)state;
    static const struct {
        const char *layers;
        int64_t told;
        enum verdict_word word;
    } ways[] = {{RESUMES, 200, VERDICT_PASS},
                {RESUMES, 206, VERDICT_PASS},
                {RESUMES, 201, VERDICT_FAIL},
                {PLAIN, 206, VERDICT_PASS},
                {PLAIN, 200, VERDICT_FAIL}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct story story = {.profile = story_profile(ways[i].layers),
                              .scenario = story_scenario(ONE, "")};
        story_tell(&story, "0 cut; 1001 200; ok:rs-0-0");
        story.attempts[1].status = 206;
        story.results[0].status = ways[i].told;
        story_judge(&story);
        const struct verdict *outcome = verdict_of(&story, "OUT-1");
        assert_non_null(outcome);
        assert_int_equal(outcome->word, ways[i].word);
        story_free(&story);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_parts_of_bodies),
        cmocka_unit_test(test_status_of_what_was_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
