/* The retry engine by golden traces: timeouts, odd events, refusals. */
#include "retry_stage.h"

/* -- timeouts ---------------------------------------------------------------
 */

static void test_attempt_timeout_is_a_failure_like_others(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                read_profile("{\"name\":\"sdk\",\"attempt_timeout\":{"
                             "\"limit\":\"3s\",\"kind\":\"total\"}," RETRY_5XX(
                                 CONSTANT) "}"));
    PLAY(&client, {.status = 200, .took_ns = 4 * S},
         {.status = 200, .took_ns = 2 * S});
    check_story(&client, "[   0.000] send 1\n"
                         "[   3.000] timeout\n"
                         "[   3.000] wait 1.000 by sdk\n"
                         "[   4.000] send 2\n"
                         "[   6.000] 200\n"
                         "[   6.000] done, ok: success\n");
}

static void test_call_timeout_ends_attempts_and_waits(void **state)
{
    (void)state;
    struct client client;
    const char *layer =
        "{\"name\":\"sdk\",\"call_timeout\":\"5s\"," RETRY_5XX(DOUBLING) "}";
    client_init(&client, read_profile(layer));
    PLAY(&client, {.status = 500});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by sdk\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 500\n"
                         "[   1.000] wait 2.000 by sdk\n"
                         "[   3.000] send 3\n"
                         "[   3.000] 500\n"
                         "[   3.000] wait 4.000 by sdk\n"
                         "[   5.000] done, failed: call-timeout\n");
    client_init(&client, read_profile(layer));
    PLAY(&client, {.status = 200, .took_ns = 9 * S});
    check_story(&client, "[   0.000] send 1\n"
                         "[   5.000] timeout\n"
                         "[   5.000] done, failed: call-timeout\n");
}

#define PROGRESS(keys)                                            \
    "{\"name\":\"handler\",\"progress\":{\"timeout\":\"5s\"" keys \
    "}," RETRY_5XX("{\"schedule\":\"constant\",\"base\":\"2s\"}") "}"

/* tinker: the watchdog ends whatever goes on. */
static void test_progress_timeout_aborts_what_is_in_flight(void **state)
{
    (void)state;
    struct client client;
    client_init(&client, read_profile(PROGRESS(
                             ",\"clock\":\"handler\",\"aborts_attempt\":true,"
                             "\"resets_when_idle\":true")));
    client.now_ns = 100 * S;
    PLAY(&client, {.status = 500}, {.status = 200, .took_ns = 9 * S});
    check_story(&client, "[ 100.000] send 1\n"
                         "[ 100.000] 500\n"
                         "[ 100.000] wait 2.000 by handler\n"
                         "[ 102.000] send 2\n"
                         "[ 105.000] aborted, failed: progress-timeout\n");
}

/* tinkex: tested between attempts only, strictly greater. */
static void test_progress_timeout_between_attempts(void **state)
{
    (void)state;
    struct client client;
    client_init(&client, read_profile(PROGRESS(",\"clock\":\"call\","
                                               "\"aborts_attempt\":false")));
    PLAY(&client, {.status = 500, .took_ns = 3 * S},
         {.status = 500, .took_ns = 9 * S});
    check_story(&client, "[   0.000] send 1\n"
                         "[   3.000] 500\n"
                         "[   3.000] wait 2.000 by handler\n"
                         "[   5.000] send 2\n"
                         "[  14.000] 500\n"
                         "[  14.000] wait 2.000 by handler\n"
                         "[  16.000] done, failed: progress-timeout\n");
}

/* S0-11, S1-117: another call of the handler succeeds at 4 s: the clock starts
 * again. */
static void test_progress_of_others_counts_for_a_handler(void **state)
{
    (void)state;
    struct client client;
    client_init(&client, read_profile(PROGRESS(",\"clock\":\"handler\","
                                               "\"aborts_attempt\":true")));
    struct retry_call other;
    retry_call_init(&other, &client.shared,
                    &(struct retry_request){.method = "POST", .path = "/v1/x"});
    struct retry_event start = {.kind = RETRY_START};
    retry_step(&other, &start);
    struct retry_action action = client_step(&client, RETRY_START);
    assert_int_equal(action.wake_ns, 5 * S);
    struct attempt_outcome ok = {.end = END_STATUS, .status = 200};
    retry_step(&other, &(struct retry_event){.kind = RETRY_ENDED,
                                             .now_ns = 4 * S,
                                             .outcome = &ok});
    client.now_ns = 5 * S;
    action = client_step(&client, RETRY_TIMER);
    assert_int_equal(action.kind, RETRY_WAIT);
    assert_int_equal(action.wake_ns, 9 * S);
    client.now_ns = 9 * S;
    action = client_step(&client, RETRY_TIMER);
    assert_int_equal(action.kind, RETRY_ABORT);
    assert_int_equal(action.reason, REASON_PROGRESS);
    profile_free(client.profile);
}

/* -- odd events -------------------------------------------------------------
 */

static void test_early_timer_keeps_waiting(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                read_profile("{\"name\":\"sdk\"," RETRY_5XX(DOUBLING) "}"));
    client_step(&client, RETRY_START);
    struct retry_action first =
        client_end(&client, &(struct ended){.status = 500});
    client.now_ns = S - 1;
    struct retry_action again = client_step(&client, RETRY_TIMER);
    assert_int_equal(again.kind, RETRY_WAIT);
    assert_int_equal(again.until_ns, first.until_ns);
    assert_int_equal(again.delay_ns, first.delay_ns);
    assert_ptr_equal(again.layer, first.layer);
    client.now_ns = S;
    assert_int_equal(client_step(&client, RETRY_TIMER).kind, RETRY_SEND);
    profile_free(client.profile);
}

/* The judge's way: the wire says when the next attempt came, and the memory of
 * a decorrelated law follows it. */
static void test_observed_delay_is_remembered(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                read_profile("{\"name\":\"sdk\"," RETRY_5XX(
                    "{\"schedule\":\"constant\",\"base\":\"1s\","
                    "\"cap\":\"60s\",\"jitter\":{\"decorrelated\":3}}") "}"));
    client_step(&client, RETRY_START);
    struct retry_action action =
        client_end(&client, &(struct ended){.status = 500});
    assert_int_equal(backoff_range(&action.law).max_ns, 3 * S);
    client.now_ns = 2 * S;
    action = client_step(&client, RETRY_SENT);
    assert_int_equal(action.kind, RETRY_SEND);
    action = client_end(&client, &(struct ended){.status = 500});
    assert_int_equal(backoff_range(&action.law).min_ns, S);
    assert_int_equal(backoff_range(&action.law).max_ns, 6 * S);
    client.now_ns = 2 * S + 1; /* far too early: sent all the same */
    assert_int_equal(client_step(&client, RETRY_SENT).kind, RETRY_SEND);
    assert_int_equal(client.call.attempts, 3);
    profile_free(client.profile);
}

/* A delay of none is none, however long the way to the wire took: what comes
 * next is counted from the base. The shortest delay there is was one. */
static void test_no_delay_was_seen(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        int64_t top_ns;
    } cases[] = {{"{\"schedule\":\"none\"}", 3 * S},
                 {"{\"schedule\":\"constant\",\"base\":\"1ns\"}", 6 * S}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char layer[600];
        snprintf(layer, sizeof layer,
                 "{\"name\":\"sdk\",\"rules\":[{\"on\":{\"status\":[\"500\"]},"
                 "\"do\":\"retry\",\"backoff\":%s},{\"on\":{\"status\":["
                 "\"503\"]},\"do\":\"retry\",\"backoff\":{\"schedule\":"
                 "\"constant\",\"base\":\"1s\",\"cap\":\"60s\",\"jitter\":{"
                 "\"decorrelated\":3}}}]}",
                 cases[i].first);
        struct client client;
        client_init(&client, read_profile(layer));
        client_step(&client, RETRY_START);
        client_end(&client, &(struct ended){.status = 500});
        client.now_ns = 2 * S;
        client_step(&client, RETRY_SENT);
        struct retry_action action =
            client_end(&client, &(struct ended){.status = 503});
        assert_int_equal(backoff_range(&action.law).min_ns, S);
        assert_int_equal(backoff_range(&action.law).max_ns, cases[i].top_ns);
        profile_free(client.profile);
    }
}

/* What has ended by itself is not aborted. */
static void test_cancel_in_every_phase(void **state)
{
    (void)state;
    struct client client;
    struct profile *profile =
        read_profile("{\"name\":\"sdk\"," RETRY_5XX(DOUBLING) "}");
    client_init(&client, profile);
    assert_int_equal(client_step(&client, RETRY_CANCEL).kind, RETRY_DONE);
    assert_int_equal(client.shared.active_calls, 0);
    client_init(&client, profile);
    client_step(&client, RETRY_START);
    assert_int_equal(client_step(&client, RETRY_CANCEL).kind, RETRY_ABORT);
    assert_int_equal(client.shared.active_calls, 0);
    client_init(&client, profile);
    client_step(&client, RETRY_START);
    struct retry_action action =
        client_end(&client, &(struct ended){.end = END_CANCELLED});
    assert_int_equal(action.kind, RETRY_DONE);
    assert_int_equal(action.reason, REASON_CANCELLED);
    profile_free(profile);
}

/* Who sleeps until the earlier of the two times sleeps for good. */
static void test_nothing_to_wake_for_at_the_end(void **state)
{
    (void)state;
    struct client client;
    struct profile *profile = read_profile("{\"name\":\"sdk\"}");
    for (int i = 0; i < 2; i++) {
        client_init(&client, profile);
        client_step(&client, RETRY_START);
        struct retry_action action =
            i == 0 ? client_end(&client, &(struct ended){.status = 200})
                   : client_step(&client, RETRY_CANCEL);
        assert_int_equal(action.kind, i == 0 ? RETRY_DONE : RETRY_ABORT);
        assert_int_equal(action.until_ns, NS_FOREVER);
        assert_int_equal(action.wake_ns, NS_FOREVER);
    }
    profile_free(profile);
}

static void test_routes_choose_the_layers(void **state)
{
    (void)state;
    struct client client;
    client_init(
        &client,
        read_profile("{\"name\":\"sdk\",\"routes\":[\"POST /v1/*\"]," RETRY_5XX(
            DOUBLING) "}"));
    assert_int_equal(retry_innermost(&client.call), 0);
    retry_call_init(&client.call, &client.shared,
                    &(struct retry_request){.method = "GET", .path = "/v1/x"});
    assert_int_equal(retry_innermost(&client.call), -1);
    client_step(&client, RETRY_START);
    struct retry_action action =
        client_end(&client, &(struct ended){.status = 500});
    assert_int_equal(action.kind, RETRY_DONE);
    assert_false(action.is_ok);
    profile_free(client.profile);
}

/* A share as small as 1e-9 takes no more than 1e9 for a retry. */
static void test_ratio_of_a_tiny_share(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"sdk\",\"budget\":{\"ratio\":{"
                            "\"share\":1e-9,\"window\":"
                            "\"10s\"}},\"rules\":[{\"on\":{\"status\":[\"500\"]"
                            "},\"do\":\"retry\","
                            "\"backoff\":{\"schedule\":\"none\"}}]}"),
               0);
    stage.shared.layers[0].window.counts[0][0] = 999999; /* calls before */
    stage_start(&stage, 0);
    assert_waits(stage_end(&stage, 0, 500), WAIT_RETRY, stage.now_ns);
    assert_sends(stage_timer(&stage, 0, stage.now_ns));
    assert_done(stage_end(&stage, 0, 500), REASON_ALLOWANCE);
    profile_free(stage.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attempt_timeout_is_a_failure_like_others),
        cmocka_unit_test(test_call_timeout_ends_attempts_and_waits),
        cmocka_unit_test(test_progress_timeout_aborts_what_is_in_flight),
        cmocka_unit_test(test_progress_timeout_between_attempts),
        cmocka_unit_test(test_progress_of_others_counts_for_a_handler),
        cmocka_unit_test(test_early_timer_keeps_waiting),
        cmocka_unit_test(test_observed_delay_is_remembered),
        cmocka_unit_test(test_no_delay_was_seen),
        cmocka_unit_test(test_cancel_in_every_phase),
        cmocka_unit_test(test_nothing_to_wake_for_at_the_end),
        cmocka_unit_test(test_routes_choose_the_layers),
        cmocka_unit_test(test_ratio_of_a_tiny_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
