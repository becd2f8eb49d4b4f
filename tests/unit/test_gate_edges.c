/* Limiters and breakers at their edges: each of these stands for a fault that
 * no other test noticed (scripts/mutate). */
#include "client/breaker.h"
#include "client/limiter.h"

#include "retry_stage.h"

#define ONE_PER_SECOND(name) \
    "{\"name\":\"" name "\",\"rate_limiter\":{\"per_second\":1}}"

/* -- limiters ---------------------------------------------------------------
 */

static void test_number_of_polls(void **state)
{
    (void)state;
    struct rate_limiter policy = {.poll_ns = 100};
    struct retry_limiter limiter = {0};
    limiter_close(&limiter, 0, 101);
    assert_int_equal(limiter_open_ns(&policy, &limiter, 0), 200);
    assert_int_equal(limiter_open_ns(&policy, &limiter, 1), 101);
    assert_int_equal(limiter_open_ns(&policy, &limiter, 2), 102);
    assert_int_equal(limiter_open_ns(&policy, &limiter, 100), 200);
    assert_int_equal(limiter_open_ns(&policy, &limiter, 101), 101);
}

static void test_no_rate_takes_no_token(void **state)
{
    (void)state;
    struct rate_limiter policy = {.is_used = true};
    struct retry_limiter limiter = {0};
    assert_int_equal(limiter_reserve(&policy, &limiter, 5), 5);
    assert_false(limiter.is_paced);
}

/* A window may be looked at as often as there are nanoseconds. */
static void test_smallest_poll(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"rate_limiter\":{\"poll\":"
                            "\"1ns\",\"per_second\":1}}"),
               0);
    limiter_close(&stage.shared.layers[0].limiter, 0, S);
    assert_int_equal(stage_start(&stage, 0).wake_ns, 1);
    profile_free(stage.profile);
}

/* What was reserved and used is not given back, nor reserved a second time. */
static void test_a_token_that_was_used(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, read_profile(ONE_PER_SECOND("a")), 0);
    struct retry_limiter *limiter = &stage.shared.layers[0].limiter;
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    assert_sends(stage_timer(&stage, 1, S));
    stage_step(&stage, 1, RETRY_CANCEL);
    assert_int_equal(limiter->next_send_ns, 2 * S);
    assert_waits(stage_start(&stage, 2), WAIT_LIMITER, 2 * S);
    stage.now_ns = 1500 * MS;
    assert_sends(stage_step(&stage, 2, RETRY_SENT));
    assert_int_equal(limiter->next_send_ns, 3 * S);
    stage_step(&stage, 2, RETRY_CANCEL);
    assert_int_equal(limiter->next_send_ns, 3 * S);
    stage_start(&stage, 3);
    stage_step(&stage, 3, RETRY_CANCEL);
    assert_int_equal(limiter->next_send_ns, 3 * S);
    assert_false(stage.calls[3].has_reserved);
    profile_free(stage.profile);
}

/* An attempt that an open circuit keeps from the wire leaves its token to the
 * next one, though its call goes on. */
static void test_a_token_before_an_open_circuit(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile(
            "{\"name\":\"outer\"," RETRY_5XX(CONSTANT) "}," ONE_PER_SECOND(
                "a") ",{\"name\":\"guarded\","
                     "\"routes\":[\"POST /v1/x\"],\"breaker\":{"
                     "\"failures\":1,\"reset\":\"60s\","
                     "\"retryable\":true}}"),
        0);
    assert_sends(stage_start(&stage, 0));
    assert_waits(stage_start(&stage, 1), WAIT_LIMITER, S);
    stage_end(&stage, 0, 500);
    assert_waits(stage_timer(&stage, 1, S), WAIT_RETRY, 2 * S);
    assert_sends(stage_start_request(
        &stage, 2, &(struct retry_request){.method = "GET", .path = "/"}));
    profile_free(stage.profile);
}

/* What shares a limiter but has no rate of its own keeps to none. */
static void test_the_rate_of_others(void **state)
{
    (void)state;
    struct rate_limiter policy = {.is_used = true};
    struct retry_limiter limiter = {.is_paced = true, .next_send_ns = 9 * S};
    assert_int_equal(limiter_due_ns(&policy, &limiter, S), S);
    policy.per_second = 1;
    assert_int_equal(limiter_due_ns(&policy, &limiter, S), 9 * S);
}

/* A wait for a limiter that has gone by is over. */
static void test_gate_of_a_call_in_flight(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile(ONE_PER_SECOND("a") "," ONE_PER_SECOND(
                   "b") "," ONE_PER_SECOND("c")),
               0);
    stage_start(&stage, 0);
    assert_waits(stage_start(&stage, 1), WAIT_LIMITER, S);
    limiter_close(&stage.shared.layers[0].limiter, 0, 50 * S);
    limiter_close(&stage.shared.layers[2].limiter, 0, 9 * S);
    struct retry_call *held = &stage.calls[1];
    assert_int_equal(held->gate_layer, 0);
    assert_int_equal(retry_gate_ns(held, 2, 0), 9 * S);
    assert_int_equal(retry_gate_ns(held, 1, 0), 9 * S);
    assert_int_equal(retry_gate_ns(held, 0, 0), 9 * S);
    assert_waits(stage_timer(&stage, 1, S), WAIT_LIMITER, 9 * S);
    assert_int_equal(held->gate_layer, 2);
    assert_int_equal(retry_gate_ns(held, 0, 0), 9 * S);
    assert_sends(stage_timer(&stage, 1, 9 * S));
    assert_int_equal(retry_gate_ns(held, 0, 9 * S), 50 * S);
    profile_free(stage.profile);
}

/* With all layers there may be. */
static void test_eight_layers(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile(ONE_PER_SECOND(
            "0") ",{\"name\":\"1\"},{\"name\":"
                 "\"2\"},{\"name\":\"3\"},{\"name\":\"4\"},{"
                 "\"name\":\"5\"},{\"name\":\"6\"}," ONE_PER_SECOND("7")),
        5 * S);
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    assert_int_equal(stage.calls[1].wait_from_ns, 5 * S);
    assert_sends(stage_timer(&stage, 1, 6 * S));
    assert_int_equal(stage.calls[1].attempts, 1);
    assert_int_equal(stage.calls[1].state[0].started_ns, 5 * S);
    assert_int_equal(stage.calls[1].state[7].started_ns, 6 * S);
    assert_int_equal(retry_innermost(&stage.calls[1]), 7);
    profile_free(stage.profile);
}

/* The second request passes the limiter of the layer of both as well; the run
 * of a layer of both goes on, that of the other begins behind the limiter. */
static void test_limiter_of_both_requests(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile_with(
            ",\"follow_up\":\"POST /poll\"",
            ONE_PER_SECOND("both") ",{\"name\":\"poll\","
                                   "\"routes\":[\"POST /poll\"]},{\"name\":"
                                   "\"http\"}"),
        0);
    stage_start(&stage, 0);
    assert_waits(stage_end(&stage, 0, 200), WAIT_LIMITER, S);
    assert_sends(stage_timer(&stage, 0, S));
    assert_int_equal(stage.calls[0].state[0].started_ns, 0);
    assert_int_equal(stage.calls[0].state[1].started_ns, S);
    assert_int_equal(stage.calls[0].state[2].started_ns, 0);
    profile_free(stage.profile);
}

/* Seen while it was held: the runs inside began with it. */
static void test_runs_of_an_attempt_that_was_seen(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile(ONE_PER_SECOND("a") ",{\"name\":\"inner\"}"), 0);
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    stage.now_ns = 900 * MS;
    assert_sends(stage_step(&stage, 1, RETRY_SENT));
    assert_int_equal(stage.calls[1].state[1].started_ns, 900 * MS);
    profile_free(stage.profile);
}

/* Slots of an outer layer narrow with the next limiter inside. */
static void test_throttled_by_a_limiter_further_in(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\"},{\"name\":\"b\"}," ONE_PER_SECOND(
                   "c") "," ONE_PER_SECOND("d")),
               0);
    stage_start(&stage, 0);
    limiter_close(&stage.shared.layers[2].limiter, 0, S);
    for (int i = 0; i < 3; i++) {
        assert_true(retry_is_throttled(&stage.calls[0], i, 0));
        assert_false(retry_is_throttled(&stage.calls[0], i, S));
    }
    assert_false(retry_is_throttled(&stage.calls[0], 3, 0));
    profile_free(stage.profile);
    stage_init(&stage, read_profile("{\"name\":\"a\"},{\"name\":\"b\"}"), 0);
    stage_start(&stage, 0);
    assert_false(retry_is_throttled(&stage.calls[0], 0, 0));
    profile_free(stage.profile);
}

/* -- breakers ---------------------------------------------------------------
 */

static void test_closed_circuit_has_no_probes(void **state)
{
    (void)state;
    struct circuit_breaker policy = {
        .failures = 1, .reset_ns = S, .half_open_calls = 1};
    struct retry_breaker breaker = {0};
    assert_false(breaker_admit(&policy, &breaker, 0));
    assert_int_equal(breaker.half_open, 0);
}

/* Each half-open time has its places anew. */
static void test_second_half_open_time(void **state)
{
    (void)state;
    struct circuit_breaker policy = {
        .failures = 1, .reset_ns = S, .half_open_calls = 1};
    struct retry_breaker breaker = {.state = BREAKER_OPEN};
    struct attempt_outcome failed = {.end = END_RESET};
    for (int64_t at_ns = S; at_ns < 5 * S; at_ns += S) {
        assert_false(breaker_is_open(&policy, &breaker, at_ns));
        assert_true(breaker_admit(&policy, &breaker, at_ns));
        assert_int_equal(breaker.half_open, 1);
        breaker_record(
            &policy, &breaker, &(struct breaker_attempt){at_ns, true},
            &(struct retry_event){.now_ns = at_ns, .outcome = &failed});
        assert_int_equal(breaker.opened_ns, at_ns);
    }
}

/* A probe is one of its own layer, whichever that is. */
static void test_probes_of_each_layer(void **state)
{
    (void)state;
    for (int guarded = 0; guarded < 3; guarded++) {
        char layers[600] = "";
        for (int i = 0; i < 3; i++) {
            size_t length = strlen(layers);
            snprintf(layers + length, sizeof layers - length,
                     "%s{\"name\":\"%d\"%s}", i ? "," : "", i,
                     i == guarded
                         ? ",\"breaker\":{\"failures\":1,\"reset\":\"1s\"}"
                         : "");
        }
        struct stage stage;
        stage_init(&stage, read_profile(layers), S);
        struct retry_breaker *breaker = &stage.shared.layers[guarded].breaker;
        breaker->state = BREAKER_OPEN;
        assert_sends(stage_start(&stage, 0));
        assert_int_equal(stage.calls[0].probes, 1 << guarded);
        stage_step(&stage, 0, RETRY_CANCEL);
        assert_int_equal(breaker->half_open, 0);
        assert_sends(stage_start(&stage, 1));
        assert_true(stage_end(&stage, 1, 200).is_ok);
        assert_int_equal(breaker->state, BREAKER_CLOSED);
        assert_int_equal(stage.calls[1].probes, 0);
        profile_free(stage.profile);
    }
}

/* A breaker that is asked once a call learns nothing from a retry: that was no
 * probe, though it was sent beside one. */
static void test_a_retry_is_no_probe(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"a\",\"breaker\":{\"failures\":1,\"reset\":"
                     "\"1s\",\"checked\":\"call\"}," RETRY_5XX(CONSTANT) "}"),
        0);
    stage_start(&stage, 0);
    assert_waits(stage_end(&stage, 0, 500), WAIT_RETRY, S);
    stage.now_ns = S;
    assert_sends(stage_start(&stage, 1)); /* the one probe */
    assert_sends(stage_timer(&stage, 0, S));
    assert_true(stage_end(&stage, 0, 200).is_ok);
    assert_done(stage_start(&stage, 2), REASON_BREAKER);
    profile_free(stage.profile);
}

/* Nor does one after a probe that failed. */
static void test_a_retry_of_a_probe_is_no_probe(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"a\",\"breaker\":{\"failures\":1,\"reset\":"
                     "\"1s\",\"checked\":\"call\"}," RETRY_5XX(CONSTANT) "}"),
        S);
    stage.shared.layers[0].breaker.state = BREAKER_OPEN;
    assert_sends(stage_start(&stage, 0)); /* the probe */
    assert_waits(stage_end(&stage, 0, 500), WAIT_RETRY, 2 * S);
    stage.now_ns = 2 * S;
    assert_sends(stage_start(&stage, 1)); /* the next one */
    assert_sends(stage_timer(&stage, 0, 2 * S));
    assert_true(stage_end(&stage, 0, 200).is_ok);
    assert_int_equal(stage.shared.layers[0].breaker.state, BREAKER_HALF_OPEN);
    assert_done(stage_start(&stage, 2), REASON_BREAKER);
    profile_free(stage.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_of_polls),
        cmocka_unit_test(test_smallest_poll),
        cmocka_unit_test(test_a_retry_is_no_probe),
        cmocka_unit_test(test_a_retry_of_a_probe_is_no_probe),
        cmocka_unit_test(test_no_rate_takes_no_token),
        cmocka_unit_test(test_a_token_that_was_used),
        cmocka_unit_test(test_a_token_before_an_open_circuit),
        cmocka_unit_test(test_the_rate_of_others),
        cmocka_unit_test(test_gate_of_a_call_in_flight),
        cmocka_unit_test(test_eight_layers),
        cmocka_unit_test(test_limiter_of_both_requests),
        cmocka_unit_test(test_runs_of_an_attempt_that_was_seen),
        cmocka_unit_test(test_throttled_by_a_limiter_further_in),
        cmocka_unit_test(test_closed_circuit_has_no_probes),
        cmocka_unit_test(test_second_half_open_time),
        cmocka_unit_test(test_probes_of_each_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
