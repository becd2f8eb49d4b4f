/* What the judge makes of lag, outages, ambiguity and missing evidence. */
#include "judge_story.h"

#define RULE                                                                   \
    "{\"on\":{\"status\":[\"429\",\"500-599\"],\"transport\":[\"any\"]},"      \
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"exponential\","              \
    "\"base\":\"1s\",\"factor\":2,\"cap\":\"4s\"},\"retry_after\":{\"read\":[" \
    "{\"header\":\"Retry-After\",\"as\":[\"seconds\",\"http-date\"]}]}}"
#define PLAIN \
    "[{\"name\":\"http\",\"budget\":{\"attempts\":4},\"rules\":[" RULE "]}]"
#define ELAPSED                                                                \
    "[{\"name\":\"http\",\"budget\":{\"elapsed\":\"5s\"},\"rules\":[" RULE "]" \
    "}"                                                                        \
    "]"
#define STATUS_ONLY                                                  \
    "[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"503\"]}," \
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"constant\","       \
    "\"base\":\"1s\"}}]}]"
#define RESENDS \
    STATUS_ONLY ",\"resend\":{\"on_stale_connection\":true,\"limit\":1}"
#define NEVER                                                        \
    "[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"429\"]}," \
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"constant\","       \
    "\"base\":\"1s\"},\"retry_after\":{\"read\":[{\"header\":"       \
    "\"Retry-After\",\"as\":[\"seconds-float\"]}],\"negative\":\"never\"}}]}]"
#define ELSEWHERE                                                          \
    "[{\"name\":\"http\",\"routes\":[\"POST /v1/y\"],\"rules\":[{\"on\":{" \
    "\"status\":[\"503\"]},\"do\":\"retry\",\"backoff\":{\"schedule\":"    \
    "\"constant\",\"base\":\"1s\"}}]}]"
/* Retries of the layer inside pass its limiter no second time. */
#define GATED                                                               \
    "[{\"name\":\"gate\",\"rate_limiter\":{\"scope\":\"holder\"},"          \
    "\"rules\":[{\"on\":{\"status\":[\"429\"]},\"do\":\"retry\","           \
    "\"closes_limiter\":true,\"backoff\":{\"schedule\":\"constant\","       \
    "\"base\":\"1s\"},\"retry_after\":\"ignored\"}]},{\"name\":\"inside\"," \
    "\"rules\":[{\"on\":{\"transport\":[\"any\"]},\"do\":\"retry\","        \
    "\"backoff\":{\"schedule\":\"constant\",\"base\":\"1s\"},"              \
    "\"retry_after\":\"ignored\"}]}]"
#define TWO  "{\"request\":\"POST /v1/x\",\"calls\":2,\"concurrency\":2}"
#define ONE  "{\"request\":\"POST /v1/x\"}"
#define QUIT "{\"request\":\"POST /v1/x\",\"give_up\":\"1500ms\"}"
#define READ "{\"request\":\"POST /v1/x\",\"read_timeout\":\"500ms\"}"

struct row {
    const char *profile, *workload, *checks, *story;
    const char *rule; /* NULL: every verdict is pass or n/a */
    enum verdict_word word;
    const char *reason;
};

static const struct row rows[] = {
    /* Lag: late bounds widen, early ones do not. */
    {PLAIN, ONE, "", "0 503; 1451 200; ok:rs-0-0; lag=240", NULL, 0, NULL},
    {PLAIN, ONE, "", "0 503; 1601 200; ok:rs-0-0; lag=240", "BO-2",
     VERDICT_INCONCLUSIVE,
     "this machine was up to 240.0 ms late, too much to tell; run it again"},
    {PLAIN, ONE, "", "0 503; 4001 200; ok:rs-0-0; lag=300", "BO-2",
     VERDICT_INCONCLUSIVE, NULL},
    {PLAIN, ONE, "", "0 503; 985 200; ok:rs-0-0; lag=20", "BO-1",
     VERDICT_INCONCLUSIVE, NULL},
    {PLAIN, ONE, "", "0 503; 485 200; ok:rs-0-0; lag=20", "BO-1", VERDICT_FAIL,
     NULL},

    /* What the client waited for a CPU widens the late bound of the gap at
     * whose ends it waited; longer than the tolerance is too long to tell. */
    {PLAIN, ONE, "", "0 503; 1390 200; ok:rs-0-0", "BO-2", VERDICT_FAIL, NULL},
    {PLAIN, ONE, "", "0 503; 1390 200; ok:rs-0-0; starved@1350-1400=150", NULL,
     0, NULL},
    {PLAIN, ONE, "", "0 503; 1390 200; ok:rs-0-0; starved@0-50=150", "BO-2",
     VERDICT_FAIL, NULL},
    {PLAIN, ONE, "", "0 503; 1390 200; ok:rs-0-0; starved@0-160=150", NULL, 0,
     NULL},
    {PLAIN, ONE, "",
     "0 503; 1530 200; ok:rs-0-0; starved@0-50=45; starved@50-100=90; "
     "starved@1350-1400=45; starved@1500-1550=150",
     NULL, 0, NULL},
    {PLAIN, ONE, "", "0 503; 1390 200; ok:rs-0-0; starved@600-650=150", "BO-2",
     VERDICT_FAIL, NULL},
    {PLAIN, ONE, "", "0 503; 1390 200; ok:rs-0-0; starved@1400-1450=150",
     "BO-2", VERDICT_FAIL, NULL},
    {PLAIN, ONE, "", "0 503; 3000 200; ok:rs-0-0; starved@2950-3000=150",
     "BO-2", VERDICT_FAIL, NULL},
    {PLAIN, ONE, "", "0 503; 3000 200; ok:rs-0-0; starved@2950-3000=300",
     "BO-2", VERDICT_INCONCLUSIVE,
     "the client waited 300.0 ms for a CPU, too long to tell; run it again"},
    {PLAIN, ONE, "", "0 503; 400 200; ok:rs-0-0; starved@350-400=350", "BO-1",
     VERDICT_FAIL, NULL},
    {PLAIN, READ, "", "0 timeout took=900; 1900 200; ok:rs-0-0", "TO-2",
     VERDICT_WARN, NULL},
    {PLAIN, READ, "",
     "0 timeout took=900; 1900 200; ok:rs-0-0; starved@850-900=200", NULL, 0,
     NULL},
    {PLAIN, READ, "",
     "0 timeout took=3000; 4000 200; ok:rs-0-0; starved@2950-3000=900", "TO-2",
     VERDICT_INCONCLUSIVE, NULL},
    {PLAIN, QUIT, "\"AT-2\"",
     "level=0; 0 503; 1001 503; giveup@1500; 3000 200; givenup@3100", "AT-2",
     VERDICT_FAIL, NULL},

    /* What came after the end of a recording is not known. */
    {PLAIN, ONE, "", "0 503; 1001 200; ok:rs-0-0; killed", "AT-3",
     VERDICT_NOT_EXERCISED, "the recording ended before the client did"},
    {PLAIN, ONE, "", "0 400; error:rs-0-0; killed", "ST-2",
     VERDICT_NOT_EXERCISED, "the recording ended before the client did"},

    /* A client that could not go on is not blamed for stopping. */
    {PLAIN, ONE, "\"ST-1\"", "0 503; stop@900; error:rs-0-0", "ST-1",
     VERDICT_PASS, NULL},
    {PLAIN, QUIT, "", "0 503; 1001 503; exit@1600; error:rs-0-0", NULL, 0,
     NULL},
    {PLAIN, QUIT, "", "0 503; exit@1600; error:rs-0-0", "ST-1", VERDICT_FAIL,
     NULL},

    /* A read timeout that the adapter was asked for; level 0 was not. */
    {PLAIN, READ, "", "0 timeout took=500; 1500 200; ok:rs-0-0", NULL, 0, NULL},
    {PLAIN, READ, "", "0 timeout took=200; 1200 200; ok:rs-0-0", "TO-1",
     VERDICT_FAIL, NULL},
    {PLAIN, READ, "", "level=0; 0 timeout took=500; 1500 200", "TO-1",
     VERDICT_FAIL, NULL},

    /* The client's clock ran before its head came. */
    {PLAIN, READ, "\"TO-1\"", "0 timeout took=380; 1380 200; ok:rs-0-0", "TO-1",
     VERDICT_PASS, NULL},
    {PLAIN, READ, "", "0 timeout took=350; 1350 200; ok:rs-0-0", "TO-1",
     VERDICT_FAIL, NULL},

    /* A client that waits for ever, as its profile says. */
    {NEVER, ONE, "\"RA-1\"", "0 429 ra=-5; stop@60000; error:rs-0-0", "RA-1",
     VERDICT_PASS, NULL},
    {NEVER, ONE, "\"ST-1\"", "0 429 ra=-5; stop@60000; error:rs-0-0", "ST-1",
     VERDICT_NA,
     "a client of this profile does not get there in this scenario"},
    {NEVER, ONE, "", "0 429 ra=-5; 60000 200; ok:rs-0-0", "RA-1", VERDICT_FAIL,
     NULL},
    {NEVER, ONE, "\"RA-1\"", "level=0; 0 429 ra=-5; giveup@8000; givenup@8000",
     "RA-1", VERDICT_PASS, NULL},
    {NEVER, ONE, "", "level=0; 0 429 ra=-5; 1002 200", "RA-1", VERDICT_FAIL,
     NULL},

    /* At level 0 the runner is the caller, and notes when it gave up. */
    {PLAIN, ONE, "", "level=0; 0 503; 1001 503; giveup@1600; givenup@1600",
     NULL, 0, NULL},
    {PLAIN, ONE, "", "level=0; 0 503; giveup@1600; givenup@1600", "ST-1",
     VERDICT_FAIL, NULL},
    {PLAIN, QUIT, "", "level=0; 0 503; 1001 503; exit@1600", "AT-1",
     VERDICT_FAIL, NULL},
    {PLAIN, ONE, "", "level=0; 0 timeout took=800; giveup@800; givenup@800",
     NULL, 0, NULL},
    {STATUS_ONLY, ONE, "", "level=0; 0 timeout took=800; exit@900", "TO-1",
     VERDICT_FAIL, NULL},

    /* What no layer covers is none of the profile's business. */
    {ELSEWHERE, READ, "\"ST-1\"", "0 503; 2 200; ok:rs-0-0", "ST-1", VERDICT_NA,
     "no layer of the profile covers POST /v1/x"},
    {ELSEWHERE, READ, "\"TO-1\"",
     "0 timeout took=200; 201 200 sha=bb; error:rs-0-0", "TO-1", VERDICT_NA,
     "no layer of the profile covers POST /v1/x"},
    {ELSEWHERE, ONE, "\"FLT-1\"", "0 reset fault=fired; error:rs-0-0", "FLT-1",
     VERDICT_PASS, NULL},

    /* Named rules that saw nothing. */
    {STATUS_ONLY, ONE, "\"RA-1\"", "0 200; ok:rs-0-0", "RA-1", VERDICT_NA,
     "the profile reads no Retry-After"},
    {PLAIN, ONE, "\"RA-1\"", "0 200; ok:rs-0-0", "RA-1", VERDICT_NA,
     "a client of this profile does not get there in this scenario"},
    {PLAIN, ONE, "\"RA-1\"", "0 503; stop@900; error:rs-0-0", "RA-1",
     VERDICT_NOT_EXERCISED, "the client was stopped at the deadline"},
    {PLAIN, ONE, "\"OUT-1\"", "level=0; 0 200", "OUT-1", VERDICT_NA,
     "no adapter, so no results"},
    {PLAIN, ONE, "\"CC-1\"", "0 200; ok:rs-0-0", "CC-1", VERDICT_NA,
     "the profile has no slots"},
    {PLAIN, ONE, "\"BODY-1\"", "0 200 reply=aa; ok:rs-0-0", "BODY-1",
     VERDICT_NOT_EXERCISED, "the results carry no sha256 of a body"},
    {STATUS_ONLY ",\"not_applicable\":[{\"rule\":\"BO-1\",\"reason\":\"why "
                 "not\"}]",
     ONE, "", "0 503; 2 200; ok:rs-0-0", "BO-1", VERDICT_NA, "why not"},

    /* The profile's level goes before the catalogue's, a check's before it. */
    {STATUS_ONLY ",\"levels\":{\"BO-2\":\"should\"}", ONE, "",
     "0 503; 3000 200; ok:rs-0-0", "BO-2", VERDICT_WARN, NULL},
    {STATUS_ONLY ",\"levels\":{\"BO-1\":\"should\"}", ONE, "",
     "0 503; 3000 200; ok:rs-0-0", "BO-2", VERDICT_FAIL, NULL},
    {STATUS_ONLY ",\"levels\":{\"BO-2\":\"should\"}", ONE,
     "{\"rule\":\"BO-2\",\"level\":\"must\"}", "0 503; 3000 200; ok:rs-0-0",
     "BO-2", VERDICT_FAIL, NULL},
    {STATUS_ONLY, ONE, "{\"rule\":\"BO-2\",\"level\":\"should\"}",
     "0 503; 3000 200; ok:rs-0-0", "BO-2", VERDICT_WARN, NULL},

    /* Refused attempts leave no request: 1, 2, 4 s from 0.001 s. */
    {PLAIN, ONE, "", "0 503; refused@900-2000; 3001 200; ok:rs-0-0", NULL, 0,
     NULL},
    {PLAIN, ONE, "", "0 503; refused@900-6000; 7001 200; ok:rs-0-0", NULL, 0,
     NULL},
    {PLAIN, ONE, "", "0 503; refused@900-2000; 2200 200; ok:rs-0-0", "BO-1",
     VERDICT_FAIL, NULL},
    {PLAIN, ONE, "", "0 503; refused@900-2000; 4500 200; ok:rs-0-0", "BO-2",
     VERDICT_FAIL, NULL},
    {PLAIN, ONE, "", "0 503; refused@900-2000; exit@9000; error:rs-0-0", "ST-1",
     VERDICT_FAIL, NULL},
    {PLAIN, ONE, "", "0 503; refused@900-8000; exit@9000; error:rs-0-0", NULL,
     0, NULL},
    {STATUS_ONLY, ONE, "", "0 503; refused@900-2000; 2001 200; ok:rs-0-0",
     "BO-2", VERDICT_FAIL, NULL},
    {STATUS_ONLY, ONE, "", "0 503; refused@900-2000; exit@9000; error:rs-0-0",
     NULL, 0, NULL},
    /* The first attempt may be hidden too: its failures count. */
    {PLAIN, ONE, "", "refused@0-3500; 4000 503; 8001 200; ok:rs-0-0", NULL, 0,
     NULL},
    {PLAIN, ONE, "", "refused@0-3500; 4000 503; 4501 200; ok:rs-0-0", "BO-1",
     VERDICT_FAIL, NULL},
    {PLAIN, ONE, "",
     "refused@0-3500; 4000 503; 8001 503; exit@9000; error:rs-0-0", NULL, 0,
     NULL},
    /* It has then passed the limiter of a layer further out. */
    {GATED, TWO, "",
     "refused@0-10; 200 429; 1005 200 call=rs-0-1; 1202 200; ok:rs-0-0; "
     "ok:rs-0-1",
     NULL, 0, NULL},
    {GATED, TWO, "",
     "refused@0-10; 200 429; 800 200 call=rs-0-1; 1202 200; ok:rs-0-0; "
     "ok:rs-0-1",
     "RL-1", VERDICT_FAIL, NULL},
    /* A connect that hung in a full backlog came through after it. */
    {PLAIN, ONE, "", "0 503; stalled@900-3000; 4100 200; ok:rs-0-0", NULL, 0,
     NULL},
    {PLAIN, ONE, "", "0 503; stalled@900-3000; 9100 200; ok:rs-0-0", NULL, 0,
     NULL},

    /* A budget that was spent or not within the tolerance. */
    {ELAPSED, ONE, "", "0 503; 1001 503; 3002 503 took=1900; error:rs-0-0",
     NULL, 0, NULL},
    {ELAPSED, ONE, "",
     "0 503; 1001 503; 3002 503 took=1900; 8903 503; error:rs-0-0", NULL, 0,
     NULL},
    {ELAPSED, ONE, "",
     "0 503; 1001 503; 3002 503 took=2500; 9503 503; error:rs-0-0", "AT-2",
     VERDICT_FAIL, NULL},
    {ELAPSED, ONE, "", "0 503; 1001 503; 3002 503 took=900; error:rs-0-0",
     "AT-1", VERDICT_FAIL, NULL},

    /* Re-sends below the SDK that the profile allows, once. */
    {RESENDS, ONE, "", "0 reset use=2; 2 200 conn=2; ok:rs-0-0", NULL, 0, NULL},
    {RESENDS, ONE, "", "0 reset use=1; 2 200 conn=2; ok:rs-0-0", "TF-2",
     VERDICT_FAIL, NULL},
    {RESENDS, ONE, "",
     "0 reset use=2; 2 reset use=2 conn=2; 4 200 conn=3; ok:rs-0-0", "TF-2",
     VERDICT_FAIL, NULL},

    /* HTTP-dates have whole seconds; 2001-09-09 01:46:40 is t = 0. */
    {PLAIN, ONE, "\"RA-1\"",
     "0 429 ra=Sun,_09_Sep_2001_01:46:43_GMT; 3000 200; ok:rs-0-0", "RA-1",
     VERDICT_PASS, NULL},
    {PLAIN, ONE, "",
     "0 429 ra=Sun,_09_Sep_2001_01:46:43_GMT; 3900 200; ok:rs-0-0", NULL, 0,
     NULL},
    {PLAIN, ONE, "",
     "0 429 ra=Sun,_09_Sep_2001_01:46:43_GMT; 1001 200; ok:rs-0-0", "RA-1",
     VERDICT_FAIL, NULL},

    /* The client looked at the status and closed before the body was whole. */
    {PLAIN, ONE, "",
     "0 timeout status=503 first=1 took=400; 1100 200; ok:rs-0-0", NULL, 0,
     NULL},
    {PLAIN, ONE, "",
     "0 timeout status=503 first=1 took=400; 600 200; ok:rs-0-0", "BO-1",
     VERDICT_FAIL, NULL},
    {PLAIN, ONE, "", "0 timeout took=400; 1400 200; ok:rs-0-0", "TO-1",
     VERDICT_FAIL, NULL},
};

static bool check_row(const struct row *row)
{
    struct story story = {.profile = story_profile(row->profile),
                          .scenario =
                              story_scenario(row->workload, row->checks)};
    story_tell(&story, row->story);
    story_judge(&story);
    const struct verdict *verdict =
        row->rule ? verdict_of(&story, row->rule) : NULL;
    bool is_right = !row->rule || (verdict && verdict->word == row->word);
    is_right &= !bad_verdict(&story, verdict);
    if (!is_right) {
        print_verdicts(&story);
        fprintf(stderr, "^ \"%s\": wanted %s %s\n", row->story,
                row->rule ? row->rule : "nothing",
                row->rule ? verdict_people_words[row->word] : "");
    } else if (row->reason) {
        assert_string_equal(verdict->reason, row->reason);
    }
    story_free(&story);
    return is_right;
}

/* The server frames answers itself: the Content-Length that it adds is not
 * among the recorded headers, yet rules may ask for it. */
static void test_rules_see_the_length_of_the_answer(void **state)
{
    (void)state;
    static const char profile[] =
        "[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"400\"],"
        "\"header\":{\"name\":\"content-length\",\"absent\":true}},"
        "\"do\":\"retry\",\"backoff\":{\"schedule\":\"constant\","
        "\"base\":\"1s\"}}]}]";
    struct story story = {.profile = story_profile(profile),
                          .scenario = story_scenario(ONE, "")};
    story_tell(&story, "0 400; error:rs-0-0");
    story_judge(&story);
    const struct verdict *verdict = verdict_of(&story, "ST-2");
    assert_non_null(verdict);
    assert_int_equal(verdict->word, VERDICT_PASS);
    assert_null(verdict_of(&story, "ST-1"));
    story_free(&story);
}

static void test_rows(void **state)
{
    (void)state;
    bool are_right = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        are_right &= check_row(&rows[i]);
    }
    assert_true(are_right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_rules_see_the_length_of_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
