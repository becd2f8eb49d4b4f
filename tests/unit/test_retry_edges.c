/* The retry engine at its edges: each of these stands for a fault that no other
 * test noticed (scripts/mutate). */
#include "client/outcome.h"

#include "retry_stage.h"

#define ON(status) "\"on\":{\"status\":[\"" status "\"]}"

/* -- budgets ----------------------------------------------------------------
 */

static void test_limits_of_each_kind(void **state)
{
    (void)state;
    static const struct {
        const char *budget;
        struct attempt_outcome outcome;
    } cases[] = {
        {"\"connect_attempts\":2", {.end = END_REFUSED}},
        {"\"connect_attempts\":2", {.end = END_UNREACHABLE}},
        {"\"read_attempts\":2", {.end = END_CLOSE}},
        {"\"status_attempts\":2", {.end = END_STATUS, .status = 500}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char layer[600];
        snprintf(layer, sizeof layer, "{\"name\":\"a\",\"budget\":{%s},%s}",
                 cases[i].budget, RETRY_5XX(CONSTANT));
        struct stage stage;
        stage_init(&stage, read_profile(layer), 0);
        stage_start(&stage, 0);
        assert_waits(stage_outcome(&stage, 0, &cases[i].outcome), WAIT_RETRY,
                     S);
        stage_timer(&stage, 0, S);
        assert_done(stage_outcome(&stage, 0, &cases[i].outcome),
                    REASON_ATTEMPTS);
        profile_free(stage.profile);
    }
}

static void test_smallest_limits(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"rules\":[{" ON(
                   "500") ",\"do\":"
                          "\"poll\",\"count\":\"iterations\",\"limit\":1},{"
                          "\"on\":{\"status\":[\"429\"],\"request_bytes\":{"
                          "\"at_most\":1}},\"do\":\"poll\"}]}"),
               0);
    struct retry_request request = {
        .method = "POST", .path = "/", .body_bytes = 2};
    stage_start_request(&stage, 0, &request);
    assert_waits(stage_end(&stage, 0, 500), WAIT_POLL, 0);
    stage_timer(&stage, 0, 0);
    assert_done(stage_end(&stage, 0, 500), REASON_ATTEMPTS);
    stage_start_request(&stage, 0, &request);
    assert_done(stage_end(&stage, 0, 429), REASON_FINAL);
    profile_free(stage.profile);
}

/* S0-125: a caller may set the least there is; the innermost layer may be the
 * last one. */
static void test_smallest_overrides(void **state)
{
    (void)state;
    struct client client;
    client_init(
        &client,
        read_profile(
            "{\"name\":\"outer\",\"budget\":{\"attempts\":3}," RETRY_5XX(
                CONSTANT) "},{\"name\":\"inner\","
                          "\"budget\":{\"attempts\":3}," RETRY_5XX(
                              CONSTANT) "}"));
    retry_call_override(
        &client.call,
        &(struct retry_override){.attempts = 1, .attempt_timeout_ns = 1});
    assert_int_equal(client_step(&client, RETRY_START).attempt_timeout.limit_ns,
                     1);
    assert_string_equal(
        client_end(&client, &(struct ended){.status = 500}).layer->name,
        "outer");
    client_init(&client, client.profile);
    retry_call_override(&client.call,
                        &(struct retry_override){.elapsed_ns = 1});
    PLAY(&client, {.status = 500});
    assert_int_equal(client.call.attempts, 6);
    profile_free(client.profile);
}

/* -- rules ------------------------------------------------------------------
 */

/* A layer that passes a 200 on took it for no success. */
static void test_a_success_passed_on(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"rules\":[{\"on\":{\"status\":["
                            "\"200\"],\"header\":{\"name\":\"x-marker\","
                            "\"absent\":true}},\"do\":\"pass\"}]}"),
               0);
    stage_start(&stage, 0);
    struct retry_action action = stage_end(&stage, 0, 200);
    assert_done(action, REASON_FINAL);
    assert_false(action.is_ok);
    struct http_header marker = {"X-Marker", ""};
    stage_start(&stage, 0);
    action = stage_outcome(&stage, 0,
                           &(struct attempt_outcome){
                               .end = END_STATUS,
                               .status = 200,
                               .headers = &(struct http_headers){&marker, 1}});
    assert_true(action.is_ok);
    profile_free(stage.profile);
}

static bool header_matches(const char *value)
{
    struct profile *profile =
        read_profile("{\"name\":\"a\",\"rules\":[{\"on\":{\"header\":{\"name\":"
                     "\"x-should-retry\",\"value\":\" False \","
                     "\"ignores_case\":true}},\"do\":\"fail\"}]}");
    struct http_header item = {"x-should-retry", value};
    const struct profile_rule *rule = layer_rule(
        &profile->layers[0],
        &(struct retry_request){.method = "GET", .path = "/"},
        &(struct attempt_outcome){.end = END_STATUS,
                                  .status = 500,
                                  .headers = &(struct http_headers){&item, 1}});
    profile_free(profile);
    return rule != NULL;
}

static void test_values_without_regard_to_case(void **state)
{
    (void)state;
    assert_true(header_matches("FALSE"));
    assert_true(header_matches("\t false \t"));
    assert_false(header_matches("falsy"));
    assert_false(header_matches("false alarm"));
    assert_false(header_matches("fals"));
    assert_false(header_matches(""));
    assert_false(header_matches("      "));
}

/* Values of one character are compared as well. */
static void test_values_of_one_character(void **state)
{
    (void)state;
    struct profile *profile =
        read_profile("{\"name\":\"a\",\"rules\":[{\"on\":{\"header\":{\"name\":"
                     "\"x-marker\",\"value\":\"1\",\"ignores_case\":true}},"
                     "\"do\":\"fail\"}]}");
    for (const char *value = "1\0 1\0"
                             "0\0"
                             "2\0";
         *value; value += strlen(value) + 1) {
        struct http_header item = {"x-marker", value};
        struct attempt_outcome outcome = {.end = END_STATUS,
                                          .status = 500,
                                          .headers =
                                              &(struct http_headers){&item, 1}};
        const struct profile_rule *rule = layer_rule(
            &profile->layers[0],
            &(struct retry_request){.method = "GET", .path = "/"}, &outcome);
        assert_int_equal(rule != NULL, strchr(value, '1') != NULL);
    }
    profile_free(profile);
}

/* Refused, the call is over: no layer between is asked. */
static void test_start_over_refused(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile(
            "{\"name\":\"outer\",\"budget\":{\"attempts\":1},"
            "\"rules\":[{" ON(
                "503") ",\"do\":\"fail\"}]},{"
                       "\"name\":\"middle\",\"rules\":[{" ON(
                           "410") ",\"do\":\"retry\",\"backoff\":" CONSTANT
                                  "}]},{"
                                  "\"name\":\"inner\",\"rules\":[{" ON(
                                      "410") ",\"do\":\"start-over\","
                                             "\"backoff\":" CONSTANT "}]}"),
        0);
    stage_start(&stage, 0);
    struct retry_action action = stage_end(&stage, 0, 410);
    assert_done(action, REASON_ATTEMPTS);
    assert_string_equal(action.layer->name, "outer");
    profile_free(stage.profile);
}

/* A wait that is told again borrows nothing from the answer, which is gone. */
static void test_a_wait_told_again(void **state)
{
    (void)state;
    struct client client;
    client_init(
        &client,
        read_profile("{\"name\":\"a\",\"rules\":[{" ON(
            "429") ",\"do\":\"retry\",\"backoff\":" CONSTANT
                   ",\"retry_after\":{\"read\":[{"
                   "\"header\":\"retry-after\",\"as\":[\"seconds\"]}]}}]"
                   "}"));
    client_step(&client, RETRY_START);
    struct retry_action action = client_end(
        &client, &(struct ended){.status = 429, .retry_after = "10"});
    assert_string_equal(action.retry_after.text, "10");
    action = client_step(&client, RETRY_TIMER);
    assert_int_equal(action.until_ns, 10 * S);
    assert_null(action.retry_after.text);
    profile_free(client.profile);
}

static void test_uses_of_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        int64_t delay_ns;
    } cases[] = {
        {"\"use\":\"spread\",\"spread\":\"8s\"", 14 * S},
        {"\"use\":\"between\",\"at_least\":\"20s\",\"at_most\":\"30s\"",
         20 * S},
        {"\"use\":\"between\",\"at_least\":\"1s\",\"at_most\":\"3s\"", 3 * S},
        {"\"jittered\":true", 15 * S},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char layer[1024];
        snprintf(
            layer, sizeof layer,
            "{\"name\":\"a\",\"rules\":[{" ON(
                "429") ",\"do\":\"retry\","
                       "\"backoff\":{\"schedule\":\"constant\",\"base\":\"1s\","
                       "\"jitter\":{\"up\":1}},\"retry_after\":{\"read\":[{"
                       "\"header\":\"retry-after\",\"as\":[\"seconds\"]}],%s}}]"
                       "}",
            cases[i].keys);
        struct client client;
        client_init(&client, read_profile(layer));
        client_step(&client, RETRY_START);
        struct retry_action action = client_end(
            &client, &(struct ended){.status = 429, .retry_after = "10"});
        assert_int_equal(action.delay_ns, cases[i].delay_ns);
        profile_free(client.profile);
    }
}

/* gRPC: no more retries at the threshold itself. */
static void test_tokens_at_the_threshold(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"a\",\"budget\":{\"tokens\":{"
                     "\"capacity\":10,\"cost\":1,\"threshold\":5}}," RETRY_5XX(
                         CONSTANT) "}"),
        0);
    stage.shared.layers[0].tokens = 5;
    stage_start(&stage, 0);
    assert_done(stage_end(&stage, 0, 500), REASON_TOKENS);
    profile_free(stage.profile);
}

/* -- call timeouts ----------------------------------------------------------
 */

/* The layer whose time is over is not asked, nor those inside it, whether the
 * client ended an attempt or nothing was in flight. */
static void test_who_sees_a_call_timeout(void **state)
{
    (void)state;
    const char *layers =
        "{\"name\":\"outer\",\"rules\":[{\"on\":{\"transport\":[\"timeout\"]},"
        "\"do\":\"retry\",\"backoff\":" CONSTANT "}]},{\"name\":\"middle\","
        "\"call_timeout\":\"5s\",\"rules\":[{\"on\":{\"transport\":["
        "\"timeout\"]},\"do\":\"fail\"}]},{\"name\":\"inner\",\"rules\":[{"
        "\"on\":{\"transport\":[\"timeout\"]},\"do\":\"fail\"},{" ON(
            "500") ",\"do\":\"retry\",\"backoff\":{\"schedule\":\"constant\","
                   "\"base\":"
                   "\"9s\"}}]}";
    struct stage stage;
    stage_init(&stage, read_profile(layers), 0);
    struct attempt_outcome timeout = {.end = END_TIMEOUT};
    stage_start(&stage, 0);
    stage_start(&stage, 1);
    stage_end(&stage, 1, 500);
    stage.now_ns = 5 * S;
    assert_waits(stage_outcome(&stage, 0, &timeout), WAIT_RETRY, 6 * S);
    assert_waits(stage_timer(&stage, 1, 5 * S), WAIT_RETRY, 6 * S);
    stage.now_ns = 0;
    stage_start(&stage, 2);
    stage.now_ns = 4 * S; /* a timeout of the attempt alone is theirs */
    assert_done(stage_outcome(&stage, 2, &timeout), REASON_FINAL);
    profile_free(stage.profile);
}

static void test_call_timeout_of_the_outermost_layer(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"call_timeout\":\"5s\","
                            "\"rules\":[{\"on\":{\"transport\":[\"timeout\"]},"
                            "\"do\":\"fail\"}]}"),
               0);
    stage_start(&stage, 0);
    stage.now_ns = 5 * S;
    assert_done(
        stage_outcome(&stage, 0, &(struct attempt_outcome){.end = END_TIMEOUT}),
        REASON_CALL_TIMEOUT);
    profile_free(stage.profile);
}

/* An open circuit is nothing to its own layer and those inside it. */
static void test_who_sees_an_open_circuit(void **state)
{
    (void)state;
    const char *fails = "\"rules\":[{\"on\":{\"transport\":[\"any\"]},\"do\":"
                        "\"fail\"}]";
    char layers[1024];
    snprintf(layers, sizeof layers,
             "{\"name\":\"outer\",%s},{\"name\":\"guarded\",\"breaker\":{"
             "\"failures\":1,\"reset\":\"9s\",\"retryable\":true},%s},{"
             "\"name\":\"inner\",%s}",
             RETRY_5XX(CONSTANT), fails, fails);
    struct stage stage;
    stage_init(&stage, read_profile(layers), 0);
    stage.shared.layers[1].breaker.state = BREAKER_OPEN;
    struct retry_action action = stage_start(&stage, 0);
    assert_waits(action, WAIT_RETRY, S);
    assert_string_equal(action.layer->name, "outer");
    profile_free(stage.profile);
}

/* -- progress ---------------------------------------------------------------
 */

/* A run whose first attempt found the circuit open has begun: its progress
 * timeout is tested before the next one. */
static void test_progress_after_an_open_circuit(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"outer\",\"progress\":{\"timeout\":"
                            "\"500ms\"}," RETRY_5XX(
                                CONSTANT) "},{\"name\":\"inner\",\"breaker\":{"
                                          "\"failures\":1,\"reset\":\"1s\","
                                          "\"retryable\":true}}"),
               0);
    stage.shared.layers[1].breaker.state = BREAKER_OPEN;
    assert_waits(stage_start(&stage, 0), WAIT_RETRY, S);
    assert_done(stage_timer(&stage, 0, S), REASON_PROGRESS);
    profile_free(stage.profile);
}

/* The clock of a handler begins with the handler. */
static void test_progress_since_the_beginning(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"progress\":{\"timeout\":\"5s\","
                            "\"aborts_attempt\":true}}"),
               77 * S);
    assert_int_equal(stage_start(&stage, 0).wake_ns, 82 * S);
    profile_free(stage.profile);
}

/* -- attempts that were seen ------------------------------------------------
 */

/* The judge's way: the delay that was seen is remembered, by retries alone. */
static void test_memory_of_what_was_seen(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\",\"rules\":[{" ON(
                   "500") ",\"do\":"
                          "\"retry\",\"backoff\":{\"schedule\":\"constant\","
                          "\"base\":\"1s\",\"jitter\":{\"decorrelated\":3}}"
                          "},{" ON("408") ",\"do\":\"poll\"}]},{\"name\":"
                                          "\"inner\"}"),
               10 * S);
    stage_start(&stage, 0);
    stage_end(&stage, 0, 500);
    stage.now_ns = 12500 * MS; /* drawn 2 s, seen 2.5 s */
    assert_sends(stage_step(&stage, 0, RETRY_SENT));
    assert_int_equal(stage.calls[0].state[0].previous_ns, 2500 * MS);
    assert_int_equal(stage.calls[0].state[0].attempts, 2);
    assert_int_equal(stage.calls[0].state[1].started_ns, 12500 * MS);
    stage_end(&stage, 0, 408);
    stage.now_ns = 20 * S;
    assert_sends(stage_step(&stage, 0, RETRY_SENT));
    assert_int_equal(stage.calls[0].state[0].previous_ns, 2500 * MS);
    assert_int_equal(stage.calls[0].state[0].attempts, 2);
    assert_int_equal(stage.calls[0].state[1].started_ns, 20 * S);
    profile_free(stage.profile);
}

/* A rule for some methods is for no others. */
static void test_methods_of_a_rule(void **state)
{
    (void)state;
    struct profile *profile =
        read_profile("{\"name\":\"a\",\"rules\":[{\"on\":{\"status\":["
                     "\"500\"],\"methods\":["
                     "\"GET\",\"PUT\"]},\"do\":\"fail\"}]}");
    struct outcome_set on = profile->layers[0].rules[0].on;
    struct retry_request get = {.method = "GET", .path = "/"};
    struct retry_request put = {.method = "PUT", .path = "/"};
    struct attempt_outcome outcome = {.end = END_STATUS, .status = 500};
    assert_true(outcome_fits(&on, &get, &outcome));
    assert_true(outcome_fits(&on, &put, &outcome));
    on.method_count = 1; /* what lies beyond it is none of them */
    assert_true(outcome_fits(&on, &get, &outcome));
    assert_false(outcome_fits(&on, &put, &outcome));
    profile_free(profile);
}

static void test_innermost_layer(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage,
               read_profile("{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\","
                            "\"routes\":[\"GET /\"]}"),
               0);
    stage_start(&stage, 0);
    assert_int_equal(retry_innermost(&stage.calls[0]), 1);
    stage.profile->layer_count = 1; /* what lies beyond it is none of them */
    stage_start(&stage, 0);
    assert_int_equal(retry_innermost(&stage.calls[0]), 0);
    profile_free(stage.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_of_each_kind),
        cmocka_unit_test(test_smallest_limits),
        cmocka_unit_test(test_smallest_overrides),
        cmocka_unit_test(test_a_success_passed_on),
        cmocka_unit_test(test_values_without_regard_to_case),
        cmocka_unit_test(test_values_of_one_character),
        cmocka_unit_test(test_start_over_refused),
        cmocka_unit_test(test_a_wait_told_again),
        cmocka_unit_test(test_uses_of_retry_after),
        cmocka_unit_test(test_progress_after_an_open_circuit),
        cmocka_unit_test(test_tokens_at_the_threshold),
        cmocka_unit_test(test_who_sees_a_call_timeout),
        cmocka_unit_test(test_call_timeout_of_the_outermost_layer),
        cmocka_unit_test(test_who_sees_an_open_circuit),
        cmocka_unit_test(test_progress_since_the_beginning),
        cmocka_unit_test(test_memory_of_what_was_seen),
        cmocka_unit_test(test_methods_of_a_rule),
        cmocka_unit_test(test_innermost_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
