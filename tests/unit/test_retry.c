/* The retry engine by golden traces: which layer decides what, and when a
 * budget is spent. */
#include "retry_story.h"

/* -- one layer --------------------------------------------------------------
 */

static void test_attempts_are_spent(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                read_profile("{\"name\":\"sdk\",\"budget\":{"
                             "\"attempts\":3}," RETRY_5XX(DOUBLING) "}"));
    PLAY(&client, {.status = 503});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 503\n"
                         "[   0.000] wait 1.000 by sdk\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 503\n"
                         "[   1.000] wait 2.000 by sdk\n"
                         "[   3.000] send 3\n"
                         "[   3.000] 503\n"
                         "[   3.000] done, failed: attempts\n");
}

static void test_success_after_a_transport_fault(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                read_profile("{\"name\":\"sdk\"," RETRY_5XX(DOUBLING) "}"));
    struct retry_action action =
        PLAY(&client, {.end = END_RESET, .took_ns = 500 * MS}, {.status = 204});
    assert_true(action.is_ok);
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.500] reset\n"
                         "[   0.500] wait 1.000 by sdk\n"
                         "[   1.500] send 2\n"
                         "[   1.500] 204\n"
                         "[   1.500] done, ok: success\n");
}

static void test_what_no_rule_covers_is_final(void **state)
{
    (void)state;
    const struct {
        struct ended ended;
        bool is_ok;
    } cases[] = {
        {{.status = 200}, true},  {{.status = 302}, true},
        {{.status = 400}, false}, {{.status = 101}, false},
        {{.status = 999}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client;
        client_init(&client,
                    read_profile("{\"name\":\"sdk\"," RETRY_5XX(DOUBLING) "}"));
        struct retry_action action = client_play(&client, &cases[i].ended, 1);
        assert_int_equal(action.kind, RETRY_DONE);
        assert_int_equal(action.is_ok, cases[i].is_ok);
        assert_int_equal(action.reason,
                         cases[i].is_ok ? REASON_SUCCESS : REASON_FINAL);
        profile_free(client.profile);
    }
}

static void test_rules_may_retry_a_200(void **state)
{
    (void)state;
    struct client client;
    client_init(
        &client,
        read_profile(
            "{\"name\":\"sdk\",\"budget\":{\"attempts\":2},"
            "\"rules\":[{\"on\":{\"status\":[\"200\"],\"header\":{"
            "\"name\":\"x-marker\",\"value\":\"Again\","
            "\"ignores_case\":true}},\"do\":\"retry\",\"backoff\":" CONSTANT
            ",\"retry_after\":\"ignored\"}]}"));
    struct retry_action action =
        PLAY(&client, {.status = 200, .marker = " again "});
    assert_false(action.is_ok);
    assert_int_equal(action.reason, REASON_ATTEMPTS);
    retry_call_init(&client.call, &client.shared,
                    &(struct retry_request){.method = "POST", .path = "/v1/x"});
    action = PLAY(&client, {.status = 200, .marker = "done"});
    assert_true(action.is_ok);
    profile_free(client.profile);
}

static void test_polls_are_not_counted(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                read_profile("{\"name\":\"poll\",\"budget\":{\"attempts\":2},"
                             "\"rules\":[{\"on\":{\"status\":[\"408\"]},"
                             "\"do\":\"poll\"},{\"on\":{\"status\":[\"500\"]},"
                             "\"do\":\"retry\",\"backoff\":" DOUBLING
                             ",\"retry_after\":\"ignored\"}]}"));
    PLAY(&client, {.status = 408, .took_ns = 2 * S},
         {.status = 408, .took_ns = 2 * S}, {.status = 500}, {.status = 408},
         {.status = 500});
    check_story(&client, "[   0.000] send 1\n"
                         "[   2.000] 408\n"
                         "[   2.000] wait 0.000 by poll\n"
                         "[   2.000] send 2\n"
                         "[   4.000] 408\n"
                         "[   4.000] wait 0.000 by poll\n"
                         "[   4.000] send 3\n"
                         "[   4.000] 500\n"
                         "[   4.000] wait 1.000 by poll\n"
                         "[   5.000] send 4\n"
                         "[   5.000] 408\n"
                         "[   5.000] wait 0.000 by poll\n"
                         "[   5.000] send 5\n"
                         "[   5.000] 500\n"
                         "[   5.000] done, failed: attempts\n");
}

static void test_own_counters_by_kind_of_failure(void **state)
{
    (void)state;
    struct client client;
    client_init(
        &client,
        read_profile("{\"name\":\"sdk\",\"budget\":{"
                     "\"connect_attempts\":3,\"read_attempts\":2}," RETRY_5XX(
                         CONSTANT) "}"));
    PLAY(&client, {.end = END_REFUSED}, {.end = END_CUT}, {.status = 500},
         {.end = END_UNREACHABLE}, {.end = END_RESET_BODY});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] refused\n"
                         "[   0.000] wait 1.000 by sdk\n"
                         "[   1.000] send 2\n"
                         "[   1.000] cut\n"
                         "[   1.000] wait 1.000 by sdk\n"
                         "[   2.000] send 3\n"
                         "[   2.000] 500\n"
                         "[   2.000] wait 1.000 by sdk\n"
                         "[   3.000] send 4\n"
                         "[   3.000] unreachable\n"
                         "[   3.000] wait 1.000 by sdk\n"
                         "[   4.000] send 5\n"
                         "[   4.000] reset-body\n"
                         "[   4.000] done, failed: attempts\n");
}

/* -- elapsed time -----------------------------------------------------------
 */

static enum retry_reason elapsed_story(struct client *client, const char *test)
{
    char layer[1024];
    snprintf(layer, sizeof layer,
             "{\"name\":\"sdk\",\"budget\":{\"elapsed\":\"5s\","
             "\"elapsed_test\":\"%s\"},%s}",
             test, RETRY_5XX(DOUBLING));
    client_init(client, read_profile(layer));
    return PLAY(client, {.status = 500}).reason;
}

static void test_elapsed_tests(void **state)
{
    (void)state;
    struct client client;
    assert_int_equal(elapsed_story(&client, "after-attempt"), REASON_ELAPSED);
    assert_int_equal(client.now_ns, 7 * S);
    profile_free(client.profile);
    assert_int_equal(elapsed_story(&client, "before-sleep"), REASON_ELAPSED);
    assert_int_equal(client.now_ns, 3 * S);
    profile_free(client.profile);
    assert_int_equal(elapsed_story(&client, "cut-sleep"), REASON_ELAPSED);
    assert_int_equal(client.now_ns, 5 * S);
    profile_free(client.profile);
}

/* -- nested layers ----------------------------------------------------------
 */

static void test_tinker_submit_under_endless_500(void **state)
{
    (void)state;
    struct error error = {0};
    struct profile *profile = profile_read_file(
        SOURCE_DIR "/scenarios/profiles/tinker-submit.jsonc", &error);
    assert_non_null(profile);
    struct client client;
    client_init(&client, profile);
    retry_call_init(
        &client.call, &client.shared,
        &(struct retry_request){.method = "POST", .path = "/api/v1/asample"});
    struct retry_action action = client_step(&client, RETRY_START);
    char waits[400] = "";
    for (int i = 0; i < 18; i++) {
        action = client_end(&client, &(struct ended){.status = 500});
        assert_int_equal(action.kind, RETRY_WAIT);
        char text[48];
        snprintf(text, sizeof text, "%s%c%g", i ? " " : "",
                 action.layer->name[0], (double)action.delay_ns / (double)S);
        strcat(waits, text);
        client.now_ns = action.until_ns;
        action = client_step(&client, RETRY_TIMER);
        assert_int_equal(action.kind, RETRY_SEND);
        assert_int_equal(action.until_ns, client.now_ns + 120 * S);
    }
    assert_string_equal(waits,
                        "s1 s2 s4 s8 s16 s30 s30 s30 s30 s30 s30 s30 s30 s29 "
                        "r0.5 s1 s2 s4");
    profile_free(profile);
}

static void test_tinker_submit_429_is_the_middle_layers(void **state)
{
    (void)state;
    struct error error = {0};
    struct client client;
    client_init(&client,
                profile_read_file(SOURCE_DIR
                                  "/scenarios/profiles/tinker-submit.jsonc",
                                  &error));
    PLAY(&client, {.status = 429, .retry_after = "7"},
         {.status = 429, .retry_after = "7"}, {.status = 500}, {.status = 429},
         {.status = 500}, {.status = 422});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 429\n"
                         "[   0.000] wait 1.000 by dispatch\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 429\n"
                         "[   1.000] wait 1.000 by dispatch\n"
                         "[   2.000] send 3\n"
                         "[   2.000] 500\n"
                         "[   2.000] wait 1.000 by submit\n"
                         "[   3.000] send 4\n"
                         "[   3.000] 429\n"
                         "[   3.000] wait 1.000 by dispatch\n"
                         "[   4.000] send 5\n"
                         "[   4.000] 500\n"
                         "[   4.000] wait 1.000 by submit\n"
                         "[   5.000] send 6\n"
                         "[   5.000] 422\n"
                         "[   5.000] done, failed: final\n");
}

/* The outer layer's attempts are runs of the inner one. */
static void test_budget_spent_goes_outwards(void **state)
{
    (void)state;
    struct client client;
    client_init(
        &client,
        read_profile(
            "{\"name\":\"outer\",\"budget\":{\"attempts\":2}," RETRY_5XX(
                "{\"schedule\":\"constant\","
                "\"base\":\"10s\"}") "},{\"name\":\"inner\",\"budget\":{"
                                     "\"attempts\":2}," RETRY_5XX(
                                         CONSTANT) "}"));
    PLAY(&client, {.status = 500});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by inner\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 500\n"
                         "[   1.000] wait 10.000 by outer\n"
                         "[  11.000] send 3\n"
                         "[  11.000] 500\n"
                         "[  11.000] wait 1.000 by inner\n"
                         "[  12.000] send 4\n"
                         "[  12.000] 500\n"
                         "[  12.000] done, failed: attempts\n");
}

static void test_fail_is_final_for_all_layers(void **state)
{
    (void)state;
    struct client client;
    client_init(&client,
                read_profile("{\"name\":\"outer\"," RETRY_5XX(
                    CONSTANT) "},{\"name\":\"inner\",\"rules\":[{\"on\":{"
                              "\"status\":[\"501\"]},\"do\":\"fail\"}]}"));
    PLAY(&client, {.status = 500}, {.status = 501});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 500\n"
                         "[   0.000] wait 1.000 by outer\n"
                         "[   1.000] send 2\n"
                         "[   1.000] 501\n"
                         "[   1.000] done, failed: final\n");
}

/* -- Retry-After ------------------------------------------------------------
 */

/* One layer that reads seconds, with further keys of the policy. */
static void header_client(struct client *client, const char *keys)
{
    char layer[1024];
    snprintf(layer, sizeof layer,
             "{\"name\":\"sdk\",\"rules\":[{\"on\":{\"status\":[\"429\"]},"
             "\"do\":\"retry\",\"backoff\":%s,\"retry_after\":{\"read\":[{"
             "\"header\":\"retry-after\",\"as\":[\"seconds-prefix\"]}],"
             "\"status\":[\"429\"]%s}}]}",
             DOUBLING, keys);
    client_init(client, read_profile(layer));
}

static void test_header_replaces_the_delay_but_counts(void **state)
{
    (void)state;
    struct client client;
    header_client(&client, "");
    PLAY(&client, {.status = 429, .retry_after = "7"}, {.status = 429},
         {.status = 200});
    check_story(&client, "[   0.000] send 1\n"
                         "[   0.000] 429\n"
                         "[   0.000] wait 7.000 by sdk\n"
                         "[   7.000] send 2\n"
                         "[   7.000] 429\n"
                         "[   7.000] wait 2.000 by sdk\n"
                         "[   9.000] send 3\n"
                         "[   9.000] 200\n"
                         "[   9.000] done, ok: success\n");
}

static void test_header_effects(void **state)
{
    (void)state;
    struct client client;
    header_client(&client, ",\"limit\":\"60s\",\"above_limit\":\"give-up\"");
    assert_int_equal(PLAY(&client, {.status = 429, .retry_after = "61"}).reason,
                     REASON_RETRY_AFTER);
    profile_free(client.profile);
    header_client(&client, ",\"negative\":\"raise\"");
    assert_int_equal(PLAY(&client, {.status = 429, .retry_after = "-1"}).reason,
                     REASON_RETRY_AFTER);
    profile_free(client.profile);
}

static void test_a_client_that_never_comes_back(void **state)
{
    (void)state;
    struct client client;
    header_client(&client, ",\"zero\":\"never\"");
    client_step(&client, RETRY_START);
    struct retry_action action =
        client_end(&client, &(struct ended){.status = 429, .retry_after = "0"});
    assert_int_equal(action.kind, RETRY_WAIT);
    assert_true(action.is_never);
    assert_int_equal(action.until_ns, NS_FOREVER);
    assert_int_equal(backoff_range(&action.law).min_ns, NS_FOREVER);
    client.now_ns = 1000 * S;
    assert_true(client_step(&client, RETRY_TIMER).is_never);
    action = client_step(&client, RETRY_CANCEL);
    assert_int_equal(action.kind, RETRY_DONE);
    assert_int_equal(action.reason, REASON_CANCELLED);
    profile_free(client.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attempts_are_spent),
        cmocka_unit_test(test_success_after_a_transport_fault),
        cmocka_unit_test(test_what_no_rule_covers_is_final),
        cmocka_unit_test(test_rules_may_retry_a_200),
        cmocka_unit_test(test_polls_are_not_counted),
        cmocka_unit_test(test_own_counters_by_kind_of_failure),
        cmocka_unit_test(test_elapsed_tests),
        cmocka_unit_test(test_tinker_submit_under_endless_500),
        cmocka_unit_test(test_tinker_submit_429_is_the_middle_layers),
        cmocka_unit_test(test_budget_spent_goes_outwards),
        cmocka_unit_test(test_fail_is_final_for_all_layers),
        cmocka_unit_test(test_header_replaces_the_delay_but_counts),
        cmocka_unit_test(test_header_effects),
        cmocka_unit_test(test_a_client_that_never_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
