/* Goal: what each dialect prints of scripted calls, compared whole. */
#include "dialect_story.h"

/* The flaky operation of tinkex's guide: two failures, then a success. */
#define DEMO                                                                   \
    "{\"name\":\"with-retry\",\"budget\":{\"attempts\":3},\"rules\":[{\"on\":" \
    "{"                                                                        \
    "\"status\":[\"408\",\"410\",\"429\",\"500-599\"],\"transport\":["         \
    "\"any\"]},\"do\":\"retry\"," BACKOFF("200ms", "10s") "}]}"
#define DEMO_BODY "{\"message\":\"synthetic 500 for retry demo\"}"

static void play_demo(struct story *story)
{
    story_enter(story);
    ATTEMPT(story, EVENT_RETRY, .took_ns = MS, .status = 500, .body = DEMO_BODY,
            .delay_ns = 200 * MS);
    ATTEMPT(story, EVENT_RETRY, .took_ns = 2 * MS, .status = 500,
            .body = DEMO_BODY, .delay_ns = 400 * MS);
    ATTEMPT(story, EVENT_STOP, .took_ns = 3 * MS, .status = 200);
    story_done(story, REASON_SUCCESS);
}

/* -- tinkex -----------------------------------------------------------------
 */

/* S2-58, S2-54 */
static void test_the_guides_transcript(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_ELIXIR_CONSOLE, DEMO);
    play_demo(&story);
    story_end(&story, "tinkex-guide-demo.txt");
}

/* S2-49, S2-50, S2-51, S2-53, S2-54, S2-55, S1-60, S1-62, S1-63 */
static void test_telemetry_of_tinkex(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_ELIXIR, DEMO);
    play_demo(&story);
    story_end(&story, "tinkex-telemetry.txt");
}

/* S2-52, S2-55, S2-56, S2-67: "exhausted" is also said of a first failure that
 * nobody retries. */
static void test_failures_of_tinkex(void **state)
{
    (void)state;
    struct http_header header = {"Retry-After", "7 or so"};
    struct http_headers headers = {&header, 1};
    struct story story;
    story_begin(&story, DIALECT_ELIXIR, DEMO);
    story_enter(&story);
    ATTEMPT(&story, EVENT_FAILED, .took_ns = MS, .status = 400,
            .body = "bad \"x\"", .layer = -1, .reason = REASON_FINAL,
            .headers = &headers);
    story_done(&story, REASON_FINAL);
    story_enter(&story);
    ATTEMPT(&story, EVENT_FAILED, .end = END_REFUSED,
            .reason = REASON_ATTEMPTS);
    story_done(&story, REASON_ATTEMPTS);
    story_end(&story, "tinkex-failed.txt");
}

/* S2-40, S2-39: no event of its own. */
static void test_progress_timeout_of_tinkex(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_ELIXIR_CONSOLE, DEMO);
    story_enter(&story);
    ATTEMPT(&story, EVENT_RETRY, .status = 503, .delay_ns = 200 * MS);
    story_done(&story, REASON_PROGRESS);
    story_enter(&story);
    ATTEMPT(&story, EVENT_ABORTED, .end = END_CANCELLED, .layer = -1,
            .reason = REASON_PROGRESS);
    story_done(&story, REASON_PROGRESS);
    story_end(&story, "tinkex-progress-timeout.txt");
}

/* S3-10: the variant without the word "sampler". */
static void test_notices_of_tinkex(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_ELIXIR, DEMO);
    struct call_event event = story_event(&story, EVENT_NOTICE);
    event.queue_state = "paused_capacity";
    story_tell(&story, &event);
    story_tell(&story, &event);
    story_end(&story, "tinkex-notice.txt");
}

/* What the HTTP layer inside it does is inside one attempt. */
static void test_inner_layers_are_inside_an_attempt(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_ELIXIR_CONSOLE,
                DEMO ",{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":["
                     "\"429\"]},\"do\":\"retry\"," BACKOFF("1s", "1s") "}]}");
    story_enter(&story);
    ATTEMPT(&story, EVENT_RETRY, .took_ns = 5 * MS, .status = 429,
            .delay_ns = S, .layer = 1);
    ATTEMPT(&story, EVENT_RETRY, .took_ns = 5 * MS, .status = 500,
            .delay_ns = 200 * MS);
    ATTEMPT(&story, EVENT_STOP, .took_ns = 7 * MS, .status = 200);
    story_done(&story, REASON_SUCCESS);
    story_end(&story, "tinkex-inner-layer.txt");
}

/* S2-53: a poll is inside an attempt as well, even if the loop polls. */
static void test_polls_are_inside_an_attempt(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_ELIXIR_CONSOLE, DEMO);
    story_enter(&story);
    ATTEMPT(&story, EVENT_RETRY, .took_ns = MS, .status = 408,
            .wait = WAIT_POLL);
    ATTEMPT(&story, EVENT_STOP, .took_ns = MS, .status = 200);
    story_done(&story, REASON_SUCCESS);
    story_end(&story, "tinkex-poll.txt");
}

/* Nothing of a loop that is switched off. */
static void test_a_disabled_loop_is_silent(void **state)
{
    (void)state;
    const enum dialect_kind kinds[] = {DIALECT_ELIXIR, DIALECT_GO};
    for (size_t i = 0; i < 2; i++) {
        struct story story;
        story_begin(&story, kinds[i], "{\"name\":\"loop\",\"enabled\":false}");
        story_enter(&story);
        ATTEMPT(&story, EVENT_FAILED, .end = END_RESET, .layer = -1,
                .reason = REASON_FINAL);
        story_done(&story, REASON_FINAL);
        assert_string_equal(story_text(&story),
                            i == 0 ? "{:error, :service_unavailable} # "
                                     "[api_connection] connection reset by "
                                     "peer\n"
                                   : "SERVER_ERROR: failed to execute "
                                     "request: read: connection reset by "
                                     "peer\n");
        story_deinit(&story);
    }
}

/* -- tinker -----------------------------------------------------------------
 */

/* S1-60, S1-61, S1-62, S1-63, S1-64, S1-65, S1-66, S0-14 */
static void test_telemetry_of_tinker(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_PYTHON, HANDLER);
    story_enter(&story);
    ATTEMPT(&story, EVENT_RETRY, .took_ns = 250 * MS, .status = 409,
            .body = "{\"detail\":\"busy\"}", .delay_ns = 500 * MS);
    ATTEMPT(&story, EVENT_RETRY, .took_ns = 250 * MS, .end = END_RESET,
            .delay_ns = 1000 * MS);
    ATTEMPT(&story, EVENT_STOP, .took_ns = 250 * MS, .status = 200);
    story_done(&story, REASON_SUCCESS);
    story_end(&story, "tinker-telemetry.txt");
}

/* S1-64: an error of nobody's, and one of the user. */
static void test_severity_of_tinker(void **state)
{
    (void)state;
    const struct {
        int status;
        const char *severity;
    } cases[] = {{400, "WARNING"}, {404, "WARNING"}, {499, "WARNING"},
                 {503, "WARNING"}, {599, "WARNING"}, {600, "ERROR"},
                 {302, "ERROR"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct story story;
        char severity[32];
        story_begin(&story, DIALECT_PYTHON, HANDLER);
        story_enter(&story);
        ATTEMPT(&story, EVENT_FAILED, .status = cases[i].status, .layer = -1);
        snprintf(severity, sizeof severity, "\"severity\": \"%s\"",
                 cases[i].severity);
        assert_non_null(strstr(story_text(&story), severity));
        story_deinit(&story);
    }
}

/* S1-49: the watchdog is outside of the loop, so no telemetry. */
static void test_progress_timeout_of_tinker(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_PYTHON, HANDLER);
    story_enter(&story);
    ATTEMPT(&story, EVENT_ABORTED, .took_ns = S, .end = END_CANCELLED,
            .layer = -1, .reason = REASON_PROGRESS);
    story_done(&story, REASON_PROGRESS);
    story_end(&story, "tinker-progress-timeout.txt");
}

/* S0-15: silent but for the gauges. */
static void test_fast_path_of_tinker(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_PYTHON,
                "{\"name\":\"retry-handler\",\"enabled\":false}");
    story_enter(&story);
    ATTEMPT(&story, EVENT_FAILED, .status = 503, .layer = -1);
    story_done(&story, REASON_FINAL);
    story_end(&story, "tinker-fast-path.txt");
}

/* S1-66: at most every 2 s while it is busy. */
static void test_progress_log_of_tinker(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_PYTHON, HANDLER);
    story_enter(&story);
    for (int i = 1; i <= 5; i++) {
        story_call(&story, i, "rs-0-1");
        story_plain(&story, EVENT_QUEUED);
        story_pass(&story, S);
        story_enter(&story);
    }
    story_end(&story, "tinker-progress-log.txt");
}

/* S1-46: the caller's own doing propagates as it is. */
static void test_a_caller_who_gives_up_on_tinker(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_PYTHON, HANDLER);
    story_plain(&story, EVENT_QUEUED);
    story_done(&story, REASON_CANCELLED);
    story_end(&story, "tinker-cancelled-waiter.txt");
}

/* S3-10, S3-14 */
static void test_notices_of_tinker(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_PYTHON, HANDLER);
    const struct {
        const char *state, *reason;
        int64_t pass_ns;
    } notices[] = {{"active", NULL, 0},
                   {"paused_rate_limit", NULL, 59 * S},
                   {"paused_rate_limit", "again", S},
                   {"paused_capacity", "no GPUs\nleft", 0}};
    for (size_t i = 0; i < sizeof notices / sizeof *notices; i++) {
        struct call_event event = story_event(&story, EVENT_NOTICE);
        event.queue_state = notices[i].state;
        event.queue_reason = notices[i].reason;
        story_tell(&story, &event);
        story_pass(&story, notices[i].pass_ns);
    }
    story_end(&story, "tinker-notices.txt");
}

/* The stack of a real sample: RetryHandler, dispatch (swallows 429), submit. */
#define EACH_1S     "\"do\":\"retry\"," BACKOFF("1s", "1s") "}]}"
#define UP_TO_30S   "\"do\":\"retry\"," BACKOFF("1s", "30s") "}]}"
#define ON(status)  "{\"on\":{\"status\":[\"" status "\"]},"
#define LAYER(name) ",{\"name\":\"" name "\","
#define CUT_SLEEP \
    "\"budget\":{\"elapsed\":\"300s\",\"elapsed_test\":\"cut-sleep\"}"
#define SUBMIT                                                     \
    LAYER("dispatch")                                              \
    "\"rules\":[" ON("429") EACH_1S LAYER("submit") CUT_SLEEP      \
        ",\"rules\":[" ON("429") "\"do\":\"pass\"}," ON("500-501") \
            UP_TO_30S LAYER("http") "\"rules\":[" ON("502") EACH_1S

static int count(const char *text, const char *what)
{
    int found = 0;
    while ((text = strstr(text, what))) {
        found++;
        text++;
    }
    return found;
}

/* S1-60, S1-62: each layer tells of what it saw, by its own count:
 * execute_with_retries from 0, RetryHandler from 1; neither
 * sees a 429, nor what a layer further in retries. */
static void test_layers_of_tinker(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_PYTHON, HANDLER SUBMIT);
    story_enter(&story);
    ATTEMPT(&story, EVENT_RETRY, .status = 429, .delay_ns = S, .layer = 1);
    ATTEMPT(&story, EVENT_RETRY, .status = 502, .delay_ns = S, .layer = 3);
    ATTEMPT(&story, EVENT_RETRY, .status = 500, .delay_ns = S, .layer = 2);
    ATTEMPT(&story, EVENT_RETRY, .status = 500, .delay_ns = 2 * S, .layer = 2);
    ATTEMPT(&story, EVENT_RETRY, .status = 500, .delay_ns = S, .layer = 0);
    ATTEMPT(&story, EVENT_FAILED, .status = 404, .layer = -1);

    const char *text = story_text(&story);
    assert_int_equal(count(text, "execute_with_retries.exception"), 4);
    assert_int_equal(count(text, "RetryHandler.execute.exception"), 2);
    assert_int_equal(count(text, "\"status_code\": 429"), 0);
    assert_int_equal(count(text, "\"is_retryable\": true"), 3);
    assert_int_equal(count(text, "\"is_retryable\": false"), 1);
    assert_int_equal(count(text, "\"should_retry\": true"), 1);
    assert_int_equal(count(text, "\"should_retry\": false"), 1);
    /* submit: 0, 1, 2, then 0 in the next run; the handler: 1, 2 */
    assert_int_equal(count(text, "\"attempt_count\": 0"), 2);
    assert_int_equal(count(text, "\"attempt_count\": 1"), 2);
    assert_int_equal(count(text, "\"attempt_count\": 2"), 2);
    assert_int_equal(count(text, "Attempting request"), 2);
    story_deinit(&story);
}

/* -- llm-d ------------------------------------------------------------------
 */

#define GENERATE                                                              \
    "{\"name\":\"generate\",\"budget\":{\"attempts\":4},\"rules\":[{\"on\":{" \
    "\"status\":[\"429\",\"500-999\"],\"transport\":[\"any\"]},\"do\":"       \
    "\"retry\"," BACKOFF("1s", "60s") "}]}"

/* S4-51, S4-52, S4-53, S4-54 */
static void test_log_of_go(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_GO, GENERATE);
    story_enter(&story);
    ATTEMPT(&story, EVENT_RETRY, .status = 429,
            .body = "{\"error\":{\"message\":\"slow down\"}}",
            .delay_ns = 1053218945);
    ATTEMPT(&story, EVENT_RETRY, .end = END_RESET, .delay_ns = 2120 * MS);
    ATTEMPT(&story, EVENT_STOP, .status = 200);
    story_done(&story, REASON_SUCCESS);
    story_enter(&story); /* nothing is said of a first success */
    ATTEMPT(&story, EVENT_STOP, .status = 200);
    story_done(&story, REASON_SUCCESS);
    story_end(&story, "llm-d-retries.txt");
}

/* S4-54, S4-X3 */
static void test_ends_of_go(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_GO, GENERATE);
    story_enter(&story);
    ATTEMPT(&story, EVENT_FAILED, .status = 401, .body = "who?", .layer = -1,
            .reason = REASON_FINAL);
    story_done(&story, REASON_FINAL);
    story_enter(&story);
    ATTEMPT(&story, EVENT_FAILED, .end = END_CLOSE, .reason = REASON_ATTEMPTS);
    story_done(&story, REASON_ATTEMPTS);
    story_enter(&story);
    ATTEMPT(&story, EVENT_ABORTED, .end = END_CANCELLED, .layer = -1,
            .reason = REASON_CANCELLED);
    story_done(&story, REASON_CANCELLED);
    story_enter(&story);
    ATTEMPT(&story, EVENT_ABORTED, .end = END_CANCELLED, .layer = -1,
            .reason = REASON_CALL_TIMEOUT);
    story_done(&story, REASON_CALL_TIMEOUT);
    story_enter(&story);
    ATTEMPT(&story, EVENT_RETRY, .end = END_CUT, .delay_ns = S);
    story_done(&story, REASON_CANCELLED);
    story_end(&story, "llm-d-ends.txt");
}

/* MaxRetries 0 has no loop, so no line of it. */
static void test_go_without_retries(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_GO,
                "{\"name\":\"generate\",\"budget\":{\"attempts\":1}}");
    story_enter(&story);
    ATTEMPT(&story, EVENT_FAILED, .status = 503, .body = "x", .layer = -1,
            .reason = REASON_FINAL);
    story_done(&story, REASON_FINAL);
    story_end(&story, "llm-d-no-retries.txt");
}

/* -- our own ----------------------------------------------------------------
 */

/* Every kind of line; tests/e2e/test_event_schema.py reads the same file. */
static void test_json_lines(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, DIALECT_JSON, DEMO);
    story_plain(&story, EVENT_QUEUED);
    story_pass(&story, MS);
    story_enter(&story);
    ATTEMPT(&story, EVENT_RETRY, .took_ns = MS, .status = 500,
            .body = "{\"message\":\"say \\\"x\\\"\"}", .delay_ns = 200 * MS);
    ATTEMPT(&story, EVENT_RETRY, .end = END_RESET, .delay_ns = 400 * MS,
            .wait = WAIT_POLL);
    ATTEMPT(&story, EVENT_FAILED, .status = 503, .reason = REASON_ATTEMPTS);
    story_done(&story, REASON_ATTEMPTS);
    story_call(&story, 1, "rs-0-1");
    story_plain(&story, EVENT_QUEUED);
    story_done(&story, REASON_CANCELLED);
    story_call(&story, 2, "rs-0-2");
    story_enter(&story);
    ATTEMPT(&story, EVENT_ABORTED, .took_ns = 3 * MS, .end = END_CANCELLED,
            .layer = -1, .reason = REASON_PROGRESS);
    story_done(&story, REASON_PROGRESS);
    story_call(&story, 3, "rs-0-3");
    story_enter(&story);
    struct call_event notice = story_event(&story, EVENT_NOTICE);
    notice.queue_state = "paused_capacity";
    notice.queue_reason = "no room";
    story_tell(&story, &notice);
    ATTEMPT(&story, EVENT_STOP, .took_ns = MS, .status = 200);
    story_done(&story, REASON_SUCCESS);
    story_end(&story, "events.ndjson");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_guides_transcript),
        cmocka_unit_test(test_telemetry_of_tinkex),
        cmocka_unit_test(test_failures_of_tinkex),
        cmocka_unit_test(test_progress_timeout_of_tinkex),
        cmocka_unit_test(test_notices_of_tinkex),
        cmocka_unit_test(test_inner_layers_are_inside_an_attempt),
        cmocka_unit_test(test_polls_are_inside_an_attempt),
        cmocka_unit_test(test_a_disabled_loop_is_silent),
        cmocka_unit_test(test_telemetry_of_tinker),
        cmocka_unit_test(test_severity_of_tinker),
        cmocka_unit_test(test_progress_timeout_of_tinker),
        cmocka_unit_test(test_fast_path_of_tinker),
        cmocka_unit_test(test_progress_log_of_tinker),
        cmocka_unit_test(test_a_caller_who_gives_up_on_tinker),
        cmocka_unit_test(test_notices_of_tinker),
        cmocka_unit_test(test_layers_of_tinker),
        cmocka_unit_test(test_log_of_go),
        cmocka_unit_test(test_ends_of_go),
        cmocka_unit_test(test_go_without_retries),
        cmocka_unit_test(test_json_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
