/* The way of an attempt to the wire: the window of a retry, limiters one behind
 * the other, a steady rate. */
#include "client/limiter.h"

#include "retry_stage.h"

#define CLEARS     "\"clears_on_success\":true"
#define ONE_SECOND "\"backoff\":{\"schedule\":\"constant\",\"base\":\"1s\"}"
#define THROTTLED                                                \
    "\"rules\":[{\"on\":{\"status\":[\"429\"]},\"do\":\"fail\"," \
    "\"closes_limiter\":true," ONE_SECOND "}]"

/* -- the window of a retry --------------------------------------------------
 */

static struct profile *tinker_sampling(const char *poll)
{
    char layers[2048];
    snprintf(layers, sizeof layers,
             "{\"name\":\"handler\",\"rules\":[{\"on\":{\"status\":[\"429\"]},"
             "\"do\":\"retry\",\"backoff\":" CONSTANT "}]},"
             "{\"name\":\"dispatch\",\"rate_limiter\":{%s},\"slots\":{"
             "\"limit\":400,\"throttled\":{\"limit\":10,\"window\":\"10s\"}},"
             "\"rules\":[{\"on\":{\"status\":[\"429\"],\"request_bytes\":{"
             "\"at_least\":131073}},\"do\":\"retry\",\"closes_limiter\":true,"
             "\"backoff\":{\"schedule\":\"constant\",\"base\":\"5s\"}},{"
             "\"on\":{\"status\":[\"429\"]},\"do\":\"retry\","
             "\"closes_limiter\":true,\"backoff\":" CONSTANT "}]}",
             poll);
    return read_profile(layers);
}

/* P09, P10, S1-52, S1-55 */
static void test_goldens_of_python_sampling(void **state)
{
    (void)state;
    const struct {
        int64_t bytes, seconds;
    } cases[] = {{0, 1},      {1000, 1},    {131072, 1},
                 {131073, 5}, {1000000, 5}, {5242880, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage stage;
        stage_init(&stage, tinker_sampling("\"poll\":\"1s\""), 0);
        struct retry_request request = {
            .method = "POST", .path = "/v1/x", .body_bytes = cases[i].bytes};
        assert_sends(stage_start_request(&stage, 0, &request));
        for (int n = 0; n < 10; n++) {
            struct retry_action action = stage_end(&stage, 0, 429);
            int64_t until_ns = stage.now_ns + cases[i].seconds * S;
            assert_waits(action, WAIT_RETRY, until_ns);
            assert_string_equal(action.layer->name, "dispatch");
            assert_int_equal(action.delay_ns, cases[i].seconds * S);
            assert_int_equal(action.wake_ns, stage.now_ns + S);
            assert_sends(stage_timer(&stage, 0, until_ns));
        }
        assert_int_equal(stage.calls[0].state[0].attempts, 1);
        profile_free(stage.profile);
    }
}

/* S1-54, S1-59 */
static void test_own_wait_is_the_window(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, tinker_sampling("\"poll\":\"300ms\""), 0);
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    struct retry_action action = stage_end(&stage, 0, 429);
    assert_waits(action, WAIT_RETRY, 1200 * MS); /* the fourth poll */
    assert_int_equal(action.delay_ns, S);
    assert_int_equal(action.wake_ns, 300 * MS);
    assert_waits(stage_start(&stage, 2), WAIT_LIMITER, 1200 * MS);
    stage.now_ns = 100 * MS;
    stage_end(&stage, 1, 429); /* until 1100 ms */
    assert_waits(stage_timer(&stage, 0, 200 * MS), WAIT_RETRY, 1200 * MS);
    assert_waits(stage_timer(&stage, 0, 300 * MS), WAIT_RETRY, 1200 * MS);
    stage.now_ns = 1150 * MS;
    stage_start(&stage, 3);
    stage_end(&stage, 3, 429); /* until 2150 ms */
    assert_waits(stage_timer(&stage, 0, 1200 * MS), WAIT_LIMITER, 2400 * MS);
    profile_free(stage.profile);
}

/* Found open at a poll, the wait ends there; but whether the attempt holds what
 * it needs is the caller's business, so it is told first. */
static void test_own_window_is_cleared_by_others(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, tinker_sampling("\"poll\":\"300ms\"," CLEARS), 0);
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    stage_end(&stage, 0, 429);
    stage_end(&stage, 1, 200);
    assert_waits(stage_timer(&stage, 0, 299 * MS), WAIT_RETRY, 1200 * MS);
    assert_waits(stage_timer(&stage, 0, 300 * MS), WAIT_RETRY, 300 * MS);
    assert_sends(stage_timer(&stage, 0, 300 * MS));
    profile_free(stage.profile);
}

static void test_own_exact_sleep_notices_nothing(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, tinker_sampling(""), 0);
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    struct retry_action action = stage_end(&stage, 0, 429);
    assert_waits(action, WAIT_RETRY, S);
    assert_int_equal(action.wake_ns, NS_FOREVER);
    stage.now_ns = 500 * MS;
    stage_end(&stage, 1, 429);
    assert_sends(stage_timer(&stage, 0, S));
    profile_free(stage.profile);
}

/* Slots ask whether the last 429 was less than 10 s ago. */
static void test_throttled_window(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, tinker_sampling("\"poll\":\"1s\"," CLEARS), 0);
    stage_start(&stage, 0);
    assert_false(retry_is_throttled(&stage.calls[0], 1, 0));
    stage_end(&stage, 0, 429);
    assert_true(retry_is_throttled(&stage.calls[0], 1, 0));
    stage_start(&stage, 1);
    stage_timer(&stage, 1, 2 * S);
    stage_end(&stage, 1, 200);
    assert_false(stage.shared.layers[1].limiter.is_closed);
    assert_true(retry_is_throttled(&stage.calls[0], 1, 11 * S - 1));
    assert_false(retry_is_throttled(&stage.calls[0], 1, 11 * S));
    profile_free(stage.profile);
}

/* -- one behind the other ---------------------------------------------------
 */

/* Gates lie one behind the other, and a run inside a limiter begins when that
 * is passed; a retry passes those from its own layer inwards. */
static void test_gates_in_a_row(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"rate_limiter\":{}," THROTTLED
                            "},{\"name\":\"b\",\"rate_limiter\":{"
                            "\"per_second\":1e6}," RETRY_5XX(
                                CONSTANT) "},{\"name\":\"c\",\"rate_limiter\":{"
                                          "\"poll\":\"2s\"}," THROTTLED "}"),
               0);
    struct retry_layer_shared *layers = stage.shared.layers;
    limiter_close(&layers[0].limiter, 0, S);
    limiter_close(&layers[1].limiter, 0, 3 * S);
    limiter_close(&layers[2].limiter, 0, 4 * S);
    assert_waits(stage_start(&stage, 0), WAIT_LIMITER, S);
    assert_int_equal(retry_gate_ns(&stage.calls[0], 0, 0), 5 * S);
    assert_waits(stage_timer(&stage, 0, S), WAIT_LIMITER, 3 * S);
    assert_int_equal(stage.calls[0].state[1].started_ns, S);
    assert_int_equal(retry_gate_ns(&stage.calls[0], 0, S), 5 * S);
    struct retry_action action = stage_timer(&stage, 0, 3 * S);
    assert_waits(action, WAIT_LIMITER, 5 * S);
    assert_string_equal(action.layer->name, "c");
    assert_int_equal(action.wait_from_ns, 3 * S);
    assert_int_equal(action.delay_ns, 2 * S);
    assert_int_equal(backoff_range(&action.law).min_ns, 2 * S);
    assert_int_equal(backoff_range(&action.law).max_ns, 2 * S);
    assert_sends(stage_timer(&stage, 0, 5 * S));
    assert_int_equal(stage.calls[0].state[0].started_ns, 0);
    assert_int_equal(stage.calls[0].state[1].started_ns, S);
    assert_int_equal(stage.calls[0].state[2].started_ns, 3 * S);
    limiter_close(&layers[0].limiter, 5 * S, 100 * S);
    stage_end(&stage, 0, 500);
    assert_int_equal(retry_gate_ns(&stage.calls[0], 1, 6 * S), 6 * S);
    assert_sends(stage_timer(&stage, 0, 6 * S));
    assert_int_equal(stage.calls[0].state[1].started_ns, S);
    assert_int_equal(stage.calls[0].state[2].started_ns, 6 * S);
    profile_free(stage.profile);
}

static void test_progress_timeout_while_held(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"rate_limiter\":{}," THROTTLED ","
                            "\"progress\":{\"timeout\":\"3s\","
                            "\"aborts_attempt\":true}}"),
               0);
    limiter_close(&stage.shared.layers[0].limiter, 0, 5 * S);
    struct retry_action action = stage_start(&stage, 0);
    assert_waits(action, WAIT_LIMITER, 5 * S);
    assert_int_equal(action.wake_ns, 3 * S);
    assert_done(stage_timer(&stage, 0, 3 * S), REASON_PROGRESS);
    assert_int_equal(stage.shared.active_calls, 0);
    profile_free(stage.profile);
}

/* -- a steady rate ----------------------------------------------------------
 */

static void test_steady_rate_holds_first_attempts_too(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"rate_limiter\":{\"per_second\":"
                            "4,\"burst\":3}," RETRY_5XX(CONSTANT) "}"),
               -S);
    for (int i = 0; i < 3; i++) {
        assert_sends(stage_start(&stage, i));
    }
    assert_waits(stage_start(&stage, 3), WAIT_LIMITER, -750 * MS);
    assert_waits(stage_start(&stage, 4), WAIT_LIMITER, -500 * MS);
    assert_int_equal(retry_gate_ns(&stage.calls[3], 0, -S), -750 * MS);
    assert_int_equal(retry_gate_ns(&stage.calls[3], 0, -100 * MS), -100 * MS);
    assert_waits(stage_end(&stage, 0, 500), WAIT_RETRY, 0);
    assert_waits(stage_timer(&stage, 3, -751 * MS), WAIT_LIMITER, -750 * MS);
    assert_sends(stage_timer(&stage, 3, -750 * MS));
    assert_sends(stage_timer(&stage, 4, -500 * MS));
    assert_sends(stage_timer(&stage, 0, 0)); /* one was saved since -250 ms */
    assert_sends(stage_start(&stage, 5));
    assert_waits(stage_start(&stage, 6), WAIT_LIMITER, 250 * MS);
    stage.now_ns = 100 * S; /* no more than the burst is saved */
    for (int i = 0; i < 3; i++) {
        assert_sends(stage_start(&stage, i));
    }
    assert_waits(stage_start(&stage, 3), WAIT_LIMITER, 100 * S + 250 * MS);
    profile_free(stage.profile);
}

static void test_who_does_not_send_gives_its_token_back(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"a\",\"rate_limiter\":{\"per_second\":1}}"),
        0);
    assert_sends(stage_start(&stage, 0));
    assert_waits(stage_start(&stage, 1), WAIT_LIMITER, S);
    assert_waits(stage_start(&stage, 2), WAIT_LIMITER, 2 * S);
    assert_done(stage_step(&stage, 2, RETRY_CANCEL), REASON_CANCELLED);
    assert_waits(stage_start(&stage, 3), WAIT_LIMITER, 2 * S);
    stage_step(&stage, 1, RETRY_CANCEL); /* those behind it have their times */
    assert_waits(stage_start(&stage, 4), WAIT_LIMITER, 3 * S);
    profile_free(stage.profile);
}

static void test_extreme_numbers(void **state)
{
    (void)state;
    struct rate_limiter slow = {.per_second = 1e-12, .burst = 1e12};
    struct retry_limiter limiter = {0};
    assert_int_equal(limiter_reserve(&slow, &limiter, 0), 0);
    assert_int_equal(limiter_reserve(&slow, &limiter, 0), 0);
    assert_true(limiter_due_ns(&slow, &limiter, 0) >= S);
    struct rate_limiter polls = {.poll_ns = NS_FOREVER - 1};
    limiter_close(&limiter, 5, NS_FOREVER);
    assert_int_equal(limiter_open_ns(&polls, &limiter, 5), NS_FOREVER);
    limiter_close(&limiter, -10, NS_FOREVER - 1);
    assert_int_equal(limiter_open_ns(&polls, &limiter, -10), NS_FOREVER - 11);
    assert_int_equal(limiter_open_ns(&polls, &limiter, 10), NS_FOREVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens_of_python_sampling),
        cmocka_unit_test(test_own_wait_is_the_window),
        cmocka_unit_test(test_own_window_is_cleared_by_others),
        cmocka_unit_test(test_own_exact_sleep_notices_nothing),
        cmocka_unit_test(test_throttled_window),
        cmocka_unit_test(test_gates_in_a_row),
        cmocka_unit_test(test_progress_timeout_while_held),
        cmocka_unit_test(test_steady_rate_holds_first_attempts_too),
        cmocka_unit_test(test_who_does_not_send_gives_its_token_back),
        cmocka_unit_test(test_extreme_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
