/* The retry engine: calls of two requests. */
#include "retry_stage.h"

#define FOLLOW_UP ",\"follow_up\":\"POST /poll\""

/* tinker: sample, then retrieve_future until the result is there. */
#define TINKER                                                               \
    "{\"name\":\"handler\",\"budget\":{\"attempts\":4},\"rules\":[{\"on\":{" \
    "\"status\":[\"410\",\"500\"]},\"do\":\"retry\",\"backoff\":" DOUBLING   \
    "}]},{\"name\":\"submit\",\"routes\":[\"POST /v1/x\"],\"rules\":[{"      \
    "\"on\":{\"status\":[\"503\"]},\"do\":\"retry\",\"backoff\":" DOUBLING   \
    "}]},{\"name\":\"poll\",\"routes\":[\"POST /poll\"],\"rules\":[{"        \
    "\"on\":{\"status\":[\"408\"]},\"do\":\"poll\"},{\"on\":{\"status\":["   \
    "\"503\"]},\"do\":\"retry\",\"backoff\":" DOUBLING "}]}"

static void test_second_request(void **state)
{
    (void)state;
    struct client client;
    client_init(&client, read_profile_with(FOLLOW_UP, TINKER));
    struct retry_action action =
        PLAY(&client, {.status = 503}, {.status = 200}, {.status = 408},
             {.status = 503}, {.status = 503}, {.status = 200});
    assert_true(action.is_ok);
    assert_int_equal(action.step, 1);
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 503\n"
                         "[   0.000] wait 1.000 by submit\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 200\n"
                         "[   1.000] send 3, follow-up\n"
                         "[   1.000] 408\n"
                         "[   1.000] wait 0.000 by poll\n"
                         "[   1.000] send 4, follow-up\n"
                         "[   1.000] 503\n"
                         "[   1.000] wait 1.000 by poll\n"
                         "[   2.000] send 5, follow-up\n"
                         "[   2.000] 503\n"
                         "[   2.000] wait 2.000 by poll\n"
                         "[   4.000] send 6, follow-up\n"
                         "[   4.000] 200\n"
                         "[   4.000] done, ok: success\n");
}

/* The layer of both goes on with its counters, and its retry begins the call
 * again; the layers of one request begin anew. */
static void test_back_to_the_first_request(void **state)
{
    (void)state;
    struct client client;
    client_init(&client, read_profile_with(FOLLOW_UP, TINKER));
    PLAY(&client, {.status = 500}, {.status = 503}, {.status = 200},
         {.status = 503}, {.status = 410}, {.status = 503}, {.status = 200},
         {.status = 503}, {.status = 410}, {.status = 200}, {.status = 410});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by handler\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 503\n"
                         "[   1.000] wait 1.000 by submit\n"
                         "[   2.000] send 3\n"
                         "[   2.000] 200\n"
                         "[   2.000] send 4, follow-up\n"
                         "[   2.000] 503\n"
                         "[   2.000] wait 1.000 by poll\n"
                         "[   3.000] send 5, follow-up\n"
                         "[   3.000] 410\n"
                         "[   3.000] wait 2.000 by handler\n"
                         "[   5.000] send 6\n"
                         "[   5.000] 503\n"
                         "[   5.000] wait 1.000 by submit\n"
                         "[   6.000] send 7\n"
                         "[   6.000] 200\n"
                         "[   6.000] send 8, follow-up\n"
                         "[   6.000] 503\n"
                         "[   6.000] wait 1.000 by poll\n"
                         "[   7.000] send 9, follow-up\n"
                         "[   7.000] 410\n"
                         "[   7.000] wait 4.000 by handler\n"
                         "[  11.000] send 10\n"
                         "[  11.000] 200\n"
                         "[  11.000] send 11, follow-up\n"
                         "[  11.000] 410\n"
                         "[  11.000] done, failed: attempts\n");
}

/* The wait already belongs to the request that follows it. */
static void test_steps_of_actions(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, read_profile_with(FOLLOW_UP, TINKER), 0);
    assert_int_equal(stage_start(&stage, 0).step, 0);
    assert_int_equal(stage_end(&stage, 0, 200).step, 1);
    assert_int_equal(retry_innermost(&stage.calls[0]), 2);
    assert_int_equal(stage_end(&stage, 0, 408).step, 1);
    assert_int_equal(stage_timer(&stage, 0, 0).step, 1);
    assert_int_equal(stage_end(&stage, 0, 410).step, 0);
    assert_int_equal(retry_innermost(&stage.calls[0]), 1);
    assert_int_equal(stage_timer(&stage, 0, S).step, 0);
    profile_free(stage.profile);
}

/* The layer of both may stand inside one that covers the first request only:
 * that begins anew, with all its attempts. */
static void test_back_by_an_inner_layer(void **state)
{
    (void)state;
    struct client client;
    client_init(
        &client,
        read_profile_with(
            FOLLOW_UP,
            "{\"name\":\"submit\",\"routes\":[\"POST /v1/x\"],\"budget\":{"
            "\"attempts\":2},\"rules\":[{\"on\":{\"status\":[\"503\"]},"
            "\"do\":\"retry\",\"backoff\":" CONSTANT
            "}]},{\"name\":\"both\",\"rules\":[{\"on\":{\"status\":[\"410\"]},"
            "\"do\":\"retry\",\"backoff\":" CONSTANT "}]}"));
    PLAY(&client, {.status = 503}, {.status = 200}, {.status = 410},
         {.status = 503}, {.status = 503});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 503\n"
                         "[   0.000] wait 1.000 by submit\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 200\n"
                         "[   1.000] send 3, follow-up\n"
                         "[   1.000] 410\n"
                         "[   1.000] wait 1.000 by both\n"
                         "[   2.000] send 4\n"
                         "[   2.000] 503\n"
                         "[   2.000] wait 1.000 by submit\n"
                         "[   3.000] send 5\n"
                         "[   3.000] 503\n"
                         "[   3.000] done, failed: attempts\n");
}

/* A rule of the second request may say so too. */
static void test_start_over_from_the_second_request(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                read_profile_with(
                    FOLLOW_UP,
                    "{\"name\":\"handler\"},{\"name\":\"poll\",\"routes\":["
                    "\"POST /poll\"],\"rules\":[{\"on\":{\"status\":[\"410\"]},"
                    "\"do\":\"start-over\",\"backoff\":" CONSTANT "}]}"));
    PLAY(&client, {.status = 200}, {.status = 410}, {.status = 200},
         {.status = 200});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 200\n"
                         "[   0.000] send 2, follow-up\n"
                         "[   0.000] 410\n"
                         "[   0.000] wait 1.000 by handler\n"
                         "[   1.000] send 3\n"
                         "[   1.000] 200\n"
                         "[   1.000] send 4, follow-up\n"
                         "[   1.000] 200\n"
                         "[   1.000] done, ok: success\n");
}

/* Rules of methods look at the request in hand; the second has no body of the
 * caller's. */
static void test_rules_look_at_the_second_request(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile_with(
                   ",\"follow_up\":\"GET /poll\"",
                   "{\"name\":\"a\",\"rules\":[{\"on\":{\"status\":[\"500\"],"
                   "\"methods\":[\"POST\"]},\"do\":\"fail\"},{\"on\":{"
                   "\"status\":[\"500\"],\"request_bytes\":{\"at_least\":1}},"
                   "\"do\":\"fail\"},{\"on\":{\"status\":[\"500\"],"
                   "\"methods\":[\"GET\"]},\"do\":\"poll\"}]}"),
               0);
    struct retry_request request = {
        .method = "POST", .path = "/v1/x", .body_bytes = 5};
    stage_start_request(&stage, 0, &request);
    assert_sends(stage_end(&stage, 0, 200));
    assert_waits(stage_end(&stage, 0, 500), WAIT_POLL, 0);
    stage_start_request(&stage, 1, &request);
    assert_done(stage_end(&stage, 1, 500), REASON_FINAL);
    profile_free(stage.profile);
}

/* S1-48: for the layer of both only the whole is progress, and only the whole
 * brings tokens and clears limiters. */
static void test_what_a_first_success_is(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile_with(
            FOLLOW_UP,
            "{\"name\":\"handler\",\"progress\":{\"timeout\":\"60s\","
            "\"aborts_attempt\":true},\"budget\":{\"tokens\":{\"capacity\":9,"
            "\"cost\":1,\"refund\":1}}},{\"name\":\"submit\",\"routes\":["
            "\"POST /v1/x\"],\"progress\":{\"timeout\":\"60s\"},\"budget\":{"
            "\"tokens\":{\"capacity\":9,\"cost\":1,\"refund\":1,"
            "\"per_call\":0.5}}},{\"name\":\"poll\",\"routes\":[\"POST /poll\"]"
            ",\"progress\":{\"timeout\":\"60s\"},\"budget\":{\"tokens\":{"
            "\"capacity\":9,\"cost\":1,\"refund\":1,\"per_call\":0.25}}}"),
        0);
    struct retry_layer_shared *layers = stage.shared.layers;
    for (int i = 0; i < 3; i++) {
        layers[i].tokens = 1;
    }
    stage_start(&stage, 0);
    stage.now_ns = S;
    stage_end(&stage, 0, 200);
    assert_int_equal(layers[0].progress_ns, 0);
    assert_int_equal(layers[1].progress_ns, S);
    assert_int_equal(layers[2].progress_ns, 0);
    stage.now_ns = 2 * S;
    assert_true(stage_end(&stage, 0, 200).is_ok);
    assert_int_equal(layers[0].progress_ns, 2 * S);
    assert_int_equal(layers[1].progress_ns, S);
    assert_int_equal(layers[2].progress_ns, 2 * S);
    assert_true(layers[0].tokens == 2);
    assert_true(layers[1].tokens == 2.5);
    assert_true(layers[2].tokens == 2.25);
    profile_free(stage.profile);
}

/* The second request passes limiters and breakers of its own. */
static void test_gates_of_the_second_request(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile_with(
            FOLLOW_UP,
            "{\"name\":\"both\"," RETRY_5XX(
                CONSTANT) "},{\"name\":\"poll\",\"routes\":[\"POST /poll\"],"
                          "\"rate_limiter\":{\"per_second\":1},\"breaker\":{"
                          "\"failures\":2,\"reset\":\"60s\",\"checked\":"
                          "\"call\"}}"),
        0);
    assert_sends(stage_start(&stage, 0));
    assert_sends(stage_end(&stage, 0, 200));
    assert_sends(stage_start(&stage, 1));
    assert_waits(stage_end(&stage, 1, 200), WAIT_LIMITER, S);
    assert_waits(stage_end(&stage, 0, 500), WAIT_RETRY, S);
    assert_sends(stage_timer(&stage, 1, S));
    stage_end(&stage, 1, 500);
    assert_int_equal(stage.shared.layers[1].breaker.state, BREAKER_OPEN);
    assert_sends(stage_timer(&stage, 0, S));
    assert_done(stage_end(&stage, 0, 200), REASON_BREAKER);
    profile_free(stage.profile);
}

/* Progress that is tested between attempts is tested before the second request;
 * a layer that begins with it tests only what is tested at first. */
static void test_progress_before_the_second_request(void **state)
{
    (void)state;
    static const struct {
        const char *handler, *poll;
        enum retry_action_kind kind;
    } cases[] = {
        {"", "", RETRY_SEND},
        {",\"progress\":{\"timeout\":\"5s\"}", "", RETRY_DONE},
        {"", ",\"progress\":{\"timeout\":\"5s\"}", RETRY_SEND},
        {"", ",\"progress\":{\"timeout\":\"5s\",\"tested_at_first\":true}",
         RETRY_DONE},
        {"",
         ",\"progress\":{\"timeout\":\"5s\",\"tested_at_first\":true,"
         "\"clock\":\"call\"}",
         RETRY_SEND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char layers[1024];
        snprintf(layers, sizeof layers,
                 "{\"name\":\"handler\"%s},{\"name\":\"poll\",\"routes\":["
                 "\"POST /poll\"]%s}",
                 cases[i].handler, cases[i].poll);
        struct stage stage;
        stage_init(&stage, read_profile_with(FOLLOW_UP, layers), 0);
        stage_start(&stage, 0);
        stage.now_ns = 6 * S;
        struct retry_action action = stage_end(&stage, 0, 200);
        assert_int_equal(action.kind, cases[i].kind);
        if (action.kind == RETRY_DONE) {
            assert_int_equal(action.reason, REASON_PROGRESS);
        }
        profile_free(stage.profile);
    }
}

/* A call counts from its beginning in a layer that covers its second request
 * only. */
static void test_ratio_of_follow_ups(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile_with(",\"follow_up\":\"POST /poll\"",
                                 "{\"name\":\"poll\",\"routes\":[\"POST "
                                 "/poll\"],\"budget\":{\"ratio\":"
                                 "{\"share\":0.5,\"window\":\"10s\"}},"
                                 "\"rules\":[{\"on\":{\"status\":["
                                 "\"500\"]},\"do\":\"retry\",\"backoff\":{"
                                 "\"schedule\":\"none\"}}]}"),
               0);
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    assert_sends(stage_end(&stage, 1, 200)); /* its second request */
    assert_waits(stage_end(&stage, 1, 500), WAIT_RETRY, stage.now_ns);
    assert_sends(stage_timer(&stage, 1, stage.now_ns));
    assert_done(stage_end(&stage, 1, 500), REASON_ALLOWANCE);
    profile_free(stage.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_request),
        cmocka_unit_test(test_back_to_the_first_request),
        cmocka_unit_test(test_back_by_an_inner_layer),
        cmocka_unit_test(test_steps_of_actions),
        cmocka_unit_test(test_start_over_from_the_second_request),
        cmocka_unit_test(test_rules_look_at_the_second_request),
        cmocka_unit_test(test_what_a_first_success_is),
        cmocka_unit_test(test_gates_of_the_second_request),
        cmocka_unit_test(test_progress_before_the_second_request),
        cmocka_unit_test(test_ratio_of_follow_ups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
