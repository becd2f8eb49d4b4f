/* Rate limiters: windows that a throttling answer closes, and polls. */
#include "client/limiter.h"

#include "retry_stage.h"

/* Tinkex: a 429 closes the window and goes to the caller. `limiter` are the
 * keys of the rate limiter, `rule` further ones of the rule. */
static struct profile *tinkex(const char *limiter, const char *rule)
{
    char layer[1024];
    snprintf(layer, sizeof layer,
             "{\"name\":\"sampling\",\"rate_limiter\":{%s},\"rules\":[{\"on\":{"
             "\"status\":[\"429\"]},\"do\":\"fail\",\"closes_limiter\":true,%s}"
             "]}",
             limiter, rule);
    return read_profile(layer);
}

#define SERVER_MS                                                        \
    "\"retry_after\":{\"read\":[{\"header\":\"retry-after-ms\",\"as\":[" \
    "\"ms\"]}],\"default\":\"1s\"}"
#define ONE_SECOND "\"backoff\":{\"schedule\":\"constant\",\"base\":\"1s\"}"
#define CLEARS     "\"clears_on_success\":true"

static struct retry_action throttle(struct stage *stage, int i,
                                    const char *retry_after_ms)
{
    struct http_header item = {"retry-after-ms", retry_after_ms};
    struct http_headers headers = {&item, retry_after_ms != NULL};
    return stage_outcome(stage, i,
                         &(struct attempt_outcome){.end = END_STATUS,
                                                   .status = 429,
                                                   .headers = &headers});
}

/* How long the next call is held, and by how many sleeps. */
static int64_t held_ns(struct stage *stage, int i, int *sleeps)
{
    int64_t from_ns = stage->now_ns;
    struct retry_action action = stage_start(stage, i);
    for (*sleeps = 0; action.kind == RETRY_WAIT && *sleeps < 100; ++*sleeps) {
        assert_int_equal(action.wait_kind, WAIT_LIMITER);
        action =
            stage_timer(stage, i, first_of(action.until_ns, action.wake_ns));
    }
    assert_int_equal(action.kind, RETRY_SEND);
    return stage->now_ns - from_ns;
}

/* -- windows ----------------------------------------------------------------
 */

/* P32, S0-41, S1-54, S1-55, S2-44 */
static void test_windows_of_tinkex(void **state)
{
    (void)state;
    const struct {
        const char *limiter, *rule, *retry_after_ms;
        int64_t held_ms;
        int sleeps;
    } cases[] = {
        {"\"poll\":\"100ms\"," CLEARS, SERVER_MS, "250", 300, 3},
        {CLEARS, SERVER_MS, "250", 250, 1},
        {CLEARS, SERVER_MS, "5000", 5000, 1},
        {CLEARS, SERVER_MS, NULL, 1000, 1},
        {CLEARS, ONE_SECOND, "5000", 1000, 1},
        {"\"poll\":\"100ms\"," CLEARS, SERVER_MS, "300", 300, 3},
        {"\"poll\":\"100ms\"," CLEARS, SERVER_MS, "301", 400, 4},
        {CLEARS, SERVER_MS, "0", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage stage;
        stage_init(&stage, tinkex(cases[i].limiter, cases[i].rule), 77 * S);
        assert_sends(stage_start(&stage, 0));
        assert_done(throttle(&stage, 0, cases[i].retry_after_ms), REASON_FINAL);
        int sleeps;
        assert_int_equal(held_ns(&stage, 1, &sleeps), cases[i].held_ms * MS);
        assert_int_equal(sleeps, cases[i].sleeps);
        profile_free(stage.profile);
    }
}

/* S0-40, S2-43 */
static void test_set_ask_wait_clear(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, tinkex(CLEARS, SERVER_MS), 0);
    struct retry_limiter *limiter = &stage.shared.layers[0].limiter;
    assert_false(limiter_is_shut(limiter, 0));
    assert_sends(stage_start(&stage, 0));
    throttle(&stage, 0, "5000");
    assert_true(limiter_is_shut(limiter, 0));
    assert_waits(stage_start(&stage, 1), WAIT_LIMITER, 5 * S);
    assert_true(limiter_is_shut(limiter, 5 * S - 1));
    assert_waits(stage_timer(&stage, 1, 5 * S - 1), WAIT_LIMITER, 5 * S);
    assert_false(limiter_is_shut(limiter, 5 * S));
    assert_sends(stage_timer(&stage, 1, 5 * S));
    assert_true(limiter->is_closed); /* until it is cleared */
    assert_true(stage_end(&stage, 1, 200).is_ok);
    assert_false(limiter->is_closed);
    profile_free(stage.profile);
}

/* S2-45, S2-47, S1-53, S1-57 */
static void test_all_who_share_it_wait(void **state)
{
    (void)state;
    struct profile *profile = tinkex(CLEARS, SERVER_MS);
    struct stage here, there, elsewhere;
    struct retry_limiter wider = {0};
    stage_init(&here, profile, 0);
    stage_init(&there, profile, 0);
    stage_init(&elsewhere, profile, 0);
    here.shared.layers[0].wider_limiter = &wider;
    there.shared.layers[0].wider_limiter = &wider;
    stage_start(&here, 0);
    throttle(&here, 0, "5000");
    assert_waits(stage_start(&here, 1), WAIT_LIMITER, 5 * S);
    assert_waits(stage_start(&there, 0), WAIT_LIMITER, 5 * S);
    assert_waits(stage_start(&there, 1), WAIT_LIMITER, 5 * S);
    assert_sends(stage_start(&elsewhere, 0));
    assert_int_equal(retry_gate_ns(&there.calls[0], 0, 0), 5 * S);
    assert_int_equal(retry_gate_ns(&elsewhere.calls[0], 0, 0), 0);
    profile_free(profile);
}

/* S2-46 */
static void test_other_requests_pass(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"sampling\",\"routes\":[\"POST "
                            "/asample\"],\"rate_limiter\":{},\"rules\":[{"
                            "\"on\":{\"status\":[\"429\"]},\"do\":\"fail\","
                            "\"closes_limiter\":true," SERVER_MS "}]}"),
               0);
    struct retry_request sample = {.method = "POST", .path = "/asample"};
    stage_start_request(&stage, 0, &sample);
    throttle(&stage, 0, "5000");
    assert_waits(stage_start_request(&stage, 1, &sample), WAIT_LIMITER, 5 * S);
    assert_sends(stage_start(&stage, 2));
    throttle(&stage, 2, "9000"); /* not of this layer */
    assert_int_equal(retry_gate_ns(&stage.calls[1], 0, 0), 5 * S);
    profile_free(stage.profile);
}

/* S2-48, S1-59 */
static void test_polls_notice_what_one_sleep_does_not(void **state)
{
    (void)state;
    struct stage stage;
    for (int is_polling = 0; is_polling < 2; is_polling++) {
        stage_init(&stage,
                   tinkex(is_polling ? "\"poll\":\"100ms\"," CLEARS : CLEARS,
                          SERVER_MS),
                   0);
        for (int i = 0; i < 3; i++) {
            stage_start(&stage, i);
        }
        throttle(&stage, 0, "5000");
        assert_waits(stage_start(&stage, 3), WAIT_LIMITER, 5 * S);
        stage.now_ns = 50 * MS;
        throttle(&stage, 1, "500"); /* a later window replaces a longer one */
        assert_waits(stage_start(&stage, 4), WAIT_LIMITER, 550 * MS);
        assert_waits(stage_timer(&stage, 3, 100 * MS), WAIT_LIMITER,
                     is_polling ? 600 * MS : 5 * S);
        stage_end(&stage, 2, 200); /* and a success clears it for everyone */
        struct retry_action action = stage_timer(&stage, 3, 200 * MS);
        assert_int_equal(action.kind, is_polling ? RETRY_SEND : RETRY_WAIT);
        assert_sends(stage_start(&stage, 5));
        profile_free(stage.profile);
    }
}

static void test_an_extended_window(void **state)
{
    (void)state;
    struct stage stage;
    for (int is_polling = 0; is_polling < 2; is_polling++) {
        stage_init(&stage,
                   tinkex(is_polling ? "\"poll\":\"100ms\"" : "", SERVER_MS),
                   0);
        stage_start(&stage, 0);
        stage_start(&stage, 1);
        throttle(&stage, 0, "200");
        assert_waits(stage_start(&stage, 2), WAIT_LIMITER, 200 * MS);
        stage.now_ns = 50 * MS;
        throttle(&stage, 1, "1000");
        if (is_polling) {
            assert_waits(stage_timer(&stage, 2, 200 * MS), WAIT_LIMITER,
                         1100 * MS);
        } else {
            assert_sends(stage_timer(&stage, 2, 200 * MS));
        }
        profile_free(stage.profile);
    }
}

/* S1-56 */
static void test_python_only_lets_it_expire(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, tinkex("\"poll\":\"1s\"", SERVER_MS), 0);
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    throttle(&stage, 0, "3000");
    assert_true(stage_end(&stage, 1, 200).is_ok);
    assert_waits(stage_start(&stage, 2), WAIT_LIMITER, 3 * S);
    profile_free(stage.profile);
}

/* S1-58 */
static void test_monotonic_time_may_be_negative(void **state)
{
    (void)state;
    struct stage stage;
    const int64_t origin_ns = -576460745974 * MS;
    stage_init(&stage, tinkex(CLEARS, SERVER_MS), origin_ns);
    assert_sends(stage_start(&stage, 0));
    throttle(&stage, 0, "250");
    assert_waits(stage_start(&stage, 1), WAIT_LIMITER, origin_ns + 250 * MS);
    assert_waits(stage_timer(&stage, 1, origin_ns + 249 * MS), WAIT_LIMITER,
                 origin_ns + 250 * MS);
    assert_sends(stage_timer(&stage, 1, origin_ns + 250 * MS));
    profile_free(stage.profile);
    stage_init(&stage, tinkex(CLEARS, SERVER_MS), -S);
    stage_start(&stage, 0);
    throttle(&stage, 0, "1000"); /* ends at instant 0 */
    assert_waits(stage_start(&stage, 1), WAIT_LIMITER, 0);
    assert_true(retry_is_throttled(&stage.calls[1], 0, -1));
    assert_false(retry_is_throttled(&stage.calls[1], 0, 0));
    profile_free(stage.profile);
}

/* -- what closes it ---------------------------------------------------------
 */

static void test_rules_that_close_nothing(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "\"do\":\"fail\",\"closes_limiter\":true,\"retry_after\":{\"read\":[{"
        "\"header\":\"retry-after-ms\",\"as\":[\"ms\"]}],\"limit\":\"1s\","
        "\"above_limit\":\"give-up\"}",
        "\"do\":\"fail\",\"closes_limiter\":true,\"retry_after\":{\"read\":[{"
        "\"header\":\"other\",\"as\":[\"ms\"]}]}",
        "\"do\":\"fail\"},{\"on\":{\"status\":[\"503\"]},\"do\":\"fail\","
        "\"closes_limiter\":true," ONE_SECOND,
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        char layer[600];
        snprintf(layer, sizeof layer,
                 "{\"name\":\"a\",\"rate_limiter\":{},\"rules\":[{\"on\":{"
                 "\"status\":[\"429\"]},%s}]}",
                 rules[i]);
        struct stage stage;
        stage_init(&stage, read_profile(layer), 0);
        stage_start(&stage, 0);
        throttle(&stage, 0, "5000");
        assert_false(stage.shared.layers[0].limiter.was_closed);
        assert_sends(stage_start(&stage, 1));
        profile_free(stage.profile);
    }
}

/* Passed on and retried further out, the window holds all the same. */
static void test_a_rule_that_passes_closes_it(void **state)
{
    (void)state;
    struct client client;
    client_init(
        &client,
        read_profile("{\"name\":\"outer\"," RETRY_5XX(
            CONSTANT) "},{\"name\":\"inner\","
                      "\"rate_limiter\":{},\"rules\":[{\"on\":{\"status\":["
                      "\"429\"]},"
                      "\"do\":\"pass\",\"closes_limiter\":true,\"backoff\":{"
                      "\"schedule\":\"constant\",\"base\":\"3s\"}}]}"));
    PLAY(&client, {.status = 429}, {.status = 200});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 429\n"
                         "[   0.000] wait 1.000 by outer\n"
                         "[   1.000] held 2.000 by inner\n"
                         "[   3.000] send 2\n"
                         "[   3.000] 200\n"
                         "[   3.000] done, ok: success\n");
}

/* The layer has no attempts left, but it was throttled. */
static void test_a_retry_refused_closes_it(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"budget\":{\"attempts\":1},"
                            "\"rate_limiter\":{},\"rules\":[{\"on\":{"
                            "\"status\":[\"429\"]},\"do\":\"retry\","
                            "\"closes_limiter\":true," ONE_SECOND "}]}"),
               0);
    stage_start(&stage, 0);
    assert_done(stage_end(&stage, 0, 429), REASON_ATTEMPTS);
    assert_waits(stage_start(&stage, 1), WAIT_LIMITER, S);
    profile_free(stage.profile);
}

static void test_a_header_that_means_never(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               tinkex("\"poll\":\"100ms\"",
                      "\"retry_after\":{\"read\":[{\"header\":"
                      "\"retry-after-ms\",\"as\":[\"ms\"]}],\"limit\":\"60s\","
                      "\"above_limit\":\"never\"}"),
               0);
    stage_start(&stage, 0);
    throttle(&stage, 0, "60001");
    struct retry_action action = stage_start(&stage, 1);
    assert_waits(action, WAIT_LIMITER, NS_FOREVER);
    assert_int_equal(action.delay_ns, NS_FOREVER);
    assert_int_equal(stage_step(&stage, 1, RETRY_CANCEL).kind, RETRY_DONE);
    profile_free(stage.profile);
}

/* -- the way to the wire ----------------------------------------------------
 */

/* The judge's way: the attempt was seen, whatever the limiter says. */
static void test_seen_before_the_window_ends(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, tinkex("\"per_second\":1,\"burst\":1", SERVER_MS), 0);
    stage_start(&stage, 0);
    throttle(&stage, 0, "5000");
    stage_start(&stage, 1);
    stage.now_ns = 2 * S;
    assert_sends(stage_step(&stage, 1, RETRY_SENT));
    assert_int_equal(stage.calls[1].attempts, 1);
    assert_int_equal(stage.shared.layers[0].limiter.next_send_ns, 3 * S);
    profile_free(stage.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_of_tinkex),
        cmocka_unit_test(test_set_ask_wait_clear),
        cmocka_unit_test(test_all_who_share_it_wait),
        cmocka_unit_test(test_other_requests_pass),
        cmocka_unit_test(test_polls_notice_what_one_sleep_does_not),
        cmocka_unit_test(test_an_extended_window),
        cmocka_unit_test(test_python_only_lets_it_expire),
        cmocka_unit_test(test_monotonic_time_may_be_negative),
        cmocka_unit_test(test_rules_that_close_nothing),
        cmocka_unit_test(test_a_rule_that_passes_closes_it),
        cmocka_unit_test(test_a_retry_refused_closes_it),
        cmocka_unit_test(test_a_header_that_means_never),
        cmocka_unit_test(test_seen_before_the_window_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
