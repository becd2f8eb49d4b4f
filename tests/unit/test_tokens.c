/* Buckets of retry tokens, shared by the calls of a handler. */
#include <math.h>

#include "retry_stage.h"

static struct profile *with_tokens(const char *tokens)
{
    char layer[1024];
    snprintf(layer, sizeof layer,
             "{\"name\":\"sdk\",\"budget\":{\"attempts\":3,\"tokens\":{%s}}"
             "," RETRY_5XX(CONSTANT) "}",
             tokens);
    return read_profile(layer);
}

#define BOTOCORE "\"capacity\":500,\"cost\":5,\"timeout_cost\":10,\"refund\":1"

static void check_tokens(const struct stage *stage, double expected)
{
    double tokens = stage->shared.layers[0].tokens;
    if (fabs(tokens - expected) > 1e-9) {
        fail_msg("%.9f tokens, expected %.9f", tokens, expected);
    }
}

/* A call that fails to the end; true if it was out of tokens. */
static bool exhaust(struct stage *stage)
{
    struct retry_action action = stage_start(stage, 0);
    while (action.kind == RETRY_SEND) {
        action = stage_end(stage, 0, 500);
        if (action.kind == RETRY_WAIT) {
            action = stage_timer(stage, 0, action.until_ns);
        }
    }
    assert_true(action.reason == REASON_TOKENS ||
                action.reason == REASON_ATTEMPTS);
    return action.reason == REASON_TOKENS;
}

/* S0-126: botocore's standard mode. Two retries a call, 5 tokens each: 50
 * calls, then no call is retried until successes have brought tokens. */
static void test_retries_cost(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, with_tokens(BOTOCORE), 0);
    check_tokens(&stage, 500);
    for (int i = 0; i < 50; i++) {
        assert_false(exhaust(&stage));
        check_tokens(&stage, 490 - i * 10);
    }
    assert_true(exhaust(&stage));
    for (int i = 0; i < 4; i++) {
        stage_start(&stage, 0);
        stage_end(&stage, 0, 200);
    }
    assert_true(exhaust(&stage)); /* 4 tokens are too few */
    stage_start(&stage, 0);
    stage_end(&stage, 0, 200);
    assert_true(exhaust(&stage)); /* 5 are enough for the first retry */
    check_tokens(&stage, 0);
    profile_free(stage.profile);
}

static void test_timeouts_cost_more_and_the_capacity_holds(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, with_tokens(BOTOCORE), 0);
    stage_start(&stage, 0);
    struct attempt_outcome timeout = {.end = END_TIMEOUT};
    assert_waits(stage_outcome(&stage, 0, &timeout), WAIT_RETRY, S);
    check_tokens(&stage, 490);
    assert_sends(stage_timer(&stage, 0, S));
    stage_end(&stage, 0, 200);
    check_tokens(&stage, 491);
    for (int i = 0; i < 20; i++) {
        stage_start(&stage, 0);
        stage_end(&stage, 0, 200);
    }
    check_tokens(&stage, 500);
    stage.shared.layers[0].tokens = 9;
    stage_start(&stage, 0);
    assert_done(stage_outcome(&stage, 0, &timeout), REASON_TOKENS);
    check_tokens(&stage, 9);
    profile_free(stage.profile);
}

/* S0-126: gRPC A6 with maxTokens 10 and tokenRatio 0.1. Each failure costs,
 * retried or not; at half the capacity there are no more retries. */
static void test_failures_cost(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               with_tokens("\"capacity\":10,\"cost\":1,\"refund\":0.1,"
                           "\"threshold\":5,\"failures_cost\":true"),
               0);
    stage_start(&stage, 0);
    const double after[] = {9, 8, 7};
    for (int i = 0; i < 3; i++) {
        struct retry_action action = stage_end(&stage, 0, 500);
        check_tokens(&stage, after[i]);
        if (action.kind == RETRY_WAIT) {
            stage_timer(&stage, 0, action.until_ns);
        }
    }
    stage_start(&stage, 0);
    stage_end(&stage, 0, 400); /* nobody retries this one */
    check_tokens(&stage, 6);
    stage_start(&stage, 0);
    stage_end(&stage, 0, 200);
    check_tokens(&stage, 6.1);
    stage_start(&stage, 0);
    assert_waits(stage_end(&stage, 0, 500), WAIT_RETRY, stage.now_ns + S);
    check_tokens(&stage, 5.1);
    stage_timer(&stage, 0, stage.now_ns + S);
    assert_done(stage_end(&stage, 0, 500), REASON_TOKENS);
    check_tokens(&stage, 4.1);
    for (int i = 0; i < 6; i++) {
        stage_start(&stage, 0);
        stage_end(&stage, 0, 500);
    }
    check_tokens(&stage, 0);
    profile_free(stage.profile);
}

/* A budget in proportion to calls: each brings a tenth of a retry. */
static void test_calls_bring_tokens(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               with_tokens("\"capacity\":2,\"cost\":1,\"per_call\":0.25"), 0);
    assert_false(exhaust(&stage)); /* full already: nothing is added */
    check_tokens(&stage, 0);
    for (int i = 0; i < 3; i++) {
        assert_true(exhaust(&stage));
        check_tokens(&stage, .25 * (i + 1));
    }
    stage_start(&stage, 0);
    assert_waits(stage_end(&stage, 0, 500), WAIT_RETRY, stage.now_ns + S);
    check_tokens(&stage, 0);
    profile_free(stage.profile);
}

/* Shared by the calls of a handler; polls are free; what one layer can't pay
 * the next one out may. */
static void test_who_pays(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"outer\"," RETRY_5XX(
            "{\"schedule\":\"constant\",\"base\":\"9s\"}") "},{\"name\":"
                                                           "\"inner\","
                                                           "\"budget\":{"
                                                           "\"tokens\":{"
                                                           "\"capacity\":2,"
                                                           "\"cost\":1}},"
                                                           "\"rules\":[{\"on\":"
                                                           "{\"status\":["
                                                           "\"408\"]},\"do\":"
                                                           "\"poll\"},{"
                                                           "\"on\":{\"status\":"
                                                           "[\"500\"]},\"do\":"
                                                           "\"retry\","
                                                           "\"backoff\""
                                                           ":" CONSTANT "}]}"),
        0);
    for (int i = 0; i < 4; i++) {
        stage_start(&stage, i);
    }
    assert_string_equal(stage_end(&stage, 0, 500).layer->name, "inner");
    assert_waits(stage_end(&stage, 3, 408), WAIT_POLL, 0);
    assert_string_equal(stage_end(&stage, 1, 500).layer->name, "inner");
    assert_string_equal(stage_end(&stage, 2, 500).layer->name, "outer");
    stage_timer(&stage, 3, 0);
    assert_waits(stage_end(&stage, 3, 408), WAIT_POLL, 0);
    profile_free(stage.profile);
}

/* A final failure has passed through the outer layers too. */
static void test_outer_layers_pay_for_a_final_failure(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"outer\",\"budget\":{\"tokens\":{\"capacity\":"
                     "10,\"cost\":1,\"failures_cost\":true}}," RETRY_5XX(
                         CONSTANT) "},{\"name\":\"inner\",\"rules\":[{\"on\":{"
                                   "\"status\":[\"500\"]},\"do\":\"fail\"},{"
                                   "\"on\":{\"status\":[\"503\"]},\"do\":"
                                   "\"retry\",\"backoff\":" CONSTANT "}]}"),
        0);
    stage_start(&stage, 0);
    stage_end(&stage, 0,
              503); /* the inner layer retries: nobody else sees it */
    check_tokens(&stage, 10);
    stage_timer(&stage, 0, S);
    assert_done(stage_end(&stage, 0, 500), REASON_FINAL);
    check_tokens(&stage, 9);
    profile_free(stage.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retries_cost),
        cmocka_unit_test(test_timeouts_cost_more_and_the_capacity_holds),
        cmocka_unit_test(test_failures_cost),
        cmocka_unit_test(test_calls_bring_tokens),
        cmocka_unit_test(test_who_pays),
        cmocka_unit_test(test_outer_layers_pay_for_a_final_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
