/* The retry engine: call timeouts of inner layers, progress clocks, budgets of
 * time in company. */
#include "retry_stage.h"

/* -- call timeouts inside another layer -------------------------------------
 */

#define OUTER_ON_TIMEOUT(keys)                                        \
    "{\"name\":\"outer\"" keys ",\"rules\":[{\"on\":{\"transport\":[" \
    "\"timeout\"]},\"do\":\"retry\",\"backoff\":" CONSTANT "}]},"

#define INNER_5S                                                       \
    "{\"name\":\"inner\",\"call_timeout\":\"5s\",\"rules\":[{\"on\":{" \
    "\"status\":[\"500\"],\"transport\":[\"timeout\"]},\"do\":"        \
    "\"retry\",\"backoff\":" DOUBLING "}]}"

/* In flight: the client ends the attempt, and the inner layer, whose run is cut
 * off with it, is not asked. */
static void test_call_timeout_in_flight(void **state)
{
    (void)state;
    struct client client;
    client_init(&client, read_profile(OUTER_ON_TIMEOUT("") INNER_5S));
    PLAY(&client, {.status = 500}, {.status = 200, .took_ns = 9 * S},
         {.status = 200, .took_ns = 4 * S});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by inner\n"
                         "[   1.000] send 2\n"
                         "[   5.000] timeout\n"
                         "[   5.000] wait 1.000 by outer\n"
                         "[   6.000] send 3\n"
                         "[  10.000] 200\n"
                         "[  10.000] done, ok: success\n");
}

/* While it waits: the outer layer sees a timeout at that instant, and nothing
 * is sent. Its own wait is not bounded by the run that is over. */
static void test_call_timeout_while_waiting(void **state)
{
    (void)state;
    struct client client;
    client_init(&client, read_profile(OUTER_ON_TIMEOUT(
                             ",\"budget\":{\"attempts\":2}") INNER_5S));
    PLAY(&client, {.status = 500});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by inner\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 500\n"
                         "[   1.000] wait 2.000 by inner\n"
                         "[   3.000] send 3\n"
                         "[   3.000] 500\n"
                         "[   3.000] wait 4.000 by inner\n"
                         "[   5.000] wait 1.000 by outer\n"
                         "[   6.000] send 4\n"
                         "[   6.000] 500\n"
                         "[   6.000] wait 1.000 by inner\n"
                         "[   7.000] send 5\n"
                         "[   7.000] 500\n"
                         "[   7.000] wait 2.000 by inner\n"
                         "[   9.000] send 6\n"
                         "[   9.000] 500\n"
                         "[   9.000] wait 4.000 by inner\n"
                         "[  11.000] done, failed: attempts\n");
}

static void test_outer_wait_outlives_the_inner_timeout(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                read_profile("{\"name\":\"outer\",\"rules\":[{\"on\":{"
                             "\"status\":[\"503\"]},\"do\":\"retry\","
                             "\"backoff\":{\"schedule\":\"constant\",\"base\":"
                             "\"20s\"}}]}," INNER_5S));
    PLAY(&client, {.status = 503}, {.status = 200, .took_ns = 4 * S});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 503\n"
                         "[   0.000] wait 20.000 by outer\n"
                         "[  20.000] send 2\n"
                         "[  24.000] 200\n"
                         "[  24.000] done, ok: success\n");
}

static void test_nobody_retries_a_call_timeout(void **state)
{
    (void)state;
    struct client client;
    const char *layers = "{\"name\":\"outer\",\"rules\":[{\"on\":{\"status\":["
                         "\"500\"]},\"do\":\"fail\"}]}," INNER_5S;
    client_init(&client, read_profile(layers));
    PLAY(&client, {.status = 500, .took_ns = 3 * S},
         {.status = 200, .took_ns = S});
    assert_int_equal(client.call.attempts, 2);
    profile_free(client.profile);
    client_init(&client, read_profile(layers));
    struct retry_action action =
        PLAY(&client, {.status = 200, .took_ns = 6 * S});
    assert_done(action, REASON_CALL_TIMEOUT);
    assert_int_equal(client.now_ns, 5 * S);
    profile_free(client.profile);
}

/* Of two that are over at a time the outer one counts. */
static void test_the_outermost_call_timeout_counts(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"call_timeout\":\"5s\",\"rules\":"
                            "[{\"on\":{\"transport\":[\"timeout\"]},\"do\":"
                            "\"retry\",\"backoff\":" CONSTANT "}]}," INNER_5S),
               0);
    stage_start(&stage, 0);
    stage.now_ns = 5 * S;
    assert_done(
        stage_outcome(&stage, 0, &(struct attempt_outcome){.end = END_TIMEOUT}),
        REASON_CALL_TIMEOUT);
    profile_free(stage.profile);
}

/* Another end at or after the instant is what it is, but the layer whose time
 * is over does not try again. */
static void test_another_end_after_a_call_timeout(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, read_profile(OUTER_ON_TIMEOUT("") INNER_5S), 0);
    stage_start(&stage, 0);
    stage.now_ns = 5 * S;
    assert_done(stage_end(&stage, 0, 500), REASON_CALL_TIMEOUT);
    stage.now_ns = 0;
    stage_start(&stage, 1);
    stage.now_ns = 5 * S;
    assert_true(stage_end(&stage, 1, 200).is_ok);
    profile_free(stage.profile);
}

/* In flight a timer says until when. */
static void test_timer_in_flight(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile(OUTER_ON_TIMEOUT(
                   ",\"attempt_timeout\":{\"limit\":\"7s\"}") INNER_5S),
               -S);
    struct retry_action action = stage_start(&stage, 0);
    assert_int_equal(action.until_ns, 4 * S);
    assert_int_equal(action.attempt_timeout.limit_ns, 7 * S);
    assert_int_equal(action.wake_ns, NS_FOREVER);
    action = stage_timer(&stage, 0, 3 * S);
    assert_int_equal(action.kind, RETRY_WAIT);
    assert_int_equal(action.until_ns, 4 * S);
    profile_free(stage.profile);
}

/* Held by the outer limiter, the inner run has not begun; its own time counts
 * from when it does. */
static void test_call_timeout_while_held(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"outer\",\"call_timeout\":\"30s\","
                            "\"rate_limiter\":{\"per_second\":0.1}}," INNER_5S),
               0);
    stage_start(&stage, 0);
    struct retry_action action = stage_start(&stage, 1);
    assert_waits(action, WAIT_LIMITER, 10 * S);
    assert_int_equal(action.wake_ns, 30 * S);
    assert_waits(stage_timer(&stage, 1, 6 * S), WAIT_LIMITER, 10 * S);
    action = stage_timer(&stage, 1, 10 * S);
    assert_sends(action);
    assert_int_equal(action.until_ns, 15 * S);
    stage_start(&stage, 2);
    stage_start(&stage, 3);
    action = stage_start(&stage, 4);
    assert_waits(action, WAIT_LIMITER, 40 * S);
    assert_int_equal(action.wake_ns, 40 * S);
    profile_free(stage.profile);
}

static void test_call_timeout_ends_a_held_attempt(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile(OUTER_ON_TIMEOUT(
                   "") "{\"name\":\"inner\","
                       "\"call_timeout\":\"3s\",\"rate_limiter\":{"
                       "\"per_second\":0.2}}"),
               0);
    stage_start(&stage, 0);
    struct retry_action action = stage_start(&stage, 1);
    assert_waits(action, WAIT_LIMITER, 5 * S);
    assert_int_equal(action.wake_ns, 3 * S);
    action = stage_timer(&stage, 1, 3 * S);
    assert_waits(action, WAIT_RETRY, 4 * S);
    assert_string_equal(action.layer->name, "outer");
    assert_waits(stage_timer(&stage, 1, 4 * S), WAIT_LIMITER, 5 * S);
    assert_sends(stage_timer(&stage, 1, 5 * S));
    assert_int_equal(stage.calls[1].attempts, 1);
    profile_free(stage.profile);
}

/* The delay of a retry that no outcome of the wire asked for is drawn as well.
 */
static void test_random_number_of_a_timer(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"outer\",\"rules\":[{\"on\":{"
                            "\"transport\":[\"timeout\"]},\"do\":\"retry\","
                            "\"backoff\":{\"schedule\":\"constant\",\"base\":"
                            "\"8s\",\"jitter\":\"full\"}}]}," INNER_5S),
               0);
    stage_start(&stage, 0);
    stage_end(&stage, 0, 500);
    stage.u = .75;
    assert_waits(stage_timer(&stage, 0, 5 * S), WAIT_RETRY, 11 * S);
    profile_free(stage.profile);
}

/* -- progress ---------------------------------------------------------------
 */

#define WATCHED(timeout, keys)                                   \
    "{\"name\":\"handler\",\"progress\":{\"timeout\":\"" timeout \
    "\",\"aborts_attempt\":true" keys                            \
    "}," RETRY_5XX("{\"schedule\":\"constant\",\"base\":\"50ms\"}") "}"

/* S1-48, S1-49: retries are no progress; the abort itself is not retried,
 * though every outcome is. */
static void test_endless_503(void **state)
{
    (void)state;
    struct client client;
    client_init(&client, read_profile(WATCHED("300ms", "")));
    PLAY(&client, {.status = 503});
    assert_int_equal(client.now_ns, 300 * MS);
    assert_int_equal(client.call.attempts, 6);
    assert_non_null(strstr(client.story, "done, failed: progress-timeout"));
    profile_free(client.profile);
}

/* S1-48: calls of 0.2, 0.45 and 0.7 s under a timeout of 0.3 s all succeed. */
static void test_successes_of_others_are_progress(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, read_profile(WATCHED("300ms", "")), 0);
    for (int i = 0; i < 3; i++) {
        stage_start(&stage, i);
    }
    for (int i = 0; i < 3; i++) {
        int64_t end_ns = (200 + 250 * i) * MS;
        for (int k = i; k < 3; k++) {
            struct retry_action action = stage_timer(&stage, k, end_ns - 1);
            assert_int_equal(action.kind, RETRY_WAIT);
        }
        stage.now_ns = end_ns;
        assert_true(stage_end(&stage, i, 200).is_ok);
    }
    profile_free(stage.profile);
}

/* S1-50 */
static void test_entering_an_idle_handler(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile(WATCHED("5s", ",\"resets_when_idle\":true")), 0);
    stage.now_ns = 100 * S;
    assert_int_equal(stage_start(&stage, 0).wake_ns, 105 * S);
    stage.now_ns = 103 * S; /* not idle */
    assert_int_equal(stage_start(&stage, 1).wake_ns, 105 * S);
    stage_step(&stage, 0, RETRY_CANCEL);
    stage_step(&stage, 1, RETRY_CANCEL);
    assert_int_equal(stage_start(&stage, 2).wake_ns, 108 * S);
    profile_free(stage.profile);
    stage_init(&stage, read_profile(WATCHED("5s", "")), 0);
    stage.now_ns = 100 * S;
    assert_int_equal(stage_start(&stage, 0).wake_ns, 5 * S);
    profile_free(stage.profile);
}

/* S1-46 */
static void test_timeout_told_from_cancel(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, read_profile(WATCHED("5s", "")), 0);
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    stage.now_ns = 5 * S;
    struct retry_action cancelled = stage_step(&stage, 0, RETRY_CANCEL);
    struct retry_action stuck = stage_step(&stage, 1, RETRY_TIMER);
    assert_int_equal(cancelled.kind, RETRY_ABORT);
    assert_int_equal(cancelled.reason, REASON_CANCELLED);
    assert_int_equal(stuck.kind, RETRY_ABORT);
    assert_int_equal(stuck.reason, REASON_PROGRESS);
    profile_free(stage.profile);
}

/* A clock for each call begins with the run of the layer, so that what an outer
 * layer waits is nothing to it. */
static void test_clock_of_a_call(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"outer\"," RETRY_5XX(
            "{\"schedule\":\"constant\",\"base\":\"20s\"}") "},{\"name\":"
                                                            "\"inner\","
                                                            "\"progress\":{"
                                                            "\"timeout\":"
                                                            "\"5s\",\"clock\":"
                                                            "\"call\","
                                                            "\"aborts_"
                                                            "attempt\":true,"
                                                            "\"tested_at_"
                                                            "first\":true}}"),
        0);
    stage_start(&stage, 0);
    struct retry_action action = stage_end(&stage, 0, 500);
    assert_waits(action, WAIT_RETRY, 20 * S);
    assert_int_equal(action.wake_ns, NS_FOREVER);
    assert_waits(stage_timer(&stage, 0, 19 * S), WAIT_RETRY, 20 * S);
    action = stage_timer(&stage, 0, 20 * S);
    assert_sends(action);
    assert_int_equal(action.wake_ns, 25 * S);
    profile_free(stage.profile);
}

static void test_tested_at_first(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"progress\":{\"timeout\":\"5s\","
                            "\"tested_at_first\":true}}"),
               0);
    stage.now_ns = 5 * S;
    assert_sends(stage_start(&stage, 0));
    stage.now_ns = 5 * S + 1;
    assert_done(stage_start(&stage, 1), REASON_PROGRESS);
    profile_free(stage.profile);
}

/* -- elapsed time -----------------------------------------------------------
 */

/* S0-126: the last wait ends at the limit, not beyond, and at the limit it is
 * over. */
static void test_edges_of_elapsed_time(void **state)
{
    (void)state;
    static const struct {
        const char *test;
        int64_t now_ns, delay_ns; /* -1: given up */
    } cases[] = {
        {"after-attempt", 10 * S - 1, 4 * S},
        {"after-attempt", 10 * S, -1},
        {"before-sleep", 6 * S, 4 * S},
        {"before-sleep", 6 * S + 1, -1},
        {"cut-sleep", 6 * S + 1, 4 * S - 1},
        {"cut-sleep", 10 * S - 1, 1},
        {"cut-sleep", 10 * S, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char layer[1024];
        snprintf(layer, sizeof layer,
                 "{\"name\":\"a\",\"budget\":{\"elapsed\":\"10s\","
                 "\"elapsed_test\":\"%s\"},%s}",
                 cases[i].test,
                 RETRY_5XX("{\"schedule\":\"constant\",\"base\":\"4s\"}"));
        struct stage stage;
        stage_init(&stage, read_profile(layer), 0);
        stage_start(&stage, 0);
        stage.now_ns = cases[i].now_ns;
        struct retry_action action = stage_end(&stage, 0, 500);
        if (cases[i].delay_ns < 0) {
            assert_done(action, REASON_ELAPSED);
        } else {
            assert_int_equal(action.delay_ns, cases[i].delay_ns);
        }
        profile_free(stage.profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_timeout_in_flight),
        cmocka_unit_test(test_call_timeout_while_waiting),
        cmocka_unit_test(test_outer_wait_outlives_the_inner_timeout),
        cmocka_unit_test(test_nobody_retries_a_call_timeout),
        cmocka_unit_test(test_the_outermost_call_timeout_counts),
        cmocka_unit_test(test_another_end_after_a_call_timeout),
        cmocka_unit_test(test_timer_in_flight),
        cmocka_unit_test(test_call_timeout_while_held),
        cmocka_unit_test(test_call_timeout_ends_a_held_attempt),
        cmocka_unit_test(test_random_number_of_a_timer),
        cmocka_unit_test(test_endless_503),
        cmocka_unit_test(test_successes_of_others_are_progress),
        cmocka_unit_test(test_entering_an_idle_handler),
        cmocka_unit_test(test_timeout_told_from_cancel),
        cmocka_unit_test(test_clock_of_a_call),
        cmocka_unit_test(test_tested_at_first),
        cmocka_unit_test(test_edges_of_elapsed_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
