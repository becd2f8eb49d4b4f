/* What a client does around the engine, whichever world it is in. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/caller.h"
#include "model/units.h"

/* Goal: clients begin evenly over the spread, the first one at once. */
static void clients_begin_evenly(void **state)
{
    (void)state;
    const struct workload workload = {.clients = 4,
                                      .start_spread_ns = 2 * NS_PER_S};
    assert_int_equal(caller_start_ns(&workload, 0), 0);
    assert_int_equal(caller_start_ns(&workload, 1), NS_PER_S / 2);
    assert_int_equal(caller_start_ns(&workload, 3), 3 * NS_PER_S / 2);
}

/* Goal: the plan's timeout replaces a limit, and is one of silence without. */
static void the_plan_may_ask_for_a_timeout(void **state)
{
    (void)state;
    const struct attempt_timeout none = {NS_FOREVER, TIMEOUT_TOTAL};
    const struct attempt_timeout own = {NS_PER_S, TIMEOUT_TOTAL};
    assert_int_equal(caller_timeout(&none, 1).limit_ns, 1);
    assert_int_equal(caller_timeout(&none, 7).limit_ns, 7);
    assert_int_equal(caller_timeout(&none, 7).kind, TIMEOUT_INACTIVITY);
    assert_int_equal(caller_timeout(&none, 0).limit_ns, NS_FOREVER);
    assert_int_equal(caller_timeout(&own, 7).limit_ns, NS_PER_S);
}

/* Goal: the plan's timeout replaces each limit that there is, in a copy. */
static void the_plan_replaces_the_limits_of_layers(void **state)
{
    (void)state;
    struct layer own[2] = {0}, copies[PROFILE_LAYERS_MAX] = {0};
    copies[2].attempt_timeout.limit_ns = 77; /* stays as it is */
    own[0].attempt_timeout = (struct attempt_timeout){NS_FOREVER, TIMEOUT_HEAD};
    own[1].attempt_timeout = (struct attempt_timeout){NS_PER_S, TIMEOUT_HEAD};
    const struct profile profile = {.layers = own, .layer_count = 2};
    struct profile asked = caller_profile(&profile, 1, copies);
    assert_ptr_equal(asked.layers, copies);
    assert_int_equal(asked.layer_count, 2);
    assert_int_equal(copies[0].attempt_timeout.limit_ns, NS_FOREVER);
    assert_int_equal(copies[1].attempt_timeout.limit_ns, 1);
    assert_int_equal(copies[2].attempt_timeout.limit_ns, 77);
    assert_int_equal(copies[1].attempt_timeout.kind, TIMEOUT_HEAD);
    assert_int_equal(own[1].attempt_timeout.limit_ns, NS_PER_S);
    caller_profile(&profile, 0, copies);
    assert_int_equal(copies[1].attempt_timeout.limit_ns, NS_PER_S);
}

/* Goal: calls and clients draw from streams of their own, delays from another
 * one than timing; which ones is what makes a seed's run the same for ever. */
static void streams_are_apart(void **state)
{
    (void)state;
    struct caller_streams base = caller_streams(1, 2, 3);
    struct caller_streams others[] = {
        caller_streams(2, 2, 3), caller_streams(1, 3, 3),
        caller_streams(1, 2, 4), caller_streams(1, 3, 2)};
    struct rng calls = rng_stream(1, 1, (uint64_t)2 << 32 | 3);
    struct rng timing = rng_stream(1, 2, (uint64_t)2 << 32 | 3);
    uint64_t first = rng_next(&base.calls);
    assert_true(first == rng_next(&calls));
    assert_true(rng_next(&base.timing) == rng_next(&timing));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_true(first != rng_next(&others[i].calls));
    }
}

/* Goal: bodies where the method has one; the follow-up tells the token alone.
 */
static void what_is_sent(void **state)
{
    (void)state;
    const struct workload workload = {.payload = "{\"id\":\"<token>\"}"};
    static const char *const with_body[] = {"POST", "PUT", "PATCH"};
    for (size_t i = 0; i < 3; i++) {
        const struct retry_request requests[2] = {{.method = with_body[i]},
                                                  {.method = "POST"}};
        char *payloads[2] = {NULL, NULL};
        assert_true(caller_payloads(&workload, requests, "rs-1-2", payloads));
        assert_string_equal(payloads[0], "{\"id\":\"rs-1-2\"}");
        assert_string_equal(payloads[1], "{\"token\":\"rs-1-2\"}");
        free(payloads[0]);
        free(payloads[1]);
    }
    const struct retry_request bare[2] = {{.method = "GET"}, {.method = NULL}};
    char *payloads[2] = {NULL, NULL};
    assert_true(caller_payloads(&workload, bare, "rs-1-2", payloads));
    assert_null(payloads[0]);
    assert_null(payloads[1]);
}

/* Goal: RFC 9562 5.4: the version is 4, the variant 10, the rest is drawn. */
static void a_key_looks_like_a_random_uuid(void **state)
{
    (void)state;
    struct rng rng = rng_stream(1, 1, 1), same = rng_stream(1, 1, 1);
    for (int i = 0; i < 100; i++) {
        char key[CALLER_KEY], expected[CALLER_KEY];
        caller_draw_key(&rng, key);
        uint64_t a = rng_next(&same), b = rng_next(&same);
        assert_int_equal(strlen(key), CALLER_KEY - 1);
        assert_int_equal(strspn(key, "0123456789abcdef-"), CALLER_KEY - 1);
        assert_true(key[8] == '-' && key[13] == '-' && key[18] == '-' &&
                    key[23] == '-');
        assert_true(key[14] == '4' && strchr("89ab", key[19]));
        snprintf(expected, sizeof expected, "%016" PRIx64, a);
        assert_memory_equal(key, expected, 8);
        assert_memory_equal(key + 9, expected + 8, 4);
        assert_memory_equal(key + 15, expected + 13, 3);
        snprintf(expected, sizeof expected, "%016" PRIx64, b);
        assert_memory_equal(key + 20, expected + 1, 3);
        assert_memory_equal(key + 24, expected + 4, 12);
    }
}

/* Goal: below the layers, only what is covered is sent again, so often. */
static void only_what_is_covered_is_sent_again(void **state)
{
    (void)state;
    struct resend resend = {
        .is_used = true, .on_stale_connection = true, .limit = 1};
    struct attempt_outcome died = {.end = END_CLOSE,
                                   .connection_was_reused = true};
    assert_true(caller_resends(&resend, &died, 0));
    assert_false(caller_resends(&resend, &died, 1));
    died.connection_was_reused = false;
    assert_false(caller_resends(&resend, &died, 0));
    died = (struct attempt_outcome){.end = END_RESET,
                                    .connection_was_reused = true};
    assert_true(caller_resends(&resend, &died, 0));
    died.end = END_TIMEOUT;
    assert_false(caller_resends(&resend, &died, 0));
    died = (struct attempt_outcome){
        .end = END_STATUS, .status = 503, .connection_was_reused = true};
    assert_false(caller_resends(&resend, &died, 0));
    status_set_add(&resend.statuses, 503, 503);
    assert_true(caller_resends(&resend, &died, 0));
    died.end = END_RESET;
    resend.on_stale_connection = false;
    assert_false(caller_resends(&resend, &died, 0));
    died.end = END_STATUS;
    resend.is_used = false;
    assert_false(caller_resends(&resend, &died, 0));
}

static struct trace_result told(const struct retry_action *action,
                                enum attempt_end end, int64_t attempts,
                                char text[80])
{
    const struct retry_call call = {.attempts = attempts};
    const struct attempt_outcome last = {.end = end,
                                         .status = end == END_STATUS ? 503 : 0};
    return caller_result(&(struct caller_end){&call, action, &last, "ab"},
                         text);
}

static void tells(const struct trace_result *result, int status,
                  const char *error)
{
    assert_int_equal(result->status, status);
    assert_string_equal(result->error, error);
    assert_string_equal(result->sha256, status ? "ab" : "");
}

/* Goal: the result has the last answer, unless the caller went away. */
static void a_caller_learns_of_the_last_answer(void **state)
{
    (void)state;
    char text[80];
    struct retry_action action = {.kind = RETRY_DONE,
                                  .reason = REASON_ATTEMPTS};
    struct trace_result result = told(&action, END_STATUS, 2, text);
    assert_false(result.is_ok);
    tells(&result, 503, "attempts: status 503");
    result = told(&action, END_RESET, 2, text);
    tells(&result, 0, "attempts: reset");
    result = told(&action, END_UNFINISHED, 0, text);
    tells(&result, 0, "attempts");
    action.reason = REASON_CANCELLED;
    result = told(&action, END_STATUS, 2, text);
    tells(&result, 0, "cancelled");
    action = (struct retry_action){.kind = RETRY_DONE, .is_ok = true};
    result = told(&action, END_STATUS, 1, text);
    assert_true(result.is_ok);
    tells(&result, 503, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_begin_evenly),
        cmocka_unit_test(the_plan_may_ask_for_a_timeout),
        cmocka_unit_test(the_plan_replaces_the_limits_of_layers),
        cmocka_unit_test(streams_are_apart),
        cmocka_unit_test(what_is_sent),
        cmocka_unit_test(a_key_looks_like_a_random_uuid),
        cmocka_unit_test(only_what_is_covered_is_sent_again),
        cmocka_unit_test(a_caller_learns_of_the_last_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
