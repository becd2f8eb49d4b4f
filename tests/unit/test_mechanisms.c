/* Published ways to hold retries back, as shipped profiles: each trajectory was
 * worked out by hand from its specification. */
#include <math.h>

#include "retry_stage.h"
#include "shipped_profiles.h"

static void check_tokens(const struct stage *stage, double expected)
{
    double tokens = stage->shared.layers[0].tokens;
    if (fabs(tokens - expected) > 0)
        fail_msg("%.17g tokens, expected %.17g", tokens, expected);
}

/* An answer to the attempt in flight of call 0: is it tried again? Then the
 * next attempt is sent at once, whatever the delay. */
static bool is_retried(struct stage *stage,
                       const struct attempt_outcome *outcome)
{
    struct retry_action action = stage_outcome(stage, 0, outcome);
    if (action.kind != RETRY_WAIT)
        return false;
    assert_sends(stage_timer(stage, 0, action.until_ns));
    return true;
}

static bool is_status_retried(struct stage *stage, int status)
{
    return is_retried(
        stage, &(struct attempt_outcome){.end = END_STATUS, .status = status});
}

static void succeed(struct stage *stage, int calls)
{
    for (int i = 0; i < calls; i++) {
        stage_start(stage, 0);
        assert_false(is_status_retried(stage, 200));
    }
}

/* -- gRPC: proposal A6, maxTokens 10, tokenRatio 0.1 ----------------------- */

/* Each failure with a retryable status costs 1, whatever becomes of it; others
 * cost nothing; a retry needs more than 5. */
static void test_grpc_throttling(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("grpc-retry"), 0);
    stage_start(&stage, 0);
    assert_true(is_status_retried(&stage, 503)); /* 9 */
    assert_true(is_status_retried(&stage, 429)); /* 8 */
    assert_true(is_status_retried(&stage, 504)); /* 7 */
    check_tokens(&stage, 7);
    assert_false(is_status_retried(&stage, 502)); /* the fourth attempt: 6 */
    check_tokens(&stage, 6);
    stage_start(&stage, 0);
    assert_false(is_status_retried(&stage, 400)); /* its own fault */
    stage_start(&stage, 0);
    assert_false(is_status_retried(&stage, 302));
    check_tokens(&stage, 6); /* no success either */
    succeed(&stage, 10);
    check_tokens(&stage, 7);
    stage_start(&stage, 0);
    assert_true(is_status_retried(&stage, 503));  /* 6 */
    assert_false(is_status_retried(&stage, 503)); /* 5 is not above half */
    check_tokens(&stage, 5);
    profile_free(stage.profile);
}

/* Below half nothing is tried again until successes have brought it above, and
 * ten tenths are one: 4 + 1.0 is not above 5. */
static void test_grpc_recovers(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("grpc-retry"), 0);
    for (int i = 0; i < 20; i++) {
        stage_start(&stage, 0);
        while (is_status_retried(&stage, 503))
            continue;
    }
    check_tokens(&stage, 0); /* never below */
    succeed(&stage, 60);
    check_tokens(&stage, 6);
    stage_start(&stage, 0);
    assert_false(is_status_retried(&stage, 503));
    check_tokens(&stage, 5);
    succeed(&stage, 11);
    check_tokens(&stage, 6.1);
    stage_start(&stage, 0);
    assert_true(is_status_retried(&stage, 503));
    check_tokens(&stage, 5.1);
    assert_false(is_status_retried(&stage, 200));
    succeed(&stage, 48);
    check_tokens(&stage, 10);
    succeed(&stage, 5);
    check_tokens(&stage, 10); /* never above */
    profile_free(stage.profile);
}

static struct retry_action push_back(struct stage *stage, const char *value)
{
    const struct http_header header = {"grpc-retry-pushback-ms", value};
    const struct http_headers headers = {&header, 1};
    return stage_outcome(stage, 0,
                         &(struct attempt_outcome){.end = END_STATUS,
                                                   .status = 503,
                                                   .headers = &headers});
}

/* random(0.8, 1.2) of 100 ms doubling to 1 s; with u = 0.5 that is 1. A
 * pushback is the delay to the millisecond, and then the first one again. */
static void test_grpc_pushback(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("grpc-retry"), 0);
    stage_start(&stage, 0);
    assert_waits(stage_end(&stage, 0, 503), WAIT_RETRY, 100 * MS);
    assert_sends(stage_timer(&stage, 0, 100 * MS));
    assert_waits(stage_end(&stage, 0, 503), WAIT_RETRY, 300 * MS);
    assert_sends(stage_timer(&stage, 0, 300 * MS));
    assert_waits(push_back(&stage, "1234"), WAIT_RETRY, 1534 * MS);
    assert_sends(stage_timer(&stage, 0, 1534 * MS));
    assert_done(push_back(&stage, "0"), REASON_ATTEMPTS);
    succeed(&stage, 40);
    stage_start(&stage, 0);
    assert_waits(push_back(&stage, "0"), WAIT_RETRY, 1534 * MS);
    assert_sends(stage_timer(&stage, 0, 1534 * MS));
    stage.u = 0;
    assert_waits(stage_end(&stage, 0, 503), WAIT_RETRY, 1614 * MS);
    assert_sends(stage_timer(&stage, 0, 1614 * MS));
    stage.u = 1 - 0x1p-53;
    struct retry_action action = stage_end(&stage, 0, 503);
    assert_in_range(action.until_ns, 1854 * MS - 1, 1854 * MS);
    profile_free(stage.profile);
}

/* After a pushback the n of the back-off is 0 again. */
static void test_grpc_pushback_begins_anew(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("grpc-retry"), 0);
    stage_start(&stage, 0);
    assert_waits(stage_end(&stage, 0, 503), WAIT_RETRY, 100 * MS);
    assert_sends(stage_timer(&stage, 0, 100 * MS));
    assert_waits(push_back(&stage, "7"), WAIT_RETRY, 107 * MS);
    assert_sends(stage_timer(&stage, 0, 107 * MS));
    assert_waits(stage_end(&stage, 0, 503), WAIT_RETRY, 207 * MS);
    profile_free(stage.profile);
}

/* Negative, no number, or more than a signed number of 32 bits: no retry, but
 * a failure that costs. */
static void test_grpc_pushback_says_no(void **state)
{
    (void)state;
    const char *const noes[] = {"-1", "soon", "1.5", "2147483648"};
    struct stage stage;
    stage_init(&stage, shipped_profile("grpc-retry"), 0);
    for (size_t i = 0; i < COUNT(noes); i++) {
        stage_start(&stage, 0);
        assert_done(push_back(&stage, noes[i]), REASON_RETRY_AFTER);
        check_tokens(&stage, 9 - (double)i);
    }
    stage_start(&stage, 0);
    assert_done(push_back(&stage, "5"), REASON_TOKENS);
    check_tokens(&stage, 5);
    profile_free(stage.profile);
}

/* -- AWS: retry mode standard 2.0 ------------------------------------------ */

static bool is_timeout_retried(struct stage *stage)
{
    return is_retried(stage, &(struct attempt_outcome){.end = END_TIMEOUT});
}

/* 500 tokens; 5 for a retry, 10 after a timeout. A success brings what the last
 * retry of its call cost, or 1. */
static void test_aws_quota(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("aws-standard"), 0);
    succeed(&stage, 1);
    check_tokens(&stage, 500);
    stage_start(&stage, 0);
    assert_true(is_status_retried(&stage, 500)); /* 495 */
    assert_true(is_timeout_retried(&stage));     /* 485 */
    check_tokens(&stage, 485);
    assert_false(is_status_retried(&stage, 200)); /* 10 back */
    check_tokens(&stage, 495);
    stage_start(&stage, 0);
    assert_true(is_timeout_retried(&stage));     /* 485 */
    assert_true(is_status_retried(&stage, 503)); /* 480 */
    assert_false(is_status_retried(&stage, 200));
    check_tokens(&stage, 485); /* 5 back */
    stage_start(&stage, 0);
    assert_true(is_status_retried(&stage, 502));
    assert_false(is_status_retried(&stage, 404)); /* nothing back */
    check_tokens(&stage, 480);
    succeed(&stage, 3);
    check_tokens(&stage, 483);
    profile_free(stage.profile);
}

/* Two retries of each failing call: 49 calls take 490; then a retry
 * after a timeout is too dear, and 4 tokens are no 5. */
static void test_aws_quota_is_spent(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("aws-standard"), 0);
    for (int i = 0; i < 49; i++) {
        stage_start(&stage, 0);
        assert_true(is_status_retried(&stage, 500));
        assert_true(is_status_retried(&stage, 500));
        assert_false(is_status_retried(&stage, 500));
    }
    check_tokens(&stage, 10);
    stage_start(&stage, 0);
    assert_true(is_status_retried(&stage, 500));
    assert_done(
        stage_outcome(&stage, 0, &(struct attempt_outcome){.end = END_TIMEOUT}),
        REASON_TOKENS);
    check_tokens(&stage, 5);
    stage_start(&stage, 0);
    assert_true(is_status_retried(&stage, 500));
    assert_done(stage_end(&stage, 0, 500), REASON_TOKENS);
    check_tokens(&stage, 0);
    succeed(&stage, 4);
    stage_start(&stage, 0);
    assert_done(stage_end(&stage, 0, 500), REASON_TOKENS);
    succeed(&stage, 1);
    stage_start(&stage, 0);
    assert_true(is_status_retried(&stage, 500));
    assert_false(is_status_retried(&stage, 200));
    check_tokens(&stage, 5);
    profile_free(stage.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grpc_throttling),
        cmocka_unit_test(test_grpc_recovers),
        cmocka_unit_test(test_grpc_pushback),
        cmocka_unit_test(test_grpc_pushback_begins_anew),
        cmocka_unit_test(test_grpc_pushback_says_no),
        cmocka_unit_test(test_aws_quota),
        cmocka_unit_test(test_aws_quota_is_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
