/* Budgets for the retries of all calls, and throttling of requests, as
 * published: each trajectory was worked out by hand from its specification. */
#include "retry_stage.h"
#include "shipped_profiles.h"

/* -- Finagle: RetryBudget ---------------------------------------------------
 */

static bool is_retried_at_once(struct stage *stage, int i, int status)
{
    struct retry_action action = stage_end(stage, i, status);
    if (action.kind == RETRY_WAIT)
        assert_sends(stage_timer(stage, i, stage->now_ns));
    else
        assert_int_equal(action.reason, REASON_ALLOWANCE);
    return action.kind == RETRY_WAIT;
}

/* By default a call brings 1000, a retry takes 5000, and 100 retries are in
 * reserve for each ten seconds: 101 with five calls. */
static void test_finagle_defaults(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("finagle-retry-budget"), 7 * S);
    stage_start(&stage, 0);
    for (int i = 0; i < 100; i++)
        assert_true(is_retried_at_once(&stage, 0, 503));
    assert_false(is_retried_at_once(&stage, 0, 503));
    for (int i = 0; i < 4; i++) {
        stage_start(&stage, 0);
        if (i < 3)
            assert_false(is_retried_at_once(&stage, 0, 503));
    }
    assert_true(is_retried_at_once(&stage, 0, 503)); /* 5 calls brought one */
    assert_false(is_retried_at_once(&stage, 0, 503));
    stage.now_ns = 17 * S - 1; /* nine slices later all of that still counts */
    stage_start(&stage, 0);
    assert_false(is_retried_at_once(&stage, 0, 503));
    stage.now_ns = 18 * S - 1;
    stage_start(&stage, 0);
    for (int i = 0; i < 100; i++)
        assert_true(is_retried_at_once(&stage, 0, 503));
    assert_false(is_retried_at_once(&stage, 0, 503));
    profile_free(stage.profile);
}

static struct profile *with_budget(const char *budget, const char *rest)
{
    char layer[1024];
    snprintf(layer, sizeof layer,
             "{\"name\":\"sdk\",\"budget\":{%s}%s,"
             "\"rules\":[{\"on\":{\"status\":[\"500-599\"]},\"do\":\"retry\","
             "\"backoff\":{\"schedule\":\"none\"}}]}",
             budget, rest);
    return read_profile(layer);
}

/* No reserve, two calls for a retry. A slice begins when somebody looks after
 * the end of the last one: those of 0 s, then of 9.4 s, then of 10.4 s, when
 * what came in the first one has gone. */
static void test_ratio_over_time(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               with_budget("\"ratio\":{\"share\":0.5,\"window\":\"10s\"}", ""),
               0);
    stage_start(&stage, 0);
    assert_false(is_retried_at_once(&stage, 0, 500)); /* 1000 */
    stage.now_ns = 500 * MS;
    stage_start(&stage, 0);
    assert_true(is_retried_at_once(&stage, 0, 500));  /* 2000 */
    assert_false(is_retried_at_once(&stage, 0, 500)); /* 0 */
    stage.now_ns = 9400 * MS;
    stage_start(&stage, 0);
    assert_false(is_retried_at_once(&stage, 0, 500)); /* 1000 */
    stage.now_ns = 10399 * MS;
    stage_start(&stage, 0);
    assert_true(is_retried_at_once(&stage, 0, 500)); /* 2000 */
    stage.now_ns = 10400 * MS; /* 2000 of the last second, a retry there */
    stage_start(&stage, 1);
    assert_false(is_retried_at_once(&stage, 1, 500)); /* 1000 */
    stage_start(&stage, 1);
    assert_true(is_retried_at_once(&stage, 1, 500)); /* 2000 */
    profile_free(stage.profile);
}

/* The first slice is looked at late, so that the second one begins at 1.9 s and
 * the first goes at 10.9 s, not at 10 s. */
static void test_slices_begin_when_looked_at(void **state)
{
    (void)state;
    const int64_t ends_ns[] = {10899 * MS, 10900 * MS};
    for (size_t i = 0; i < 2; i++) {
        struct stage stage;
        stage_init(
            &stage,
            with_budget("\"ratio\":{\"share\":0.334,\"window\":\"10s\"}", ""),
            0);
        stage_start(&stage, 0);
        stage.now_ns = 1900 * MS;
        stage_start(&stage, 0);
        stage.now_ns = ends_ns[i];
        stage_start(&stage, 0); /* three calls bring 3000, two 2000 */
        assert_int_equal(is_retried_at_once(&stage, 0, 500), i == 0);
        profile_free(stage.profile);
    }
}

/* The first slice begins with the client, at 7 s, and not with its first call:
 * it has gone nine slices after 8.2 s. */
static void test_slices_begin_with_the_client(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        with_budget("\"ratio\":{\"share\":0.334,\"window\":\"10s\"}", ""),
        7 * S);
    stage.now_ns = 7500 * MS;
    stage_start(&stage, 0);
    stage.now_ns = 8200 * MS;
    stage_start(&stage, 0);
    stage.now_ns = 17200 * MS;
    stage_start(&stage, 0); /* two calls of three: 2000 */
    assert_false(is_retried_at_once(&stage, 0, 500));
    profile_free(stage.profile);
}

static int retries_of(const char *share, int calls)
{
    char ratio[64];
    struct stage stage;
    snprintf(ratio, sizeof ratio, "\"ratio\":{\"share\":%s,\"window\":\"10s\"}",
             share);
    stage_init(&stage, with_budget(ratio, ""), 0);
    int retries = 0;
    for (int i = 0; i < calls; i++) {
        stage_start(&stage, 0);
        while (is_retried_at_once(&stage, 0, 500))
            retries++;
    }
    profile_free(stage.profile);
    return retries;
}

/* 1000 / 0.3 is 3333: with no share a retry takes 1, and only the reserve is
 * there: for whole seconds. */
static void test_ratio_in_whole_numbers(void **state)
{
    (void)state;
    struct stage stage;
    assert_int_equal(retries_of("0.3", 10), 3);   /* 3 * 3334 would be more */
    assert_int_equal(retries_of("0.83", 53), 44); /* 44 * 1204 is 52976 */
    stage_init(&stage,
               with_budget("\"ratio\":{\"share\":0,\"per_second\":2,"
                           "\"window\":\"1.9s\"}",
                           ""),
               0);
    stage_start(&stage, 0);
    assert_true(is_retried_at_once(&stage, 0, 500));
    assert_true(is_retried_at_once(&stage, 0, 500));
    assert_false(is_retried_at_once(&stage, 0, 500));
    profile_free(stage.profile);
}

/* -- Envoy: retry_budget ----------------------------------------------------
 */

static struct retry_action fail_at(struct stage *stage, int i)
{
    return stage_end(stage, i, 500);
}

/* Half of those in flight, at least one. */
static void test_concurrent_retries(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               with_budget("\"concurrent\":{\"share\":0.5,\"least\":1}", ""),
               0);
    for (int i = 0; i < 8; i++)
        stage_start(&stage, i);
    /* In flight, half of it, retries. */
    assert_waits(fail_at(&stage, 0), WAIT_RETRY, 0);        /* 7, 3, 0 */
    assert_waits(fail_at(&stage, 1), WAIT_RETRY, 0);        /* 6, 3, 1 */
    assert_done(fail_at(&stage, 2), REASON_ALLOWANCE);      /* 5, 2, 2 */
    assert_sends(stage_timer(&stage, 0, 0));                /* 6 */
    assert_sends(stage_timer(&stage, 1, 0));                /* 7 */
    assert_waits(fail_at(&stage, 3), WAIT_RETRY, 0);        /* 6, 3, 2 */
    assert_done(stage_end(&stage, 0, 200), REASON_SUCCESS); /* 5, 2, 2 */
    assert_done(fail_at(&stage, 4), REASON_ALLOWANCE);      /* 4, 2, 2 */
    assert_done(fail_at(&stage, 1), REASON_ALLOWANCE);      /* 3, 1, 1 */
    assert_int_equal(stage_step(&stage, 3, RETRY_CANCEL).kind, RETRY_DONE);
    assert_waits(fail_at(&stage, 5), WAIT_RETRY, 0);   /* 2, 1, 0 */
    assert_done(fail_at(&stage, 6), REASON_ALLOWANCE); /* 1, 1 after all, 1 */
    assert_int_equal(stage_step(&stage, 7, RETRY_CANCEL).kind, RETRY_ABORT);
    assert_sends(stage_timer(&stage, 5, 0));
    assert_waits(fail_at(&stage, 5), WAIT_RETRY, 0); /* 0: its own is over */
    assert_int_equal(stage.shared.layers[0].in_flight, 0);
    assert_int_equal(stage.shared.layers[0].retrying, 1);
    stage_start(&stage, 0);
    assert_int_equal(stage.shared.layers[0].in_flight, 1);
    assert_done(stage_outcome(&stage, 0,
                              &(struct attempt_outcome){.end = END_CANCELLED}),
                REASON_CANCELLED);
    assert_int_equal(stage.shared.layers[0].in_flight, 0);
    profile_free(stage.profile);
}

/* By default three are allowed whatever is in flight, and a fifth of 15 is 3.
 */
static void test_envoy_defaults(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("envoy-retry-budget"), 0);
    for (int i = 0; i < 5; i++)
        stage_start(&stage, i);
    for (int i = 0; i < 3; i++)
        assert_int_equal(fail_at(&stage, i).kind, RETRY_WAIT);
    assert_done(fail_at(&stage, 3), REASON_ALLOWANCE);
    stage.shared.layers[0].in_flight = 19 + 1;
    assert_done(fail_at(&stage, 4), REASON_ALLOWANCE); /* 3 of 19 */
    stage_start(&stage, 4);
    stage.shared.layers[0].in_flight = 20 + 1;
    assert_int_equal(fail_at(&stage, 4).kind, RETRY_WAIT); /* 4 of 20 */
    profile_free(stage.profile);
}

/* A layer that retries what a layer inside did not send, after up to a second,
 * around one with these members. */
static struct profile *retried_further_out(const char *inside)
{
    char layers[1024];
    snprintf(layers, sizeof layers,
             "{\"name\":\"out\",\"rules\":[{\"on\":{\"transport\":["
             "\"unreachable\"]},\"do\":\"retry\",\"backoff\":{\"schedule\":"
             "\"constant\",\"base\":\"1s\",\"jitter\":\"full\"}}]},"
             "{\"name\":\"in\",%s}",
             inside);
    return read_profile(layers);
}

/* A retry that an open circuit keeps from the wire is over when the layer
 * further out goes on. */
static void test_a_retry_that_is_cut_off(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               retried_further_out(
                   "\"budget\":{\"concurrent\":{\"share\":0,\"least\":1}},"
                   "\"breaker\":{\"failures\":1,\"reset\":\"1h\",\"retryable\":"
                   "true},\"rules\":[{\"on\":{\"status\":[\"500\"]},\"do\":"
                   "\"retry\",\"backoff\":{\"schedule\":\"none\"}}]"),
               0);
    stage_start(&stage, 0);
    assert_waits(fail_at(&stage, 0), WAIT_RETRY, 0);
    assert_int_equal(stage.shared.layers[1].retrying, 1);
    assert_waits(stage_timer(&stage, 0, 0), WAIT_RETRY, 500 * MS);
    assert_int_equal(stage.shared.layers[1].retrying, 0);
    profile_free(stage.profile);
}

/* -- M. Brooker: retries while few calls fail --------------------------------
 */

/* No more than a tenth, each failed attempt of all calls so far counted. */
static void test_failure_rate(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("retry-breaker"), 0);
    stage_start(&stage, 0);
    assert_false(is_retried_at_once(&stage, 0, 500)); /* 1 of 1 */
    for (int i = 0; i < 18; i++) {
        stage_start(&stage, 0);
        stage_end(&stage, 0, 200);
    }
    stage_start(&stage, 0);
    assert_true(is_retried_at_once(&stage, 0, 500));  /* 2 of 20 */
    assert_false(is_retried_at_once(&stage, 0, 500)); /* 3 of 20 */
    stage.now_ns = INT64_C(1000) * 3600 * S;
    stage_start(&stage, 0);
    assert_false(is_retried_at_once(&stage, 0, 500)); /* 4 of 21 */
    profile_free(stage.profile);
}

static void test_failure_rate_of_a_window(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        with_budget("\"failure_rate\":{\"most\":0.5,\"window\":\"10s\"}", ""),
        0);
    for (int i = 0; i < 3; i++) {
        stage_start(&stage, 0);
        assert_false(is_retried_at_once(&stage, 0, 500));
    }
    stage.now_ns = 10 * S; /* by then all of them are over */
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    assert_true(is_retried_at_once(&stage, 0, 500));  /* 1 of 2 */
    assert_false(is_retried_at_once(&stage, 1, 500)); /* 2 of 2 */
    profile_free(stage.profile);
}

/* -- Site Reliability Engineering: adaptive throttling -----------------------
 */

/* `u`: what the attempt is drawn with. */
static enum retry_action_kind ask(struct stage *stage, double u)
{
    stage->u = u;
    struct retry_action action = stage_start(stage, 0);
    if (action.kind == RETRY_DONE)
        assert_int_equal(action.reason, REASON_THROTTLED);
    return action.kind;
}

/* K = 2: (requests - 2 * accepts) / (requests + 1), of those before. */
static void test_sre_throttling(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("sre-adaptive-throttling"), 0);
    assert_int_equal(ask(&stage, 0), RETRY_SEND); /* 0 / 1 */
    stage_end(&stage, 0, 200);
    assert_int_equal(ask(&stage, 0), RETRY_SEND); /* (1 - 2) / 2 */
    stage_end(&stage, 0, 500);                    /* accepted all the same */
    for (int i = 0; i < 3; i++) {                 /* up to 4 of 2 * 2 */
        assert_int_equal(ask(&stage, 0), RETRY_SEND);
        stage_outcome(&stage, 0, &(struct attempt_outcome){.end = END_RESET});
    }
    assert_int_equal(ask(&stage, 1. / 6 + 1e-9), RETRY_SEND); /* 5 - 4 of 6 */
    stage_step(&stage, 0, RETRY_CANCEL);
    assert_int_equal(ask(&stage, 2. / 7 - 1e-9), RETRY_DONE); /* 6 - 4 of 7 */
    assert_int_equal(ask(&stage, 3. / 8 - 1e-9), RETRY_DONE); /* it counts */
    assert_int_equal(ask(&stage, 4. / 9 + 1e-9), RETRY_SEND);
    /* A retry is a request as well: 9 - 4 of 10. */
    struct retry_action action = stage_end(&stage, 0, 503);
    assert_int_equal(action.kind, RETRY_WAIT);
    stage.u = .5 - 1e-9;
    assert_done(stage_timer(&stage, 0, action.until_ns), REASON_THROTTLED);
    /* Two minutes later nothing of that counts. */
    stage.now_ns = action.until_ns + 120 * S;
    assert_int_equal(ask(&stage, 0), RETRY_SEND);
    profile_free(stage.profile);
}

/* With none accepted it is n / (n + 1). */
static void test_sre_none_accepted(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, shipped_profile("sre-adaptive-throttling"), 0);
    for (int n = 0; n < 50; n++) {
        double p = n / (n + 1.0);
        assert_int_equal(ask(&stage, n % 2 ? p - 1e-9 : p + 1e-9),
                         n % 2 ? RETRY_DONE : RETRY_SEND);
        if (n % 2 == 0)
            stage_step(&stage, 0, RETRY_CANCEL);
    }
    profile_free(stage.profile);
}

/* What is not sent is a connect that failed to a layer further out; its delay
 * is drawn with what is left of u: 0.25 of 0.5 is a half. */
static void test_a_throttle_that_is_retryable(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        retried_further_out("\"throttle\":{\"k\":1.5,\"window\":\"10s\","
                            "\"rejected\":[\"503\"],\"retryable\":true}"),
        0);
    assert_int_equal(ask(&stage, 0), RETRY_SEND);
    assert_done(stage_end(&stage, 0, 503), REASON_FINAL);
    stage.u = .25;
    assert_waits(stage_start(&stage, 0), WAIT_RETRY, 500 * MS);
    stage.u = 2. / 3;
    assert_sends(stage_timer(&stage, 0, 500 * MS));
    assert_done(stage_end(&stage, 0, 200), REASON_SUCCESS);
    assert_int_equal(ask(&stage, .375), RETRY_SEND); /* 3 - 1.5 of 4 */
    assert_done(stage_end(&stage, 0, 200), REASON_SUCCESS);
    assert_int_equal(ask(&stage, .2), RETRY_SEND); /* 4 - 3 of 5 */
    profile_free(stage.profile);
}

/* And if it passes, with what is left above: 0.75 of the upper half is a half,
 * of which the circuit behind it has the delay drawn. */
static void test_what_a_throttle_leaves_of_chance(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        retried_further_out(
            "\"breaker\":{\"failures\":1,\"reset\":\"1h\",\"retryable\":true},"
            "\"throttle\":{\"k\":2,\"window\":\"10s\",\"rejected\":[\"503\"]}"),
        0);
    assert_int_equal(ask(&stage, 0), RETRY_SEND);
    assert_done(stage_end(&stage, 0, 503), REASON_FINAL);
    stage.u = .75;
    assert_waits(stage_start(&stage, 0), WAIT_RETRY, 500 * MS);
    profile_free(stage.profile);
}

/* Who can't know what others did takes it that all that is counted permits: in
 * each layer, its retries and its attempts. Who knows that it forbids does not
 * look at the count either. */
static void test_counts_that_nobody_knows(void **state)
{
    (void)state;
#define HELD(name)                                                        \
    "{\"name\":\"" name "\",\"budget\":{\"attempts\":2,\"ratio\":{"       \
    "\"share\":0.1,\"window\":\"10s\"}},\"rules\":[{\"on\":{\"status\":[" \
    "\"503\"]},\"do\":\"retry\",\"backoff\":{\"schedule\":\"none\"}}]}"
#define THROTTLED(name)                                                  \
    "{\"name\":\"" name "\",\"throttle\":{\"k\":1,\"window\":\"10s\","   \
    "\"rejected\":[\"503\"]},\"rules\":[{\"on\":{\"status\":[\"599\"]}," \
    "\"do\":\"fail\"}]}"
    struct stage stage;
    stage_init(&stage, read_profile(HELD("outer") "," HELD("inner")), 0);
    retry_shared_pass(&stage.shared);
    stage_start(&stage, 0);
    for (int i = 0; i < 3; i++)
        assert_true(is_retried_at_once(&stage, 0, 503));
    assert_done(stage_end(&stage, 0, 503), REASON_ATTEMPTS);
    for (int i = 0; i < 30; i++) {
        stage_start(&stage, 0);
        stage_end(&stage, 0, 200);
    }
    stage.shared.layers[0].retries = KNOWN_TO_FAIL;
    stage.shared.layers[1].retries = KNOWN_TO_FAIL;
    stage_start(&stage, 0);
    assert_done(stage_end(&stage, 0, 503), REASON_ALLOWANCE);
    profile_free(stage.profile);
    stage_init(&stage, read_profile(THROTTLED("outer") "," THROTTLED("inner")),
               0);
    retry_shared_pass(&stage.shared);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(ask(&stage, 0), RETRY_SEND);
        stage_end(&stage, 0, 503);
    }
    stage.shared.layers[1].attempts = KNOWN_TO_FAIL;
    assert_int_equal(ask(&stage, 1 - 0x1p-53), RETRY_DONE);
    profile_free(stage.profile);
}

/* A layer does not try again itself what its own throttle keeps from being
 * sent. */
static void test_a_throttle_is_not_retried_by_its_own_layer(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"sdk\",\"throttle\":{\"k\":1,\"window\":"
                     "\"10s\",\"rejected\":[\"503\"],\"retryable\":true},"
                     "\"rules\":[{\"on\":{\"transport\":[\"any\"]},\"do\":"
                     "\"retry\",\"backoff\":{\"schedule\":\"none\"}}]}"),
        0);
    assert_int_equal(ask(&stage, 0), RETRY_SEND);
    assert_done(stage_end(&stage, 0, 503), REASON_FINAL);
    assert_int_equal(ask(&stage, 0), RETRY_DONE);
    profile_free(stage.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finagle_defaults),
        cmocka_unit_test(test_ratio_over_time),
        cmocka_unit_test(test_slices_begin_when_looked_at),
        cmocka_unit_test(test_slices_begin_with_the_client),
        cmocka_unit_test(test_ratio_in_whole_numbers),
        cmocka_unit_test(test_concurrent_retries),
        cmocka_unit_test(test_envoy_defaults),
        cmocka_unit_test(test_a_retry_that_is_cut_off),
        cmocka_unit_test(test_failure_rate),
        cmocka_unit_test(test_failure_rate_of_a_window),
        cmocka_unit_test(test_sre_throttling),
        cmocka_unit_test(test_sre_none_accepted),
        cmocka_unit_test(test_a_throttle_that_is_retryable),
        cmocka_unit_test(test_what_a_throttle_leaves_of_chance),
        cmocka_unit_test(test_counts_that_nobody_knows),
        cmocka_unit_test(test_a_throttle_is_not_retried_by_its_own_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
