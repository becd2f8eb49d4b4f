/* The trace: what the reader makes of lines, whole and broken. */
#include "trace_sink.h"

#include "model/utf8.h"

/* -- reading --------------------------------------------------------------- */

/* Goal: a killed run's last line and a later version's records do no harm. */
static void reads_what_a_killed_run_left(void **state)
{
    (void)state;
    struct trace *trace =
        read_text(RUN_LINE "{\"ev\":\"of-the-future\",\"id\":\"x\"}\n"
                           "{\"ev\":\"accept\",\"t\":1,\"conn\":1,"
                           "\"peer_port\":1}\n{\"ev\":\"acc");
    assert_int_equal(trace->conn_count, 1);
    assert_false(trace->complete);
    assert_false(trace->has_results);
    assert_string_equal(trace->results_problem, "");
    assert_string_equal(trace->client.reason, "");
    assert_int_equal(trace->ended_ns, TRACE_NEVER);
    assert_int_equal(trace->spawned_ns, TRACE_NEVER);
    trace_free(trace);
}

/* Goal: the order of members does not matter, nor do absent ones between. */
static void members_may_stand_in_any_order(void **state)
{
    (void)state;
    struct trace *trace = read_text(
        RUN_LINE "{\"requests\":3,\"ev\":\"accept\",\"conn\":1,\"t\":5}\n"
                 "{\"requests\":3,\"conn\":1,\"t\":9,\"ev\":\"close\"}\n"
                 "{\"output_lost\":4,\"output_bytes\":3,\"leftovers\":2,"
                 "\"code\":1,\"end\":\"exited\",\"t\":10,"
                 "\"ev\":\"client-end\"}\n");
    assert_int_equal(trace->conns[0].accepted_ns, 5);
    assert_int_equal(trace->conns[0].closed_ns, 9);
    assert_int_equal(trace->conns[0].requests, 3);
    assert_int_equal(trace->ended_ns, 10);
    assert_int_equal(trace->client.code, 1);
    assert_int_equal(trace->client.leftovers, 2);
    assert_int_equal(trace->client.output_bytes, 3);
    assert_int_equal(trace->client.output_lost, 4);
    trace_free(trace);
}

/* Goal: an ill-formed byte is seen wherever it stands. */
static void ill_formed_bytes_are_seen_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < 24; i++) {
        char text[25] = "012345678901234567890123";
        assert_true(utf8_is_valid(text, 24));
        text[i] = (char)0xFF;
        assert_false(utf8_is_valid(text, 24));
        assert_true(utf8_is_valid(text, i));
    }
}

/* Goal: an attempt whose response never came is unfinished. */
static void an_unanswered_attempt_is_unfinished(void **state)
{
    (void)state;
    struct sink sink = sink_open();
    struct trace_attempt attempt = some_attempt();
    trace_write_run(sink.writer, &some_run);
    trace_write_request(sink.writer, &attempt);
    char *text = sink_close(&sink);
    struct trace *trace = read_text(text);
    assert_int_equal(trace->attempts[0].end, END_UNFINISHED);
    assert_int_equal(trace->attempts[0].last_byte_ns, TRACE_NEVER);
    assert_string_equal(trace->attempts[0].proof, "");
    assert_int_equal(trace->attempts[0].reply_headers.count, 0);
    trace_free(trace);
    free(text);
}

/* The reader must refuse the text with this line and message. */
static void assert_refused(const char *text, int line, const char *path,
                           const char *message)
{
    struct error error = {0};
    struct trace *trace = trace_read("t.ndjson", text, strlen(text), &error);
    assert_null(trace);
    assert_int_equal(error.count, 1);
    assert_string_equal(error.problems[0].message, message);
    assert_string_equal(error.problems[0].path, path);
    assert_string_equal(error.problems[0].file, "t.ndjson");
    assert_int_equal(error.problems[0].line, line);
}

#define ACCEPT_LINE "{\"ev\":\"accept\",\"t\":1,\"conn\":1,\"peer_port\":1}\n"

/* Goal: what is malformed is refused, with its line and what was expected. */
static void refuses_malformed_lines(void **state)
{
    (void)state;
    assert_refused("", 1, "ev", "not a trace: no line has \"ev\":\"run\"");
    assert_refused(RUN_LINE "nonsense\n", 2, "",
                   "expected a value, found \"nonsense\"");
    assert_refused(RUN_LINE "[]\n", 2, "", "expected a JSON object");
    assert_refused(RUN_LINE "{} // x\n", 2, "", "a comment has no place here");
    assert_refused(RUN_LINE "{\"t\":1}\n", 2, "ev",
                   "missing: a string expected");
    assert_refused(RUN_LINE "{\"ev\":\"close\",\"t\":1.5,\"conn\":1,"
                            "\"requests\":0}\n",
                   2, "t",
                   "wrong value: an integer from 0 to 9007199254740992 "
                   "expected");
    assert_refused(RUN_LINE "{\"ev\":\"end\",\"t\":1,\"lag_p99\":1,"
                            "\"lag_max\":1,\"interrupted\":0}\n",
                   2, "interrupted", "wrong value: true or false expected");
}

/* Goal: bytes that are no text, or too much of it, are refused with a place. */
static void refuses_what_is_no_json(void **state)
{
    (void)state;
    const char *const lines[] = {"{} {}",       "{\"ev\":\"\xff\"}", "",
                                 "{\"ev\":1,}", "{\"ev\":",          "{]"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct error error = {0};
        char text[512];
        int size = snprintf(text, sizeof text, "%s%s\n", RUN_LINE, lines[i]);
        assert_null(trace_read("t.ndjson", text, (size_t)size, &error));
        assert_int_equal(error.problems[0].line, 2);
        assert_true(error.problems[0].column > 0);
        assert_int_equal(error.problems[0].kind, PROBLEM_INPUT);
    }
}

/* Goal: a file that is not there is the user's slip, named. */
static void names_a_missing_file(void **state)
{
    (void)state;
    struct error error = {0};
    assert_null(trace_read_file("/nowhere/t.ndjson", &error));
    assert_int_equal(error.problems[0].kind, PROBLEM_INPUT);
    assert_string_equal(error.problems[0].file, "/nowhere/t.ndjson");
    assert_string_equal(error.problems[0].message,
                        "cannot read the trace: No such file or directory");
}

/* Goal: lines that contradict each other are refused. */
static void refuses_contradictions(void **state)
{
    (void)state;
    assert_refused(RUN_LINE RUN_LINE, 2, "ev", "a second run in one trace");
    assert_refused(RUN_LINE ACCEPT_LINE ACCEPT_LINE, 3, "conn",
                   "accepted a second time");
    assert_refused(RUN_LINE "{\"ev\":\"close\",\"t\":1,\"conn\":1,"
                            "\"requests\":0}\n" ACCEPT_LINE,
                   2, "conn", "never accepted before");
    assert_refused(RUN_LINE "{\"ev\":\"outage\",\"t\":1,\"do\":\"refuse\","
                            "\"begin\":false}\n",
                   2, "begin", "the end of an outage that never began");
    assert_refused(RUN_LINE
                   "{\"ev\":\"response\",\"t\":1,\"id\":3,\"status\":200,"
                   "\"end\":\"status\",\"reply_size\":0,\"sent_bytes\":0,"
                   "\"delay\":0,\"headers\":[]}\n",
                   2, "id", "a response to no request");
}

/* Goal: spans of starvation follow each other. */
static void refuses_spans_that_overlap(void **state)
{
    (void)state;
    assert_refused(RUN_LINE "{\"ev\":\"starved\",\"t\":9,\"from\":3,"
                            "\"wait\":1}\n{\"ev\":\"starved\",\"t\":20,"
                            "\"from\":8,\"wait\":1}\n",
                   3, "from", "wrong value: an integer from 9 to 20 expected");
    assert_refused(RUN_LINE "{\"ev\":\"starved\",\"t\":9,\"from\":10,"
                            "\"wait\":1}\n",
                   2, "from", "wrong value: an integer from 0 to 9 expected");
}

/* Goal: the same attempt can't be told twice. */
static void refuses_an_id_twice(void **state)
{
    (void)state;
    struct error error = {0};
    struct sink sink = sink_open();
    struct trace_attempt attempt = some_attempt();
    trace_write_run(sink.writer, &some_run);
    trace_write_request(sink.writer, &attempt);
    trace_write_response(sink.writer, &attempt);
    trace_write_response(sink.writer, &attempt);
    char *text = sink_close(&sink);
    assert_null(trace_read("t.ndjson", text, strlen(text), &error));
    assert_string_equal(error.problems[0].message,
                        "a second response with id 1");
    assert_int_equal(error.problems[0].line, 4);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_a_killed_run_left),
        cmocka_unit_test(members_may_stand_in_any_order),
        cmocka_unit_test(ill_formed_bytes_are_seen_anywhere),
        cmocka_unit_test(an_unanswered_attempt_is_unfinished),
        cmocka_unit_test(refuses_malformed_lines),
        cmocka_unit_test(refuses_what_is_no_json),
        cmocka_unit_test(names_a_missing_file),
        cmocka_unit_test(refuses_contradictions),
        cmocka_unit_test(refuses_spans_that_overlap),
        cmocka_unit_test(refuses_an_id_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
