/* What the client saw of an attempt, from what the server noted of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/seen.h"
#include "model/units.h"

#define MS NS_PER_MS

/* A date that was sent one hour ahead of the server's clock. */
static const struct reply_header dated[] = {
    {.name = "X-Other", .value = "1"},
    {.name = "Date", .is_date = true},
    {.name = "Retry-After", .is_date = true, .date_offset_ns = 3600 * NS_PER_S},
};
static const struct step steps[] = {
    {.reply = {.where = NULL}},
    {.reply = {.where = "server[0].steps[1]",
               .headers = dated,
               .header_count = 3,
               .body = "{\"a\":1}",
               .body_size = 7}},
};
static const struct window windows[] = {
    {.reply = {.where = "server[0].windows[0]", .framing = FRAMING_CHUNKED}}};
static const struct route routes[] = {
    {.steps = steps, .step_count = 2, .windows = windows, .window_count = 1}};
static const struct scenario scenario = {.routes = routes, .route_count = 1};
static const struct trace no_clock = {0};
static struct answers answers;
static const struct judging judging = {.scenario = &scenario,
                                       .answers = &answers,
                                       .trace = &no_clock,
                                       .tests_length = true,
                                       .tests_body = true,
                                       .early_ns = 10 * MS,
                                       .lag_ns = 1 * MS};

static struct trace_attempt attempt_with(enum attempt_end end)
{
    return (struct trace_attempt){.head_ns = 100 * MS,
                                  .first_byte_ns = TRACE_NEVER,
                                  .last_byte_ns = TRACE_NEVER,
                                  .gone_ns = TRACE_NEVER,
                                  .step = "server[0].steps[1]",
                                  .end = end};
}

/* -- ends -------------------------------------------------------------------
 */

static void test_who_ended_it(void **state)
{
    (void)state;
    static const enum attempt_end left[] = {END_TIMEOUT, END_CANCELLED,
                                            END_UNFINISHED};
    for (size_t i = 0; i < 3; i++) {
        struct trace_attempt attempt = attempt_with(left[i]);
        attempt.gone_ns = 300 * MS;
        struct seen seen = seen_end(&judging, &attempt, TRACE_NEVER);
        assert_true(seen.is_left);
        assert_int_equal(seen.at_ns, 300 * MS);
        assert_int_equal(seen.outcome.end, END_TIMEOUT);
        attempt.gone_ns = TRACE_NEVER; /* nobody saw it leave */
        seen = seen_end(&judging, &attempt, TRACE_NEVER);
        assert_false(seen.is_left);
        assert_int_equal(seen.at_ns, attempt.head_ns);
    }
    struct trace_attempt reset = attempt_with(END_RESET);
    reset.gone_ns = 200 * MS;
    assert_int_equal(seen_end(&judging, &reset, TRACE_NEVER).at_ns, 200 * MS);
    assert_false(seen_end(&judging, &reset, TRACE_NEVER).is_left);
    reset.last_byte_ns = 150 * MS;
    assert_int_equal(seen_end(&judging, &reset, TRACE_NEVER).at_ns, 150 * MS);
    reset.last_byte_ns = 50 * MS; /* answered before the head was whole */
    assert_int_equal(seen_end(&judging, &reset, TRACE_NEVER).at_ns, 100 * MS);
}

/* The FIN may be seen a little after the head of the next attempt; much later,
 * it was open beside that. */
static void test_left_beside_the_next_attempt(void **state)
{
    (void)state;
    struct trace_attempt attempt = attempt_with(END_TIMEOUT);
    attempt.gone_ns = 300 * MS;
    static const int64_t nexts[] = {289 * MS, 288 * MS, 300 * MS, 400 * MS};
    static const int64_t ends[] = {289 * MS, 300 * MS, 300 * MS, 300 * MS};
    for (size_t i = 0; i < 4; i++) {
        struct seen seen = seen_end(&judging, &attempt, nexts[i]);
        assert_int_equal(seen.at_ns, ends[i]);
        assert_int_equal(seen.early_ns, ends[i]);
    }
}

/* A client may go by an error's status before its body is whole; by that of a
 * success only when it has it. */
static void test_left_inside_a_body(void **state)
{
    (void)state;
    struct trace_attempt attempt = attempt_with(END_CANCELLED);
    attempt.gone_ns = 300 * MS;
    attempt.status = 503;
    attempt.first_byte_ns = 120 * MS;
    struct seen seen = seen_end(&judging, &attempt, TRACE_NEVER);
    assert_false(seen.is_left);
    assert_int_equal(seen.outcome.end, END_STATUS);
    assert_int_equal(seen.outcome.status, 503);
    assert_int_equal(seen.early_ns, 120 * MS);
    assert_int_equal(seen.at_ns, 300 * MS);
    attempt.status = 200;
    assert_true(seen_end(&judging, &attempt, TRACE_NEVER).is_left);
}

/* Bodies are those of the scenario, if they were sent whole. */
static void test_bodies(void **state)
{
    (void)state;
    struct trace_attempt attempt = attempt_with(END_STATUS);
    attempt.sent_bytes = 7;
    struct seen seen = seen_end(&judging, &attempt, TRACE_NEVER);
    assert_int_equal(seen.outcome.body_size, 7);
    attempt.sent_bytes = 6;
    assert_null(seen_end(&judging, &attempt, TRACE_NEVER).outcome.body);
    attempt.step = "server[0].windows[0]"; /* has none */
    assert_null(seen_end(&judging, &attempt, TRACE_NEVER).outcome.body);
    attempt.step = "elsewhere";
    assert_null(seen_end(&judging, &attempt, TRACE_NEVER).outcome.body);
}

/* -- timeouts ---------------------------------------------------------------
 */

static void test_deadlines(void **state)
{
    (void)state;
    struct trace_attempt attempt = attempt_with(END_STATUS);
    const struct attempt_timeout none = {.limit_ns = NS_FOREVER};
    const struct attempt_timeout total = {500 * MS, TIMEOUT_TOTAL};
    const struct attempt_timeout head = {500 * MS, TIMEOUT_HEAD};
    const struct attempt_timeout idle = {500 * MS, TIMEOUT_INACTIVITY};
    attempt.last_byte_ns = 900 * MS;
    assert_int_equal(seen_deadline(&attempt, &none, 0), NS_FOREVER);
    assert_int_equal(seen_deadline(&attempt, &total, 0), 600 * MS);
    assert_int_equal(seen_deadline(&attempt, &head, 0), 600 * MS);
    attempt.first_byte_ns = 605 * MS;
    assert_int_equal(seen_deadline(&attempt, &head, 4 * MS), 600 * MS);
    assert_int_equal(seen_deadline(&attempt, &head, 5 * MS), NS_FOREVER);
    assert_int_equal(seen_deadline(&attempt, &idle, 5 * MS), 1400 * MS);
}

/* A server that hung and then closed was silent since the hang began. */
static void test_silence_of_a_hang(void **state)
{
    (void)state;
    struct trace_attempt attempt = attempt_with(END_CUT);
    const struct attempt_timeout idle = {500 * MS, TIMEOUT_INACTIVITY};
    attempt.first_byte_ns = 120 * MS;
    attempt.last_byte_ns = 900 * MS;
    attempt.fault = (struct fault){.kind = FAULT_HANG, .for_ns = 700 * MS};
    assert_int_equal(seen_deadline(&attempt, &idle, 0), 1400 * MS);
    attempt.fault_fired = true;
    assert_int_equal(seen_deadline(&attempt, &idle, 0), 700 * MS);
    attempt.end = END_CLOSE;
    assert_int_equal(seen_deadline(&attempt, &idle, 0), 700 * MS);
    attempt.end = END_STATUS;
    assert_int_equal(seen_deadline(&attempt, &idle, 0), 1400 * MS);
    attempt.end = END_CUT;
    attempt.fault.for_ns = NS_FOREVER;
    assert_int_equal(seen_deadline(&attempt, &idle, 0), 1400 * MS);
}

/* -- clocks and headers -----------------------------------------------------
 */

/* A trace without clock tells the time by a scripted date that was sent. */
static void test_wall_clock(void **state)
{
    (void)state;
    struct trace clocked = {.wall_ns = 1000 * NS_PER_S};
    struct judging with_clock = judging;
    with_clock.trace = &clocked;
    struct trace_attempt attempt = attempt_with(END_STATUS);
    assert_int_equal(seen_wall(&with_clock, &attempt, 5), 1000 * NS_PER_S + 5);
    assert_int_equal(seen_wall(&judging, &attempt, 5), 0);
    struct http_header sent[] = {
        {"Date", "never"}, {"Retry-After", "Thu, 01 Jan 1970 02:00:00 GMT"}};
    attempt.reply_headers = (struct http_headers){sent, 2};
    assert_int_equal(seen_wall(&judging, &attempt, 5), 3600 * NS_PER_S);
    attempt.step = "elsewhere";
    assert_int_equal(seen_wall(&judging, &attempt, 5), 0);
}

static void test_stated_length(void **state)
{
    (void)state;
    struct trace_attempt attempt = attempt_with(END_STATUS);
    struct http_header items[TRACE_HEADERS_MAX + 1] = {{"Server", "x"}};
    struct seen_headers room;
    attempt.reply_headers = (struct http_headers){items, 1};
    attempt.reply_size = 7;
    const struct http_headers *headers =
        seen_headers(&judging, &attempt, &room);
    assert_string_equal(http_header_get(headers, "content-length"), "7");
    attempt.step = "server[0].windows[0]"; /* chunks state none */
    assert_ptr_equal(seen_headers(&judging, &attempt, &room),
                     &attempt.reply_headers);
    attempt.step = "elsewhere";
    assert_ptr_equal(seen_headers(&judging, &attempt, &room),
                     &attempt.reply_headers);
    attempt.step = "server[0].steps[1]";
    items[0] = (struct http_header){"Content-Length", "9"};
    assert_ptr_equal(seen_headers(&judging, &attempt, &room),
                     &attempt.reply_headers);
    attempt.reply_headers.count = TRACE_HEADERS_MAX + 1; /* no room */
    assert_ptr_equal(seen_headers(&judging, &attempt, &room),
                     &attempt.reply_headers);
}

int main(void)
{
    struct arena arena = {0};
    assert_true(answers_init(&answers, &scenario, true, &arena));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_ended_it),
        cmocka_unit_test(test_left_beside_the_next_attempt),
        cmocka_unit_test(test_left_inside_a_body),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_silence_of_a_hang),
        cmocka_unit_test(test_wall_clock),
        cmocka_unit_test(test_stated_length),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    answers_deinit(&answers);
    arena_deinit(&arena);
    return failed;
}
