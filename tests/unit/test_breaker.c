/* Circuit breakers, alone and before the attempts of a call. */
#include "client/breaker.h"

#include "retry_stage.h"

/* -- alone ------------------------------------------------------------------
 */

static const struct circuit_breaker tinkex = {
    .is_used = true, .failures = 5, .reset_ns = 30 * S, .half_open_calls = 1};

/* An attempt is let through and ends at once. */
static void attempt(const struct circuit_breaker *policy,
                    struct retry_breaker *breaker, int status, int64_t now_ns)
{
    assert_false(breaker_is_open(policy, breaker, now_ns));
    struct attempt_outcome outcome = {.end = END_STATUS, .status = status};
    struct breaker_attempt sent = {
        .sent_ns = now_ns,
        .is_probe = breaker_admit(policy, breaker, now_ns),
    };
    breaker_record(
        policy, breaker, &sent,
        &(struct retry_event){.now_ns = now_ns, .outcome = &outcome});
}

static void fail_times(struct retry_breaker *breaker, int times, int64_t now_ns)
{
    for (int i = 0; i < times; i++) {
        attempt(&tinkex, breaker, 500, now_ns);
    }
}

/* P42, S0-127 */
static void test_goldens(void **state)
{
    (void)state;
    for (int is_well = 0; is_well < 2; is_well++) {
        struct retry_breaker breaker = {0};
        fail_times(&breaker, 4, 0);
        assert_int_equal(breaker.state, BREAKER_CLOSED);
        fail_times(&breaker, 1, 0);
        assert_int_equal(breaker.state, BREAKER_OPEN);
        assert_true(breaker_is_open(&tinkex, &breaker, 0));
        assert_true(breaker_is_open(&tinkex, &breaker, 29999 * MS));
        assert_false(breaker_is_open(&tinkex, &breaker, 30 * S));
        assert_true(breaker_admit(&tinkex, &breaker, 30 * S));
        assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
        assert_true(breaker_is_open(&tinkex, &breaker, 30 * S));
        struct attempt_outcome outcome = {.end = END_STATUS,
                                          .status = is_well ? 200 : 500};
        breaker_record(
            &tinkex, &breaker, &(struct breaker_attempt){30 * S, true},
            &(struct retry_event){.now_ns = 31 * S, .outcome = &outcome});
        assert_int_equal(breaker.state,
                         is_well ? BREAKER_CLOSED : BREAKER_OPEN);
        if (is_well) {
            fail_times(&breaker, 4, 32 * S);
            assert_int_equal(breaker.state, BREAKER_CLOSED);
        } else {
            assert_true(breaker_is_open(&tinkex, &breaker, 61 * S - 1));
            assert_false(breaker_is_open(&tinkex, &breaker, 61 * S));
        }
    }
}

static void test_only_failures_in_a_row_open_it(void **state)
{
    (void)state;
    struct retry_breaker breaker = {0};
    for (int i = 0; i < 10; i++) {
        fail_times(&breaker, 4, 0);
        attempt(&tinkex, &breaker, i % 2 ? 200 : 302, 0);
    }
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    attempt(&tinkex, &breaker, 400, 0); /* no success is a failure */
    fail_times(&breaker, 4, 0);
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void test_some_probes_at_a_time(void **state)
{
    (void)state;
    struct circuit_breaker two = tinkex;
    two.half_open_calls = 2;
    struct retry_breaker breaker = {.state = BREAKER_OPEN, .opened_ns = -S};
    assert_true(breaker_admit(&two, &breaker, 29 * S));
    assert_false(breaker_is_open(&two, &breaker, 29 * S));
    assert_true(breaker_admit(&two, &breaker, 29 * S));
    assert_true(breaker_is_open(&two, &breaker, 29 * S));
    struct breaker_attempt probe = {29 * S, true};
    breaker_give_back(&two, &breaker, &probe);
    assert_false(breaker_is_open(&two, &breaker, 29 * S));
    breaker_give_back(&two, &breaker, &(struct breaker_attempt){29 * S, false});
    assert_int_equal(breaker.half_open, 1);
}

/* Who was sent before the circuit opened says nothing: neither when it is open
 * nor when it is half open; nor does a probe of an earlier half-open time. */
static void test_attempts_of_before(void **state)
{
    (void)state;
    struct attempt_outcome ok = {.end = END_STATUS, .status = 200};
    struct attempt_outcome bad = {.end = END_RESET};
    struct retry_breaker breaker = {.state = BREAKER_OPEN, .opened_ns = 10 * S};
    struct breaker_attempt before = {9 * S, false};
    breaker_record(&tinkex, &breaker, &before,
                   &(struct retry_event){.now_ns = 11 * S, .outcome = &ok});
    assert_int_equal(breaker.state, BREAKER_OPEN);
    breaker_record(&tinkex, &breaker, &before,
                   &(struct retry_event){.now_ns = 12 * S, .outcome = &bad});
    assert_int_equal(breaker.opened_ns, 10 * S);
    assert_true(breaker_admit(&tinkex, &breaker, 40 * S));
    breaker_record(&tinkex, &breaker, &before,
                   &(struct retry_event){.now_ns = 41 * S, .outcome = &bad});
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    struct breaker_attempt old_probe = {5 * S, true};
    breaker_record(&tinkex, &breaker, &old_probe,
                   &(struct retry_event){.now_ns = 41 * S, .outcome = &ok});
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    breaker_give_back(&tinkex, &breaker, &old_probe);
    assert_int_equal(breaker.half_open, 1);
}

/* The judge saw an attempt that an open circuit should have stopped. */
static void test_admitted_while_open(void **state)
{
    (void)state;
    struct retry_breaker breaker = {.state = BREAKER_OPEN, .opened_ns = 0};
    assert_false(breaker_admit(&tinkex, &breaker, S));
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_int_equal(breaker.half_open, 0);
}

/* -- before the attempts of a call ------------------------------------------
 */

/* Two failures open it for 10 s. `keys`: further ones of the breaker. */
static struct profile *guarded(const char *outer, const char *keys)
{
    char layers[1024];
    snprintf(layers, sizeof layers,
             "%s{\"name\":\"sdk\",\"budget\":{\"attempts\":4},\"breaker\":{"
             "\"failures\":2,\"reset\":\"10s\"%s}," RETRY_5XX(CONSTANT) "}",
             outer, keys);
    return read_profile(layers);
}

/* S2-70, S2-71: checked and counted by attempt, so that one call may open it
 * and be stopped by it; open, nothing is sent. */
static void test_open_circuit_sends_nothing(void **state)
{
    (void)state;
    struct client client;
    struct profile *profile = guarded("", "");
    client_init(&client, profile);
    PLAY(&client, {.status = 500});
    for (int i = 0; i < 3; i++) {
        retry_call_init(
            &client.call, &client.shared,
            &(struct retry_request){.method = "POST", .path = "/v1/x"});
        client.now_ns += 4 * S;
        PLAY(&client, {.status = 200});
    }
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by sdk\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 500\n"
                         "[   1.000] wait 1.000 by sdk\n"
                         "[   2.000] done, failed: circuit-open\n"
                         "[   6.000] done, failed: circuit-open\n"
                         "[  10.000] done, failed: circuit-open\n"
                         "[  14.000] send 1\n"
                         "[  14.000] 200\n"
                         "[  14.000] done, ok: success\n");
}

/* S2-71: asked once for the call, it goes on though its attempts open it. */
static void test_checked_once_for_a_call(void **state)
{
    (void)state;
    struct client client;
    client_init(&client, guarded("", ",\"checked\":\"call\""));
    PLAY(&client, {.status = 500});
    retry_call_init(&client.call, &client.shared,
                    &(struct retry_request){.method = "POST", .path = "/v1/x"});
    PLAY(&client, {.status = 200});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by sdk\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 500\n"
                         "[   1.000] wait 1.000 by sdk\n"
                         "[   2.000] send 3\n"
                         "[   2.000] 500\n"
                         "[   2.000] wait 1.000 by sdk\n"
                         "[   3.000] send 4\n"
                         "[   3.000] 500\n"
                         "[   3.000] done, failed: attempts\n"
                         "[   3.000] done, failed: circuit-open\n");
}

/* S2-70: its error looks like a connect that failed, and an outer retry loops
 * on it without a request. */
static void test_outer_layer_retries_an_open_circuit(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                guarded("{\"name\":\"outer\",\"rules\":[{\"on\":{"
                        "\"transport\":[\"unreachable\"]},\"do\":\"retry\","
                        "\"backoff\":{\"schedule\":\"constant\",\"base\":"
                        "\"4s\"}}]},",
                        ",\"retryable\":true"));
    PLAY(&client, {.status = 500}, {.status = 500}, {.status = 200});
    assert_int_equal(client.call.state[0].connect_failures, 3);
    assert_int_equal(client.call.attempts, 3);
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by sdk\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 500\n"
                         "[   1.000] wait 1.000 by sdk\n"
                         "[   2.000] wait 4.000 by outer\n"
                         "[   6.000] wait 4.000 by outer\n"
                         "[  10.000] wait 4.000 by outer\n"
                         "[  14.000] send 3\n"
                         "[  14.000] 200\n"
                         "[  14.000] done, ok: success\n");
}

static void test_nobody_retries_an_open_circuit(void **state)
{
    (void)state;
    static const char *const outers[] = {
        "{\"name\":\"outer\",\"rules\":[{\"on\":{\"status\":[\"500\"]},"
        "\"do\":\"fail\"}]},",
        "{\"name\":\"outer\",\"budget\":{\"attempts\":1},"
        "\"rules\":[{\"on\":{\"transport\":[\"any\"]},"
        "\"do\":\"retry\",\"backoff\":" CONSTANT "}]},",
    };
    const enum retry_reason reasons[] = {REASON_BREAKER, REASON_ATTEMPTS};
    for (size_t i = 0; i < 2; i++) {
        struct stage stage;
        stage_init(&stage, guarded(outers[i], ",\"retryable\":true"), 0);
        stage.shared.layers[1].breaker =
            (struct retry_breaker){.state = BREAKER_OPEN, .opened_ns = -S};
        struct retry_action action = stage_start(&stage, 0);
        assert_done(action, reasons[i]);
        assert_false(action.is_ok);
        assert_int_equal(stage.calls[0].attempts, 0);
        assert_int_equal(stage.shared.active_calls, 0);
        profile_free(stage.profile);
    }
}

/* Calls in flight while it opens, and while it is half open. */
static void test_other_calls_in_flight(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, guarded("", ""), 0);
    const struct retry_breaker *breaker = &stage.shared.layers[0].breaker;
    for (int i = 0; i < 6; i++) {
        assert_sends(stage_start(&stage, i));
    }
    stage.now_ns = S;
    stage_end(&stage, 0, 500);
    stage_end(&stage, 1, 500);
    assert_int_equal(breaker->state, BREAKER_OPEN);
    assert_true(stage_end(&stage, 2, 200).is_ok);
    assert_int_equal(breaker->state, BREAKER_OPEN);
    stage.now_ns = 11 * S;
    assert_sends(stage_start(&stage, 6));
    assert_done(stage_start(&stage, 7), REASON_BREAKER);
    stage_end(&stage, 3, 500);
    assert_int_equal(breaker->state, BREAKER_HALF_OPEN);
    assert_true(stage_end(&stage, 4, 200).is_ok);
    assert_int_equal(breaker->state, BREAKER_HALF_OPEN);
    assert_true(stage_end(&stage, 6, 200).is_ok);
    assert_int_equal(breaker->state, BREAKER_CLOSED);
    assert_sends(stage_start(&stage, 7));
    profile_free(stage.profile);
}

/* Ways in which a probe ends without an outcome. */
static struct retry_action abandon(struct stage *stage, int how)
{
    switch (how) {
    case 0:
        return stage_step(stage, 0, RETRY_CANCEL);
    case 1:
        return stage_outcome(stage, 0,
                             &(struct attempt_outcome){.end = END_CANCELLED});
    case 2:
        return stage_outcome(stage, 0,
                             &(struct attempt_outcome){.end = END_UNFINISHED});
    default:
        return stage_timer(stage, 0, 60 * S);
    }
}

static void test_a_cancelled_probe_gives_its_place_back(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct stage stage;
        stage_init(&stage,
                   guarded("{\"name\":\"handler\",\"progress\":{\"timeout\":"
                           "\"40s\",\"aborts_attempt\":true}},",
                           ""),
                   11 * S);
        stage.shared.layers[1].breaker =
            (struct retry_breaker){.state = BREAKER_OPEN};
        assert_sends(stage_start(&stage, 0));
        assert_done(stage_start(&stage, 1), REASON_BREAKER);
        abandon(&stage, how);
        assert_int_equal(stage.calls[0].phase, RETRY_PHASE_DONE);
        assert_int_equal(stage.shared.layers[1].breaker.half_open, 0);
        stage.shared.layers[0].progress_ns = stage.now_ns;
        assert_sends(stage_start(&stage, 1));
        profile_free(stage.profile);
    }
}

/* Who is held by a limiter is asked again when it is let go. */
static void test_opened_while_held(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"sdk\",\"rate_limiter\":{"
                            "\"per_second\":1},\"breaker\":{\"failures\":1,"
                            "\"reset\":\"10s\"}}"),
               0);
    assert_sends(stage_start(&stage, 0));
    assert_waits(stage_start(&stage, 1), WAIT_LIMITER, S);
    stage_end(&stage, 0, 500);
    assert_done(stage_timer(&stage, 1, S), REASON_BREAKER);
    assert_int_equal(stage.shared.layers[0].limiter.next_send_ns, S);
    profile_free(stage.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_only_failures_in_a_row_open_it),
        cmocka_unit_test(test_some_probes_at_a_time),
        cmocka_unit_test(test_attempts_of_before),
        cmocka_unit_test(test_admitted_while_open),
        cmocka_unit_test(test_open_circuit_sends_nothing),
        cmocka_unit_test(test_checked_once_for_a_call),
        cmocka_unit_test(test_outer_layer_retries_an_open_circuit),
        cmocka_unit_test(test_nobody_retries_an_open_circuit),
        cmocka_unit_test(test_other_calls_in_flight),
        cmocka_unit_test(test_a_cancelled_probe_gives_its_place_back),
        cmocka_unit_test(test_opened_while_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
