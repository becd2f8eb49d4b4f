/* The retry engine: what rules count and limit. */
#include "retry_stage.h"

/* -- count, limit, within ---------------------------------------------------
 */

#define ON(status) "\"on\":{\"status\":[\"" status "\"]}"

/* n of the back-off: a streak begins anew with any other outcome, iterations
 * count polls too, a run counts retries of all rules. */
static void test_what_the_back_off_counts(void **state)
{
    (void)state;
    static const char *const counts[] = {"run", "streak", "iterations"};
    static const int expected[][6] = {
        {1, 2, 0, 4, 8, 16}, {1, 2, 0, 1, 1, 2}, {1, 2, 0, 8, 16, 32}};
    static const int statuses[] = {500, 500, 408, 500, 503, 503};
    for (size_t i = 0; i < 3; i++) {
        char layer[1024];
        snprintf(
            layer, sizeof layer,
            "{\"name\":\"a\",\"rules\":[{" ON("408") ",\"do\":\"poll\"},{" ON(
                "500") ",\"do\":\"retry\",\"count\":\"%s\",\"backoff\":%s}"
                       ",{" ON("503") ",\"do\":\"retry\",\"count\":\"%s\","
                                      "\"backoff\":%s}]}",
            counts[i], "{\"schedule\":\"exponential\",\"base\":\"1s\"}",
            counts[i], "{\"schedule\":\"exponential\",\"base\":\"1s\"}");
        struct stage stage;
        stage_init(&stage, read_profile(layer), 0);
        stage_start(&stage, 0);
        for (int k = 0; k < 6; k++) {
            struct retry_action action = stage_end(&stage, 0, statuses[k]);
            assert_int_equal(action.kind, RETRY_WAIT);
            assert_int_equal(action.delay_ns, expected[i][k] * S);
            stage_timer(&stage, 0, action.until_ns);
        }
        profile_free(stage.profile);
    }
}

static void test_streaks_end(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                read_profile("{\"name\":\"a\",\"rules\":[{" ON(
                    "500") ",\"do\":"
                           "\"retry\",\"count\":\"streak\",\"limit\":2,"
                           "\"backoff\":" DOUBLING "},{" ON(
                               "502") ",\"do\":\"retry\",\"backoff\":" DOUBLING
                                      "}]}"));
    PLAY(&client, {.status = 500}, {.status = 500}, {.status = 502},
         {.status = 500}, {.status = 500}, {.status = 500});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by a\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 500\n"
                         "[   1.000] wait 2.000 by a\n"
                         "[   3.000] send 3\n"
                         "[   3.000] 502\n"
                         "[   3.000] wait 4.000 by a\n"
                         "[   7.000] send 4\n"
                         "[   7.000] 500\n"
                         "[   7.000] wait 1.000 by a\n"
                         "[   8.000] send 5\n"
                         "[   8.000] 500\n"
                         "[   8.000] wait 2.000 by a\n"
                         "[  10.000] send 6\n"
                         "[  10.000] 500\n"
                         "[  10.000] done, failed: attempts\n");
}

static void test_a_limit_of_polls(void **state)
{
    (void)state;
    struct client client;
    client_init(
        &client,
        read_profile("{\"name\":\"outer\"," RETRY_5XX(
            "{\"schedule\":\"constant\",\"base\":\"9s\"}") "},{"
                                                           "\"name\":\"poll\","
                                                           "\"rules\":[{" ON(
                                                               "429") ",\"do\":"
                                                                      "\"poll\""
                                                                      ",\"count"
                                                                      "\":"
                                                                      "\"iterat"
                                                                      "ions\","
                                                                      "\"limit"
                                                                      "\":2}]"
                                                                      "}"));
    PLAY(&client, {.status = 429}, {.status = 429}, {.status = 429},
         {.status = 200});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 429\n"
                         "[   0.000] wait 0.000 by poll\n"
                         "[   0.000] send 2\n"
                         "[   0.000] 429\n"
                         "[   0.000] wait 0.000 by poll\n"
                         "[   0.000] send 3\n"
                         "[   0.000] 429\n"
                         "[   0.000] wait 9.000 by outer\n"
                         "[   9.000] send 4\n"
                         "[   9.000] 200\n"
                         "[   9.000] done, ok: success\n");
}

/* Half an hour of polling, then the next rule. The half hour begins with the
 * first match, also at instant 0, and anew with each run. */
static void test_a_rule_that_holds_for_a_time(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"outer\"," RETRY_5XX(
            CONSTANT) "},{"
                      "\"name\":\"poll\",\"rules\":[{" ON(
                          "408") ",\"do\":"
                                 "\"poll\",\"within\":\"30min\"},{" ON(
                                     "408") ",\"do\":"
                                            "\"fail\"},{" ON(
                                                "503") ",\"do\":\"poll\"}]}"),
        -10 * S);
    stage_start(&stage, 0);
    assert_waits(stage_end(&stage, 0, 503), WAIT_POLL, -10 * S);
    assert_sends(stage_timer(&stage, 0, 0));
    assert_waits(stage_end(&stage, 0, 408), WAIT_POLL, 0);
    assert_sends(stage_timer(&stage, 0, 1800 * S - 1));
    assert_waits(stage_end(&stage, 0, 408), WAIT_POLL, 1800 * S - 1);
    assert_sends(stage_timer(&stage, 0, 1800 * S - 1));
    stage.now_ns = 1800 * S;
    assert_done(stage_end(&stage, 0, 408), REASON_FINAL);
    stage.now_ns = 0;
    stage_start(&stage, 1);
    stage_end(&stage, 1, 408);
    assert_sends(stage_timer(&stage, 1, 0));
    stage.now_ns = 1000 * S;
    stage_end(&stage, 1, 500);
    assert_sends(stage_timer(&stage, 1, 1001 * S)); /* a new run */
    stage.now_ns = 1900 * S;
    assert_waits(stage_end(&stage, 1, 408), WAIT_POLL, 1900 * S);
    assert_sends(stage_timer(&stage, 1, 1900 * S));
    stage.now_ns = 3699 * S;
    assert_waits(stage_end(&stage, 1, 408), WAIT_POLL, 3699 * S);
    profile_free(stage.profile);
}

/* -- polls ------------------------------------------------------------------
 */

static void test_polls_may_wait(void **state)
{
    (void)state;
    struct client client;
    client_init(
        &client,
        read_profile(
            "{\"name\":\"poll\",\"budget\":{\"attempts\":1,\"elapsed\":"
            "\"20s\",\"elapsed_test\":\"before-sleep\"},\"rules\":[{" ON(
                "408") ",\"do\":\"poll\",\"count\":\"iterations\","
                       "\"backoff\":" DOUBLING ",\"retry_after\":{\"read\":[{"
                       "\"header\":\"retry-after\","
                       "\"as\":[\"seconds\"]}]}}]}"));
    PLAY(&client, {.status = 408}, {.status = 408, .retry_after = "7"},
         {.status = 408}, {.status = 408});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 408\n"
                         "[   0.000] wait 1.000 by poll\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 408\n"
                         "[   1.000] wait 7.000 by poll\n"
                         "[   8.000] send 3\n"
                         "[   8.000] 408\n"
                         "[   8.000] wait 4.000 by poll\n"
                         "[  12.000] send 4\n"
                         "[  12.000] 408\n"
                         "[  12.000] wait 8.000 by poll\n"
                         "[  20.000] send 5\n"
                         "[  20.000] 408\n"
                         "[  20.000] done, failed: elapsed\n");
}

/* The delay of a poll is remembered if its own law needs it. */
static void test_memory_of_polls(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"a\",\"rules\":[{" ON(
            "408") ",\"do\":"
                   "\"poll\",\"backoff\":{\"schedule\":\"constant\","
                   "\"base\":\"1s\",\"jitter\":{\"decorrelated\":3}}"
                   "},{" ON("409") ",\"do\":\"poll\",\"backoff\":" CONSTANT
                                   "}]}"),
        0);
    stage_start(&stage, 0);
    struct retry_action action = stage_end(&stage, 0, 408);
    assert_int_equal(action.delay_ns, 2 * S); /* U(1, 3) */
    stage_timer(&stage, 0, action.until_ns);
    action = stage_end(&stage, 0, 409);
    stage_timer(&stage, 0, action.until_ns);
    action = stage_end(&stage, 0, 408);
    assert_int_equal(action.delay_ns, 3500 * MS); /* U(1, 6) */
    profile_free(stage.profile);
}

/* -- start over -------------------------------------------------------------
 */

#define START_OVER_LAYERS(outer_keys)                                      \
    "{\"name\":\"outer\"" outer_keys ",\"rules\":[{" ON(                   \
        "500") ",\"do\":\"retry\",\"backoff\":" CONSTANT                   \
               "}]},{\"name\":\"middle\"},{"                               \
               "\"name\":\"inner\",\"rules\":[{" ON(                       \
                   "410") ",\"do\":\"start-over\","                        \
                          "\"backoff\":{\"schedule\":"                     \
                          "\"exponential\",\"base\":\"10s\"}},"            \
                          "{" ON("411") ",\"do\":\"start-"                 \
                                        "over\"},{" ON("503") ",\"do\":"   \
                                                              "\"retry\"," \
                                                              "\"backoff"  \
                                                              "\""         \
                                                              ":" CONSTANT \
                                                              "}]}"

/* The outermost layer retries by the back-off of the rule that says so. */
static void test_start_over(void **state)
{
    (void)state;
    struct client client;
    client_init(&client, read_profile(START_OVER_LAYERS(
                             ",\"budget\":{\"attempts\":5}")));
    PLAY(&client, {.status = 500}, {.status = 410}, {.status = 503},
         {.status = 411}, {.status = 410}, {.status = 410});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by outer\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 410\n"
                         "[   1.000] wait 20.000 by outer\n"
                         "[  21.000] send 3\n"
                         "[  21.000] 503\n"
                         "[  21.000] wait 1.000 by inner\n"
                         "[  22.000] send 4\n"
                         "[  22.000] 411\n"
                         "[  22.000] wait 0.000 by outer\n"
                         "[  22.000] send 5\n"
                         "[  22.000] 410\n"
                         "[  22.000] wait 80.000 by outer\n"
                         "[ 102.000] send 6\n"
                         "[ 102.000] 410\n"
                         "[ 102.000] done, failed: attempts\n");
}

/* A layer that is switched off retries for nobody. */
static void test_start_over_with_outer_layers_off(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, read_profile(START_OVER_LAYERS(",\"enabled\":false")),
               0);
    stage_start(&stage, 0);
    struct retry_action action = stage_end(&stage, 0, 410);
    assert_waits(action, WAIT_RETRY, 10 * S);
    assert_string_equal(action.layer->name, "middle");
    assert_ptr_equal(action.rule, &stage.profile->layers[2].rules[0]);
    profile_free(stage.profile);
}

/* A call that starts over ends the streak of the layer that waits for it. */
static void test_start_over_ends_a_streak(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(
        &stage,
        read_profile("{\"name\":\"outer\",\"rules\":[{" ON(
            "500") ",\"do\":\"retry\",\"count\":\"streak\","
                   "\"backoff\":" DOUBLING
                   "}]},{\"name\":\"inner\",\"rules\":[{" ON(
                       "410") ",\"do\":\"start-over\",\"backoff\":" DOUBLING
                              "}]}"),
        0);
    static const int statuses[] = {500, 500, 410, 500, 500};
    static const int delays[] = {1, 2, 4, 1, 2};
    stage_start(&stage, 0);
    for (int i = 0; i < 5; i++) {
        struct retry_action action = stage_end(&stage, 0, statuses[i]);
        assert_int_equal(action.delay_ns, delays[i] * S);
        stage_timer(&stage, 0, action.until_ns);
    }
    profile_free(stage.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_back_off_counts),
        cmocka_unit_test(test_streaks_end),
        cmocka_unit_test(test_a_limit_of_polls),
        cmocka_unit_test(test_a_rule_that_holds_for_a_time),
        cmocka_unit_test(test_polls_may_wait),
        cmocka_unit_test(test_memory_of_polls),
        cmocka_unit_test(test_start_over),
        cmocka_unit_test(test_start_over_with_outer_layers_off),
        cmocka_unit_test(test_start_over_ends_a_streak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
