/* What is said of a client that keeps its contract badly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/units.h"
#include "runner/fault.h"

static const struct route echo_route = {
    .method = "POST", .path = "/v1/echo", .judged = true};

/* A client that did all as planned; each test spoils one thing. */
struct story {
    struct scenario scenario;
    struct trace_attempt attempts[3];
    struct trace_result results[3];
    struct trace trace;
    struct output output;
    struct fault_input input;
};

static void story_begin(struct story *story)
{
    static const char *const calls[] = {"rs-0-0", "rs-0-1", "rs-0-2"};
    *story = (struct story){.scenario = {.routes = &echo_route,
                                         .route_count = 1,
                                         .workload = {.method = "POST",
                                                      .path = "/v1/echo",
                                                      .clients = 1,
                                                      .calls = 3}}};
    for (int i = 0; i < 3; i++) {
        story->attempts[i] = (struct trace_attempt){.call = calls[i],
                                                    .method = "POST",
                                                    .target = "/v1/echo",
                                                    .route = "server[0]",
                                                    .judged = true};
        story->results[i] = (struct trace_result){
            .call = calls[i], .is_ok = true, .error = "", .sha256 = ""};
    }
    story->trace = (struct trace){.level = 1,
                                  .attempts = story->attempts,
                                  .attempt_count = 3,
                                  .results = story->results,
                                  .result_count = 3,
                                  .has_results = true,
                                  .conn_count = 0,
                                  .client_end = CLIENT_EXITED};
    /* No file is open in these tests. */
    story->output = (struct output){.files = {-1, -1}, .kept_max = 100};
    story->input = (struct fault_input){.scenario = &story->scenario,
                                        .trace = &story->trace,
                                        .output = &story->output,
                                        .start_problem = "",
                                        .results_problem = "",
                                        .deadline_ns = 30 * NS_PER_S};
}

static void expect(const struct story *story, enum client_fault fault,
                   const char *detail)
{
    struct fault_finding finding;
    fault_find(&story->input, &finding);
    assert_string_equal(finding.detail, detail);
    assert_int_equal(finding.fault, fault);
}

static void print(struct story *story, const char *text)
{
    output_add(&story->output, OUTPUT_STDERR, text, strlen(text));
}

static void ends_are_told(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story);
    expect(&story, CLIENT_OK, "");
    story.trace.client_code = 3;
    expect(&story, CLIENT_CRASHED, "exit code 3");
    print(&story, "Traceback\nKeyError: 'x'\n\n");
    expect(&story, CLIENT_CRASHED,
           "exit code 3; its stderr ends: \"KeyError: 'x'\"");
    story.trace.client_code = 77;
    expect(&story, CLIENT_SKIPPED, "KeyError: 'x'");
    story.trace.client_end = CLIENT_SIGNALED;
    story.trace.client_code = 11;
    story.trace.leftovers = 2;
    expect(&story, CLIENT_CRASHED,
           "killed by SIGSEGV; its stderr ends: \"KeyError: 'x'\"; it also "
           "left 2 processes behind");
    story.trace.interrupted = true;
    expect(&story, CLIENT_OK, "");
}

/* At level 0 an exit code says how the call went. */
static void exit_codes_of_programs_are_their_own(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story);
    story.trace.level = 0;
    story.trace.result_count = 0;
    story.trace.client_code = 77;
    expect(&story, CLIENT_OK, "");
    story.trace.client_end = CLIENT_SIGNALED;
    story.trace.client_code = 6;
    expect(&story, CLIENT_CRASHED, "killed by SIGABRT");
}

static void a_hang_is_told(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story);
    story.trace.client_end = CLIENT_STOPPED;
    expect(&story, CLIENT_TIMED_OUT,
           "still running after 30.000 s (--timeout gives it longer)");
}

static void silence_is_told(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story);
    story.trace.attempt_count = 0;
    story.trace.result_count = 0;
    expect(&story, CLIENT_NEVER_CALLED, "no connection came; exit code 0");
    story.trace.result_count = 1;
    expect(&story, CLIENT_NEVER_CALLED,
           "no connection came; it reports rs-0-0 as ok; exit code 0");
    story.trace.conn_count = 1;
    struct trace_conn conn = {.conn = 1};
    story.trace.conns = &conn;
    story.trace.result_count = 0;
    expect(&story, CLIENT_NEVER_CALLED,
           "it connected, but sent no whole request; exit code 0");
}

/* Refused connections leave nothing on the wire; results speak for them. */
static void refused_calls_are_no_silence(void **state)
{
    (void)state;
    struct story story;
    struct trace_outage outage = {.kind = FAULT_REFUSE};
    story_begin(&story);
    story.trace.attempt_count = 0;
    story.trace.outages = &outage;
    story.trace.outage_count = 1;
    for (int i = 0; i < 3; i++) {
        story.results[i].is_ok = false;
    }
    expect(&story, CLIENT_OK, "");
    story.results[1].is_ok = true;
    expect(&story, CLIENT_IGNORED_PLAN,
           "it reports rs-0-1 as ok, but no request of that call came");
}

static void other_requests_are_told(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story);
    for (int i = 0; i < 3; i++) {
        story.attempts[i].route = "";
        story.attempts[i].method = "GET";
        story.attempts[i].target = "/foo";
    }
    expect(&story, CLIENT_IGNORED_PLAN,
           "the plan says POST /v1/echo, but it sent GET /foo");
}

static void missing_calls_are_told(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story);
    story.trace.attempt_count = 2;
    story.trace.result_count = 2;
    expect(&story, CLIENT_IGNORED_PLAN,
           "1 of 3 calls were never made, the first of them rs-0-2");
    /* A result without a request: the client refused by itself. */
    story.trace.result_count = 3;
    story.results[2].is_ok = false;
    expect(&story, CLIENT_OK, "");
    story_begin(&story);
    story.attempts[0].call = "";
    expect(&story, CLIENT_IGNORED_PLAN,
           "1 of its requests carry no token; put that of each call "
           "(rs-0-0, rs-0-1, ...) anywhere into its requests");
}

/* Where a header names the call, its values are the client's own. */
static void other_keys_are_not_tokens(void **state)
{
    (void)state;
    struct story story;
    struct route route = echo_route;
    route.key = KEY_HEADER;
    story_begin(&story);
    story.scenario.routes = &route;
    story.attempts[0].call = "whatever";
    story.attempts[1].call = "whatever";
    expect(&story, CLIENT_OK, "");
}

static void results_are_missed(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story);
    story.trace.result_count = 0;
    expect(&story, CLIENT_NO_RESULTS,
           "nothing in the file that RETRYSPEC_RESULTS names");
    story.trace.result_count = 2;
    expect(&story, CLIENT_NO_RESULTS, "only 2 of 3 calls have a line");
    story.input.results_problem = "line 3: what";
    expect(&story, CLIENT_BAD_RESULTS, "line 3: what");
}

static void mess_is_told(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story);
    story.output.bytes[OUTPUT_STDOUT] = 101;
    expect(&story, CLIENT_FLOODED,
           "101 bytes on stdout and 0 on stderr; the first 100 of each were "
           "kept");
    story.trace.leftovers = 1;
    expect(&story, CLIENT_LEFT_PROCESSES,
           "1 still ran after its end and was killed; it also flooded its "
           "output");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_are_told),
        cmocka_unit_test(exit_codes_of_programs_are_their_own),
        cmocka_unit_test(a_hang_is_told),
        cmocka_unit_test(silence_is_told),
        cmocka_unit_test(refused_calls_are_no_silence),
        cmocka_unit_test(other_requests_are_told),
        cmocka_unit_test(missing_calls_are_told),
        cmocka_unit_test(other_keys_are_not_tokens),
        cmocka_unit_test(results_are_missed),
        cmocka_unit_test(mess_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
