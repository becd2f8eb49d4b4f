/* What a client does around the engine, whichever world it is in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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
    assert_int_equal(caller_timeout(&none, 7).limit_ns, 7);
    assert_int_equal(caller_timeout(&none, 7).kind, TIMEOUT_INACTIVITY);
    assert_int_equal(caller_timeout(&none, 0).limit_ns, NS_FOREVER);
    assert_int_equal(caller_timeout(&own, 7).limit_ns, NS_PER_S);
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
    died = (struct attempt_outcome){
        .end = END_STATUS, .status = 503, .connection_was_reused = true};
    assert_false(caller_resends(&resend, &died, 0));
}

static struct trace_result told(const struct retry_action *action,
                                char text[80])
{
    static const struct retry_call call = {.attempts = 2};
    static const struct attempt_outcome last = {.end = END_STATUS,
                                                .status = 503};
    return caller_result(&(struct caller_end){&call, action, &last, "ab"},
                         text);
}

/* Goal: a caller learns of the last answer, unless it went away itself. */
static void a_caller_learns_of_the_last_answer(void **state)
{
    (void)state;
    char text[80];
    struct retry_action action = {.kind = RETRY_DONE,
                                  .reason = REASON_ATTEMPTS};
    struct trace_result result = told(&action, text);
    assert_false(result.is_ok);
    assert_int_equal(result.status, 503);
    assert_string_equal(result.error, "attempts: status 503");
    assert_string_equal(result.sha256, "ab");
    action.reason = REASON_CANCELLED;
    result = told(&action, text);
    assert_int_equal(result.status, 0);
    assert_string_equal(result.error, "cancelled");
    assert_string_equal(result.sha256, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_begin_evenly),
        cmocka_unit_test(the_plan_may_ask_for_a_timeout),
        cmocka_unit_test(only_what_is_covered_is_sent_again),
        cmocka_unit_test(a_caller_learns_of_the_last_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
