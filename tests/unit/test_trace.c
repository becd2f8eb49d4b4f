/* The trace: lines as they are written, and read back. */
#include "trace_sink.h"

#include <inttypes.h>

/* -- writing --------------------------------------------------------------- */

/* Goal: the format that others parse does not change by accident. */
static void writes_the_golden_lines(void **state)
{
    (void)state;
    struct sink sink = sink_open();
    struct trace_attempt attempt = some_attempt();
    trace_write_run(sink.writer, &(struct trace_run){
                                     .scenario = "a/b",
                                     .profile = "tinker",
                                     .seed = UINT64_MAX,
                                     .level = 1,
                                     .wall_ns = 1795000000,
                                     .url = "http://127.0.0.1:1",
                                 });
    trace_write_accept(sink.writer, 100, 2, 40000);
    trace_write_request(sink.writer, &attempt);
    trace_write_response(sink.writer, &attempt);
    trace_write_close(sink.writer, 700, 2, 3);
    char *text = sink_close(&sink);
    assert_string_equal(
        text,
        "{\"ev\":\"run\",\"t\":0,\"version\":\"" RETRYSPEC_VERSION
        "\",\"scenario\":\"a/b\",\"profile\":\"tinker\","
        "\"seed\":\"18446744073709551615\",\"level\":1,"
        "\"wall\":\"1795000000\",\"url\":\"http://127.0.0.1:1\"}\n"
        "{\"ev\":\"accept\",\"t\":100,\"conn\":2,\"peer_port\":40000}\n"
        "{\"ev\":\"request\",\"t\":300,\"id\":1,\"conn\":2,\"conn_use\":3,"
        "\"accepted\":100,\"head\":200,\"request_end\":300,"
        "\"call\":\"rs-0-0\",\"judged\":true,\"route\":\"server[0]\","
        "\"step\":\"server[0].steps[1]\",\"body_size\":12,"
        "\"body_sha256\":\"" HASH "\",\"method\":\"POST\","
        "\"target\":\"/v1/echo?x=1\",\"headers\":[[\"Host\","
        "\"127.0.0.1:1\"],[\"X-Call\",\"rs-0-0\"]]}\n"
        "{\"ev\":\"response\",\"t\":600,\"id\":1,\"status\":429,"
        "\"end\":\"reset-body\",\"first_byte\":400,\"last_byte\":500,"
        "\"gone\":600,\"gone_by_reset\":true,\"reply_size\":65536,"
        "\"sent_bytes\":16384,\"reply_sha256\":\"" HASH "\","
        "\"delay\":20000000,\"fault\":{\"do\":\"reset\",\"at\":\"body\","
        "\"after_bytes\":16384,\"chance\":0.250000},\"fault_fired\":true,"
        "\"proof\":\"RST sent\",\"headers\":[[\"Retry-After\",\"2\"]]}\n"
        "{\"ev\":\"close\",\"t\":700,\"conn\":2,\"requests\":3}\n");
    free(text);
}

/* Both lines of `attempt`. */
static char *lines_of(const struct trace_attempt *attempt)
{
    struct sink sink = sink_open();
    trace_write_request(sink.writer, attempt);
    trace_write_response(sink.writer, attempt);
    return sink_close(&sink);
}

static void assert_same_with(struct trace_attempt *attempt,
                             const struct trace_step_text *step,
                             const struct trace_reply_text *reply)
{
    char *expected = lines_of(attempt);
    attempt->step_text = step;
    attempt->reply_text = reply;
    char *lines = lines_of(attempt);
    assert_string_equal(lines, expected);
    free(expected);
    free(lines);
}

/* Goal: text made ready once gives the very bytes of formatting each line,
 * however the attempt went. */
static void ready_text_changes_no_byte(void **state)
{
    (void)state;
    static char filler[TRACE_LINE_MAX], value[400];
    memset(value, 'v', sizeof value - 1);
    const char *values[] = {"2", "", "a \"b\" \\ \x01\xff", value};
    size_t sizes[] = {0, 8, TRACE_LINE_MAX - 4700, TRACE_LINE_MAX - 1};
    for (size_t i = 0; i < 64; i++) {
        struct http_header header = {"Retry-After", values[i % 4]};
        struct trace_attempt attempt = some_attempt();
        struct trace_step_text step;
        struct trace_reply_text reply;
        attempt.reply_headers = (struct http_headers){&header, 1};
        attempt.route = values[i % 4];
        attempt.judged = i % 2 == 0;
        attempt.sent_bytes = i / 16 == 1 ? 0 : attempt.reply_size;
        attempt.delay_ns = i / 16 == 2;
        attempt.fault.kind = i / 16 == 3 ? FAULT_RESET : FAULT_NONE;
        trace_step_text_init(&step, &attempt);
        trace_reply_text_init(&reply, &attempt);
        assert_int_equal(step.size == 0, i % 4 == 3);
        assert_int_equal(reply.size == 0, i % 4 == 3);
        memset(filler, 'p', sizes[i / 4 % 4]);
        filler[sizes[i / 4 % 4]] = '\0';
        attempt.call = attempt.proof = filler;
        assert_same_with(&attempt, &step, &reply);
    }
}

/* Goal: a time is the same text whether or not it was written before. */
static void times_are_written_as_they_are(void **state)
{
    (void)state;
    const int64_t times[] = {
        0,         0,     7,     7,        10,        99,        100,
        9999,      10000, 10000, 99999999, 100000000, 123456789, INT64_MAX,
        INT64_MAX, -2,    -2,    12345678, 0};
    enum { COUNT = sizeof times / sizeof *times - 1 };
    struct sink sink = sink_open();
    for (size_t i = 0; i < COUNT; i++) {
        struct trace_attempt attempt = some_attempt();
        attempt.head_ns = times[i];
        attempt.request_end_ns = times[i + 1];
        trace_write_request(sink.writer, &attempt);
    }
    char *text = sink_close(&sink), *line = text, expected[200];
    for (size_t i = 0; i < COUNT; i++, line = strchr(line, '\n') + 1) {
        int size = snprintf(expected, sizeof expected,
                            "{\"ev\":\"request\",\"t\":%" PRId64
                            ",\"id\":1,\"conn\":2,\"conn_use\":3,"
                            "\"accepted\":100,\"head\":%" PRId64
                            ",\"request_end\":%" PRId64 ",",
                            times[i + 1], times[i], times[i + 1]);
        assert_memory_equal(line, expected, (size_t)size);
    }
    free(text);
}

static void assert_same_headers(const struct http_headers *a,
                                const struct http_headers *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->items[i].name, b->items[i].name);
        assert_string_equal(a->items[i].value, b->items[i].value);
    }
}

static void assert_same_request(const struct trace_attempt *a,
                                const struct trace_attempt *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->conn, b->conn);
    assert_int_equal(a->conn_use, b->conn_use);
    assert_int_equal(a->accepted_ns, b->accepted_ns);
    assert_int_equal(a->head_ns, b->head_ns);
    assert_int_equal(a->request_end_ns, b->request_end_ns);
    assert_string_equal(a->call, b->call);
    assert_string_equal(a->method, b->method);
    assert_string_equal(a->target, b->target);
    assert_same_headers(&a->headers, &b->headers);
    assert_int_equal(a->body_size, b->body_size);
    assert_string_equal(a->body_sha256, b->body_sha256);
    assert_string_equal(a->route, b->route);
    assert_string_equal(a->step, b->step);
    assert_int_equal(a->judged, b->judged);
    assert_string_equal(a->reason, b->reason);
}

static void assert_same_response(const struct trace_attempt *a,
                                 const struct trace_attempt *b)
{
    assert_int_equal(a->first_byte_ns, b->first_byte_ns);
    assert_int_equal(a->last_byte_ns, b->last_byte_ns);
    assert_int_equal(a->gone_ns, b->gone_ns);
    assert_int_equal(a->gone_by_reset, b->gone_by_reset);
    assert_int_equal(a->status, b->status);
    assert_same_headers(&a->reply_headers, &b->reply_headers);
    assert_int_equal(a->reply_size, b->reply_size);
    assert_string_equal(a->reply_sha256, b->reply_sha256);
    assert_int_equal(a->sent_bytes, b->sent_bytes);
    assert_int_equal(a->delay_ns, b->delay_ns);
    assert_int_equal(a->end, b->end);
    assert_int_equal(a->fault.kind, b->fault.kind);
    assert_int_equal(a->fault.at, b->fault.at);
    assert_int_equal(a->fault.after_bytes, b->fault.after_bytes);
    assert_int_equal(a->fault.for_ns, b->fault.for_ns);
    assert_int_equal(a->fault.rate, b->fault.rate);
    assert_true(a->fault.chance == b->fault.chance);
    assert_int_equal(a->fault_fired, b->fault_fired);
    assert_string_equal(a->proof, b->proof);
}

/* Goal: an attempt comes back whole, in order of its id, whatever the order of
 * the lines. */
static void round_trips_attempts(void **state)
{
    (void)state;
    struct sink sink = sink_open();
    struct trace_attempt first = some_attempt(), second = some_attempt();
    second.id = 9;
    second.request_end_ns = second.gone_ns = TRACE_NEVER;
    second.first_byte_ns = second.last_byte_ns = TRACE_NEVER;
    second.gone_by_reset = false;
    second.fault = (struct fault){
        .for_ns = 5, .kind = FAULT_HANG, .at = FAULT_AT_REQUEST, .chance = 1.0};
    second.end = END_UNFINISHED;
    second.status = 0;
    second.call = second.route = second.step = second.proof = "";
    second.reason = "GET / matches no route";
    trace_write_run(sink.writer, &some_run);
    trace_write_request(sink.writer, &second);
    trace_write_request(sink.writer, &first);
    trace_write_response(sink.writer, &second);
    trace_write_response(sink.writer, &first);
    char *text = sink_close(&sink);
    struct trace *trace = read_text(text);
    assert_int_equal(trace->attempt_count, 2);
    assert_same_request(&trace->attempts[0], &first);
    assert_same_response(&trace->attempts[0], &first);
    assert_same_request(&trace->attempts[1], &second);
    assert_same_response(&trace->attempts[1], &second);
    trace_free(trace);
    free(text);
}

/* Goal: every other record comes back whole. */
static void write_all_others(struct trace_writer *writer)
{
    const char *const argv[] = {"curl", "a \"b\"", NULL};
    const struct trace_conn fault = {.conn = 1,
                                     .fault = FAULT_RESET,
                                     .step = "server[0].steps[0]",
                                     .proof = "RST sent"};
    const struct trace_result result = {.call = "rs-0-0",
                                        .is_ok = true,
                                        .status = 200,
                                        .error = "",
                                        .sha256 = HASH};
    trace_write_run(writer, &(struct trace_run){
                                .scenario = "a/b",
                                .profile = "p",
                                .seed = 7,
                                .level = 1,
                                .wall_ns = INT64_C(1795000000123456789),
                                .url = "http://127.0.0.1:1",
                            });
    trace_write_spawn(writer, 5, 4711, argv);
    trace_write_accept(writer, 10, 1, 40000);
    trace_write_accept_fault(writer, 11, &fault);
    trace_write_close(writer, 12, 1, 0);
    trace_write_accept(writer, 20, 2, 40001);
    trace_write_outage(writer, 30, FAULT_REFUSE, true, "server[0].windows[0]");
    trace_write_outage(writer, 40, FAULT_REFUSE, false, "server[0].windows[0]");
    trace_write_outage(writer, 50, FAULT_STALL, true, "server[0].windows[1]");
    trace_write_result(writer, &result);
    trace_write_starved(writer, &(struct trace_starved){5, 50, 3});
    trace_write_starved(writer, &(struct trace_starved){50, 55, 90});
    trace_write_give_up(writer, &(struct trace_give_up){55, "rs-0-0"});
    trace_write_client_end(writer, 60,
                           &(struct trace_client){.end = CLIENT_SIGNALED,
                                                  .code = 11,
                                                  .leftovers = 2,
                                                  .output_bytes = 300,
                                                  .output_lost = 100,
                                                  .limit_ns = 9,
                                                  .reason = "why",
                                                  .last_line = "\"x\""});
    trace_write_results(writer, "line 2: what");
    trace_write_end(writer, 70, 1000, 2000, true);
}

static void assert_all_others(const struct trace *trace)
{
    assert_string_equal(trace->scenario, "a/b");
    assert_string_equal(trace->profile, "p");
    assert_string_equal(trace->version, RETRYSPEC_VERSION);
    assert_int_equal(trace->seed, 7);
    assert_int_equal(trace->level, 1);
    assert_int_equal(trace->wall_ns, INT64_C(1795000000123456789));
    assert_int_equal(trace->spawned_ns, 5);
    assert_int_equal(trace->ended_ns, 60);
    assert_int_equal(trace->client.end, CLIENT_SIGNALED);
    assert_int_equal(trace->client.code, 11);
    assert_int_equal(trace->client.leftovers, 2);
    assert_int_equal(trace->client.output_bytes, 300);
    assert_int_equal(trace->client.output_lost, 100);
    assert_int_equal(trace->client.limit_ns, 9);
    assert_string_equal(trace->client.reason, "why");
    assert_string_equal(trace->client.last_line, "\"x\"");
    assert_string_equal(trace->results_problem, "line 2: what");
    assert_int_equal(trace->starved_count, 2);
    assert_int_equal(trace->starved[0].from_ns, 5);
    assert_int_equal(trace->starved[0].to_ns, 50);
    assert_int_equal(trace->starved[0].wait_ns, 3);
    assert_int_equal(trace->starved[1].wait_ns, 90);
    assert_int_equal(trace->give_up_count, 1);
    assert_int_equal(trace->give_ups[0].t_ns, 55);
    assert_string_equal(trace->give_ups[0].call, "rs-0-0");
    assert_int_equal(trace->lag_p99_ns, 1000);
    assert_int_equal(trace->lag_max_ns, 2000);
    assert_true(trace->interrupted);
    assert_true(trace->complete);
}

static void round_trips_all_other_records(void **state)
{
    (void)state;
    struct sink sink = sink_open();
    write_all_others(sink.writer);
    char *text = sink_close(&sink);
    struct trace *trace = read_text(text);
    assert_all_others(trace);
    assert_int_equal(trace->conn_count, 2);
    assert_int_equal(trace->conns[0].accepted_ns, 10);
    assert_int_equal(trace->conns[0].closed_ns, 12);
    assert_int_equal(trace->conns[0].fault, FAULT_RESET);
    assert_string_equal(trace->conns[0].proof, "RST sent");
    assert_int_equal(trace->conns[1].closed_ns, TRACE_NEVER);
    assert_int_equal(trace->outage_count, 2);
    assert_int_equal(trace->outages[0].to_ns, 40);
    assert_int_equal(trace->outages[1].kind, FAULT_STALL);
    assert_int_equal(trace->outages[1].to_ns, TRACE_NEVER);
    assert_string_equal(trace->outages[1].window, "server[0].windows[1]");
    assert_true(trace->has_results);
    assert_int_equal(trace->result_count, 1);
    assert_string_equal(trace->results[0].sha256, HASH);
    assert_non_null(strstr(text, "\"argv\":[\"curl\",\"a \\\"b\\\"\"]"));
    trace_free(trace);
    free(text);
}

/* cJSON would let a bare control byte pass; other readers do not. */
static void assert_no_bare_byte(const char *text)
{
    assert_true(utf8_is_valid(text, strlen(text)));
    for (; *text; text++)
        assert_true((unsigned char)*text >= 0x20 || *text == '\n');
}

/* Writes one request with this target and gives its target as read back. */
static char *target_through_trace(const char *target, char **text)
{
    struct sink sink = sink_open();
    struct trace_attempt attempt = some_attempt();
    attempt.target = target;
    trace_write_run(sink.writer, &some_run);
    trace_write_request(sink.writer, &attempt);
    *text = sink_close(&sink);
    assert_no_bare_byte(*text);
    struct trace *trace = read_text(*text);
    char *read = strdup(trace->attempts[0].target);
    trace_free(trace);
    return read;
}

/* Goal: any byte a client can send leaves a line of valid JSON. */
static void escapes_every_byte(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        const char target[] = {'/', 'a', (char)byte, 'b', 0};
        const char as_latin1[] = {
            '/', 'a', (char)(0xC0 | byte >> 6), (char)(0x80 | (byte & 0x3F)),
            'b', 0};
        char *text, *read = target_through_trace(target, &text);
        assert_string_equal(read, byte < 0x80 ? target : as_latin1);
        free(read);
        free(text);
    }
}

static void assert_target_survives(const char *target)
{
    char *text, *read = target_through_trace(target, &text);
    assert_string_equal(read, target);
    free(read);
    free(text);
}

/* Goal: escapes are right at each place of the eight bytes that are copied at
 * once, also in the last ones, and UTF-8 stays as it is. */
static void escapes_at_every_place(void **state)
{
    (void)state;
    const char *const specials[] = {
        "\"", "\\", "\n", "\x1f", "\xc3\xa9", "\xf0\x9f\x98\x80", "\x7f", ""};
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
        for (int place = 0; place < 24 * 11; place++) {
            char target[64];
            snprintf(target, sizeof target, "%.*s%s%.*s", place / 11,
                     "abcdefghijklmnopqrstuvwxyz", specials[i], place % 11,
                     "0123456789");
            assert_target_survives(target);
        }
    }
}

/* Goal: a line never exceeds its limit, says that it was cut, and still reads.
 */
static void cuts_long_lines(void **state)
{
    (void)state;
    enum { HUGE_SIZE = 2 * TRACE_LINE_MAX };
    char *huge = malloc(HUGE_SIZE + 1);
    assert_non_null(huge);
    const char fills[] = {'a', '\x01', '\xff', '"'};
    for (size_t i = 0; i < sizeof fills; i++) {
        memset(huge, fills[i], HUGE_SIZE);
        huge[HUGE_SIZE] = '\0';
        char *text, *read = target_through_trace(huge, &text);
        const char *line = strchr(text, '\n') + 1;
        assert_true(strlen(line) <= TRACE_LINE_MAX);
        assert_true(strlen(line) > TRACE_LINE_MAX - 8192);
        assert_non_null(strstr(line, ",\"cut\":true}\n"));
        free(read);
        free(text);
    }
    free(huge);
}

/* Goal: of too many headers the first are kept and the others counted. */
static void leaves_out_headers_beyond_the_limit(void **state)
{
    (void)state;
    struct http_header many[TRACE_HEADERS_MAX + 5];
    for (size_t i = 0; i < TRACE_HEADERS_MAX + 5; i++)
        many[i] = (struct http_header){"X", "y"};
    struct sink sink = sink_open();
    struct trace_attempt attempt = some_attempt();
    attempt.headers = (struct http_headers){many, TRACE_HEADERS_MAX + 5};
    trace_write_run(sink.writer, &some_run);
    trace_write_request(sink.writer, &attempt);
    char *text = sink_close(&sink);
    assert_non_null(strstr(text, ",\"headers_left_out\":5}\n"));
    struct trace *trace = read_text(text);
    assert_int_equal(trace->attempts[0].headers.count, TRACE_HEADERS_MAX);
    trace_free(trace);
    free(text);
}

/* Goal: more lines than the buffer holds all arrive. */
static void flushes_when_full(void **state)
{
    (void)state;
    enum { LINES = 20000 };
    struct sink sink = sink_open();
    trace_write_run(sink.writer, &some_run);
    for (int64_t i = 1; i <= LINES; i++)
        trace_write_accept(sink.writer, i, i, 1);
    char *text = sink_close(&sink);
    struct trace *trace = read_text(text);
    assert_int_equal(trace->conn_count, LINES);
    assert_int_equal(trace->conns[LINES - 1].conn, LINES);
    trace_free(trace);
    free(text);
}

/* Goal: a failed write is told, and lines after it are counted, not kept. */
static void counts_what_it_drops(void **state)
{
    (void)state;
    struct error error = {0};
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        skip();
    struct trace_writer *writer = trace_writer_create(fd, &error);
    trace_write_accept(writer, 1, 1, 1);
    trace_write_accept(writer, 2, 2, 1);
    assert_false(trace_writer_flush(writer));
    assert_int_equal(trace_writer_dropped(writer), 2);
    trace_write_accept(writer, 3, 3, 1);
    assert_false(trace_writer_flush(writer));
    assert_int_equal(trace_writer_dropped(writer), 3);
    trace_writer_free(writer);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_golden_lines),
        cmocka_unit_test(ready_text_changes_no_byte),
        cmocka_unit_test(times_are_written_as_they_are),
        cmocka_unit_test(round_trips_attempts),
        cmocka_unit_test(round_trips_all_other_records),
        cmocka_unit_test(escapes_every_byte),
        cmocka_unit_test(escapes_at_every_place),
        cmocka_unit_test(cuts_long_lines),
        cmocka_unit_test(leaves_out_headers_beyond_the_limit),
        cmocka_unit_test(flushes_when_full),
        cmocka_unit_test(counts_what_it_drops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
