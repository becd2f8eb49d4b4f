/* The retry engine: what rules look at, the client's own arithmetic, layers
 * that are off and what a caller sets for one call. */
#include "retry_stage.h"

/* -- what is looked at ------------------------------------------------------
 */

/* S1-55 */
static void test_size_of_the_request(void **state)
{
    (void)state;
    static const struct {
        int64_t bytes;
        int rule;
    } cases[] = {{0, 2},   {9, 2},   {10, 1},       {99, 1},
                 {100, 0}, {101, 0}, {INT64_MAX, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage stage;
        stage_init(&stage,
                   read_profile("{\"name\":\"a\",\"rules\":[{\"on\":{"
                                "\"status\":[\"429\"],\"request_bytes\":{"
                                "\"at_least\":100}},\"do\":\"fail\"},{"
                                "\"on\":{\"status\":[\"429\"],"
                                "\"request_bytes\":{\"at_least\":10,"
                                "\"at_most\":99}},\"do\":\"fail\"},{"
                                "\"on\":{\"status\":[\"429\"],"
                                "\"request_bytes\":{\"at_most\":9}},\"do\":"
                                "\"fail\"}]}"),
                   0);
        stage_start_request(
            &stage, 0,
            &(struct retry_request){
                .method = "POST", .path = "/", .body_bytes = cases[i].bytes});
        struct retry_action action = stage_end(&stage, 0, 429);
        assert_ptr_equal(action.rule,
                         &stage.profile->layers[0].rules[cases[i].rule]);
        profile_free(stage.profile);
    }
}

static int rule_for_body(const struct profile *profile, const char *body)
{
    const struct profile_rule *rule = layer_rule(
        &profile->layers[0],
        &(struct retry_request){.method = "POST", .path = "/"},
        &(struct attempt_outcome){.end = END_STATUS,
                                  .status = 400,
                                  .body = body,
                                  .body_size = body ? strlen(body) : 0});
    return rule ? (int)(rule - profile->layers[0].rules) : -1;
}

static void test_bodies(void **state)
{
    (void)state;
    struct profile *profile = read_profile(
        "{\"name\":\"a\",\"rules\":[{\"on\":{\"body\":{\"pointer\":"
        "\"/error/category\",\"value\":\"user\"}},\"do\":\"fail\"},{"
        "\"on\":{\"body\":{\"pointer\":\"/error/category\",\"value\":"
        "\"Server\",\"ignores_case\":true}},\"do\":\"poll\"},{\"on\":{"
        "\"body\":{\"pointer\":\"/code\",\"value\":\"17\"}},\"do\":"
        "\"poll\"},{\"on\":{\"body\":{\"pointer\":\"/code\"}},\"do\":"
        "\"poll\"}]}");
    static const struct {
        const char *body;
        int rule;
    } cases[] = {
        {"{\"error\":{\"category\":\"user\"}}", 0},
        {"{\"error\":{\"category\":\"User\"}}", -1},
        {"{\"error\":{\"category\":\"SERVER\"}}", 1},
        {"{\"error\":{\"category\":\" server\\t\"}}", 1},
        {"{\"error\":{\"category\":\"servers\"}}", -1},
        {"{\"error\":{\"category\":[\"user\"]}}", -1},
        {"{\"code\":17}", 2},
        {"{\"code\":\"17\"}", 2},
        {"{\"code\":18}", 3},
        {"{\"code\":null}", 3},
        {"{\"code\":{}}", 3},
        {"{\"code\":17", -1},
        {"not JSON", -1},
        {"", -1},
        {NULL, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(rule_for_body(profile, cases[i].body), cases[i].rule);
    }
    profile_free(profile);
}

/* {"retry_after_ms": ...} in the body, which tinkex reads beside the headers.
 */
static void test_retry_after_in_a_body(void **state)
{
    (void)state;
    static const struct ended cases[] = {
        {.status = 429, .body = "{\"retry_after_ms\":1500}"},
        {.status = 429, .body = "{\"retry_after_ms\":\"1500\"}"},
        {.status = 429,
         .body = "{\"retry_after_ms\":1500}",
         .retry_after = "7"},
        {.status = 429, .body = "{\"retry_after_ms\":[]}", .retry_after = "7"},
        {.status = 429, .body = "{}", .retry_after = "7"},
        {.status = 429, .body = "{\"retry_after_ms\":\"soon\"}"},
        {.status = 429, .body = "{"},
        {.status = 429},
    };
    static const int64_t delays_ms[] = {1500, 1500, 1500, 7000,
                                        7000, 9000, 2000, 2000};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client;
        client_init(
            &client,
            read_profile("{\"name\":\"a\",\"rules\":[{\"on\":{\"status\":["
                         "\"429\"]},\"do\":\"retry\",\"backoff\":{"
                         "\"schedule\":\"constant\",\"base\":\"2s\"},"
                         "\"retry_after\":{\"read\":[{\"body\":"
                         "\"/retry_after_ms\",\"as\":[\"ms\"]},{\"header\":"
                         "\"retry-after\",\"as\":[\"seconds\"]}],"
                         "\"unparseable\":\"give-up\"}}]}"));
        client_step(&client, RETRY_START);
        struct retry_action action = client_end(&client, &cases[i]);
        if (delays_ms[i] == 9000) {
            assert_done(action, REASON_RETRY_AFTER);
            assert_string_equal(action.retry_after.header, "/retry_after_ms");
        } else {
            assert_int_equal(action.kind, RETRY_WAIT);
            assert_int_equal(action.delay_ns, delays_ms[i] * MS);
        }
        profile_free(client.profile);
    }
}

/* -- the client's own arithmetic --------------------------------------------
 */

static void overflow_stage(struct stage *stage, const char *keys)
{
    char layers[1024];
    snprintf(layers, sizeof layers,
             "{\"name\":\"outer\"," RETRY_5XX(
                 CONSTANT) "},{\"name\":\"sdk\","
                           "\"rules\":[{\"on\":{\"status\":[\"500\"]},\"do\":"
                           "\"retry\","
                           "\"backoff\":{\"schedule\":\"exponential\",\"base\":"
                           "\"500ms\","
                           "\"cap\":\"10s\"%s}}]}",
             keys);
    stage_init(stage, read_profile(layers), 0);
    stage_start(stage, 0);
}

/* Elixir's 500 * 2^1016 is no double any more: its process ends. In seconds
 * there is room for ten more. No layer catches it. */
static void test_overflow(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        int64_t last; /* n of the last delay */
    } cases[] = {
        {",\"rounding\":\"ms-nearest\",\"overflow\":\"raise\"", 1015},
        {",\"overflow\":\"raise\"", 1023},
        {",\"rounding\":\"ns-down\",\"overflow\":\"raise\"", 995},
        {",\"first_exponent\":6,\"rounding\":\"ms-nearest\",\"overflow\":"
         "\"raise\"",
         1009},
        {",\"first_immediate\":true,\"rounding\":\"ms-nearest\","
         "\"overflow\":\"raise\"",
         1016},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage stage;
        overflow_stage(&stage, cases[i].keys);
        stage.calls[0].state[1].retries = cases[i].last;
        struct retry_action action = stage_end(&stage, 0, 500);
        assert_int_equal(action.delay_ns, 10 * S);
        stage_timer(&stage, 0, action.until_ns);
        assert_done(stage_end(&stage, 0, 500), REASON_OVERFLOW);
        profile_free(stage.profile);
    }
}

static void test_no_overflow(void **state)
{
    (void)state;
    struct stage stage;
    overflow_stage(&stage, "");
    stage.calls[0].state[1].retries = 1000000;
    assert_int_equal(stage_end(&stage, 0, 500).delay_ns, 10 * S);
    profile_free(stage.profile);
}

/* A client that takes its delay from the header does not compute its own. */
static void test_header_in_place_of_an_overflow(void **state)
{
    (void)state;
    static const char *const uses[] = {"replace", "maximum"};
    for (size_t i = 0; i < 2; i++) {
        char layer[1024];
        snprintf(layer, sizeof layer,
                 "{\"name\":\"a\",\"rules\":[{\"on\":{\"status\":[\"429\"]},"
                 "\"do\":\"retry\",\"backoff\":{\"schedule\":"
                 "\"exponential\",\"base\":\"1s\",\"overflow\":\"raise\"},"
                 "\"retry_after\":{\"read\":[{\"header\":\"retry-after\","
                 "\"as\":[\"seconds\"]}],\"use\":\"%s\"}}]}",
                 uses[i]);
        struct client client;
        client_init(&client, read_profile(layer));
        client_step(&client, RETRY_START);
        client.call.state[0].retries = 2000;
        struct retry_action action = client_end(
            &client, &(struct ended){.status = 429, .retry_after = "7"});
        if (i == 0) {
            assert_waits(action, WAIT_RETRY, 7 * S);
        } else {
            assert_done(action, REASON_OVERFLOW);
        }
        profile_free(client.profile);
    }
}

/* -- switched off, set for one call -----------------------------------------
 */

/* S0-15, S1-22 */
static void test_a_layer_that_is_off(void **state)
{
    (void)state;
    struct client client;
    const char *layer =
        "{\"name\":\"handler\",\"enabled\":false,\"budget\":{"
        "\"tokens\":{\"capacity\":10,\"cost\":1,"
        "\"per_call\":1,\"refund\":1,"
        "\"failures_cost\":true}},\"progress\":{\"timeout\":"
        "\"200ms\",\"aborts_attempt\":true}," RETRY_5XX(CONSTANT) "}";
    client_init(&client, read_profile(layer));
    PLAY(&client, {.status = 503});
    assert_true(client.shared.layers[0].tokens >= 10);
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 503\n"
                         "[   0.000] done, failed: final\n");
    client_init(&client, read_profile(layer));
    client.shared.layers[0].tokens = 5;
    PLAY(&client, {.status = 200});
    assert_true(client.shared.layers[0].tokens <= 5);
    retry_call_init(&client.call, &client.shared,
                    &(struct retry_request){.method = "POST", .path = "/"});
    PLAY(&client, {.status = 200, .took_ns = 5 * S});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 200\n"
                         "[   0.000] done, ok: success\n"
                         "[   0.000] send 1\n"
                         "[   0.200] aborted, failed: progress-timeout\n");
}

#define OVERRIDDEN                                                                                \
    "{\"name\":\"outer\",\"budget\":{\"attempts\":2},"                                            \
    "\"attempt_timeout\":{\"limit\":\"60s\",\"kind\":\"head\"}," RETRY_5XX(                       \
        "{\"schedule\":\"constant\",\"base\":\"9s\"}") "},"                                       \
                                                       "{\"name\":\"inner\","                     \
                                                       "\"budget\":{"                             \
                                                       "\"attempts\":3}"                          \
                                                       "," RETRY_5XX(                             \
                                                           CONSTANT) "},{"                        \
                                                                     "\"name"                     \
                                                                     "\":"                        \
                                                                     "\"off\""                    \
                                                                     ",\"enab"                    \
                                                                     "led\":"                     \
                                                                     "false,"                     \
                                                                     "\"budge"                    \
                                                                     "t\":{"                      \
                                                                     "\"attem"                    \
                                                                     "pts\":"                     \
                                                                     "7}"                         \
                                                                     "," RETRY_5XX(               \
                                                                         CONSTANT) "},{\"name\":" \
                                                                                   "\"bare\"}"

static int64_t sends_with(const struct retry_override *override)
{
    struct client client;
    client_init(&client, read_profile(OVERRIDDEN));
    if (override) {
        retry_call_override(&client.call, override);
    }
    PLAY(&client, {.status = 500});
    profile_free(client.profile);
    return client.call.attempts;
}

/* S0-125: in the place of what the innermost layer with rules that is on says.
 */
static void test_overrides(void **state)
{
    (void)state;
    assert_int_equal(sends_with(NULL), 6);
    assert_int_equal(sends_with(&(struct retry_override){0}), 6);
    assert_int_equal(sends_with(&(struct retry_override){.attempts = 1}), 2);
    assert_int_equal(sends_with(&(struct retry_override){.attempts = 5}), 10);
    assert_int_equal(
        sends_with(&(struct retry_override){.attempts = 5, .elapsed_ns = S}),
        4);
    struct client client;
    client_init(&client, read_profile(OVERRIDDEN));
    struct retry_action action = client_step(&client, RETRY_START);
    assert_int_equal(action.attempt_timeout.limit_ns, 60 * S);
    client_init(&client, client.profile);
    retry_call_override(&client.call,
                        &(struct retry_override){.attempt_timeout_ns = 5});
    action = client_step(&client, RETRY_START);
    assert_int_equal(action.attempt_timeout.limit_ns, 5);
    assert_int_equal(action.attempt_timeout.kind, TIMEOUT_HEAD);
    assert_int_equal(action.until_ns, NS_FOREVER);
    profile_free(client.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size_of_the_request),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_retry_after_in_a_body),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_no_overflow),
        cmocka_unit_test(test_header_in_place_of_an_overflow),
        cmocka_unit_test(test_a_layer_that_is_off),
        cmocka_unit_test(test_overrides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
