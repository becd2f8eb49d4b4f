/* The mock server as the runner uses it: several runs in one loop, limits, and
 * stopping in the middle of everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mock_server/server.h"
#include "model/units.h"

enum { PATIENCE_S = 60 };

static const char text_of_scenario[] =
    "{ \"retryspec\": 1, \"id\": \"test/server\", \"title\": \"t\","
    "  \"takes\": \"1s\", \"workload\": { \"request\": \"GET /ok\" },"
    "  \"server\": ["
    "    { \"match\": \"GET /ok\", \"per\": \"run\", \"after_last\": \"loop\","
    "      \"steps\": [ { \"reply\": 503 }, { \"reply\": 204 } ] },"
    "    { \"match\": \"GET /hang\", \"per\": \"run\", "
    "\"after_last\": \"repeat\","
    "      \"steps\": [ { \"fault\": { \"do\": \"hang\" } } ] },"
    "    { \"match\": \"POST /up\", \"per\": \"run\", "
    "\"after_last\": \"repeat\","
    "      \"steps\": [ { \"reply\": 201 } ] } ] }";

struct fixture {
    struct scenario *scenario;
    struct mock_server *server;
    int trace_fd;
    struct trace_writer *writer;
    struct mock_run *run;
};

static struct mock_run *start_run(struct fixture *fixture,
                                  const struct mock_run_options *limits)
{
    struct error error = {0};
    struct mock_run_options options = *limits;
    options.scenario = fixture->scenario;
    options.level = 1;
    options.bind = "127.0.0.1";
    options.trace = limits->trace ? limits->trace : fixture->writer;
    struct mock_run *run = mock_run_start(fixture->server, &options, &error);
    if (!run) {
        error_print(&error, stderr);
    }
    assert_non_null(run);
    return run;
}

static struct fixture set_up(const struct mock_run_options *limits)
{
    struct error error = {0};
    struct fixture fixture = {0};
    fixture.scenario = scenario_read("test.jsonc", text_of_scenario,
                                     strlen(text_of_scenario), &error);
    if (!fixture.scenario) {
        error_print(&error, stderr);
    }
    assert_non_null(fixture.scenario);
    fixture.server = mock_server_create(&error);
    assert_non_null(fixture.server);
    fixture.trace_fd = memfd_create("trace", MFD_CLOEXEC);
    fixture.writer = trace_writer_create(fixture.trace_fd, &error);
    const struct trace_run line = {.scenario = "test/server", .level = 1};
    trace_write_run(fixture.writer, &line);
    fixture.run = start_run(&fixture, limits);
    return fixture;
}

static struct trace *tear_down(struct fixture *fixture)
{
    struct error error = {0};
    mock_server_free(fixture->server); /* stops its runs */
    assert_true(trace_writer_flush(fixture->writer));
    trace_writer_free(fixture->writer);
    off_t size = lseek(fixture->trace_fd, 0, SEEK_END);
    char *bytes = malloc((size_t)size + 1);
    assert_int_equal(pread(fixture->trace_fd, bytes, (size_t)size, 0), size);
    struct trace *trace = trace_read("trace", bytes, (size_t)size, &error);
    if (!trace) {
        error_print(&error, stderr);
    }
    assert_non_null(trace);
    free(bytes);
    close(fixture->trace_fd);
    scenario_free(fixture->scenario);
    return trace;
}

static int connect_to(const struct mock_run *run)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(mock_run_port(run)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Runs the server as its caller must: polls its descriptor until the step says
 * so. */
static void step(struct mock_server *server)
{
    int64_t left_ns = mock_server_step(server);
    assert_true(left_ns >= 0);
    if (left_ns > 0) {
        struct pollfd poll_fd = {.fd = mock_server_fd(server),
                                 .events = POLLIN};
        poll(&poll_fd, 1, 1000);
    }
}

/* The next bytes, 0 at the end, or -1. */
static ssize_t read_some(struct mock_server *server, int fd, char *bytes,
                         size_t size)
{
    time_t end = time(NULL) + PATIENCE_S;
    while (time(NULL) < end) {
        step(server);
        ssize_t count = recv(fd, bytes, size - 1, 0);
        if (count >= 0 || errno != EAGAIN) {
            bytes[count > 0 ? count : 0] = '\0';
            return count;
        }
    }
    fail_msg("no answer in %d s", PATIENCE_S);
    return -1;
}

static int get(struct fixture *fixture, int fd, const char *path)
{
    char bytes[2000];
    snprintf(bytes, sizeof bytes, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    send(fd, bytes, strlen(bytes), MSG_NOSIGNAL);
    ssize_t count = read_some(fixture->server, fd, bytes, sizeof bytes);
    return count > 0 ? (int)strtol(bytes + strlen("HTTP/1.1 "), NULL, 10) : 0;
}

static void step_until_in_flight(struct fixture *fixture, int64_t wanted)
{
    struct mock_run_stats stats = {0};
    time_t end = time(NULL) + PATIENCE_S;
    while (stats.in_flight != wanted) {
        assert_true(time(NULL) < end);
        step(fixture->server);
        mock_run_stats(fixture->run, &stats);
    }
}

/* -- goal: runs in one server share nothing but the loop -- */

static void runs_side_by_side(void **state)
{
    (void)state;
    struct error error = {0};
    struct fixture fixture = set_up(&(struct mock_run_options){0});
    struct trace_writer *writer = trace_writer_create(-1, &error);
    struct mock_run_options options = {.trace = writer};
    struct mock_run *other = start_run(&fixture, &options);
    assert_int_not_equal(mock_run_port(fixture.run), mock_run_port(other));
    assert_true(mock_run_origin_ns(other) >= mock_run_origin_ns(fixture.run));
    int one = connect_to(fixture.run), two = connect_to(other);
    assert_int_equal(get(&fixture, one, "/ok"), 503);
    assert_int_equal(get(&fixture, two, "/ok"), 503);
    assert_int_equal(get(&fixture, one, "/ok"), 204);
    mock_run_stop(other);
    assert_int_equal(get(&fixture, one, "/ok"), 503);
    char bytes[10];
    assert_true(read_some(fixture.server, two, bytes, sizeof bytes) <= 0);
    struct mock_run_stats stats;
    mock_run_stats(fixture.run, &stats);
    assert_int_equal(stats.requests, 3);
    assert_int_equal(stats.connections, 1);
    assert_int_equal(stats.peak_in_flight, 1);
    close(one);
    close(two);
    trace_free(tear_down(&fixture));
    trace_writer_free(writer);
}

/* -- goal: what a script's steps met can be asked -- */

static void uses_are_told(void **state)
{
    (void)state;
    struct fixture fixture = set_up(&(struct mock_run_options){0});
    int fd = connect_to(fixture.run);
    for (int i = 0; i < 3; i++) {
        get(&fixture, fd, "/ok");
    }
    struct script_use uses[4];
    assert_int_equal(mock_run_uses(fixture.run, uses, 4), 4);
    assert_int_equal(uses[0].reached, 2);
    assert_int_equal(uses[1].reached, 1);
    assert_int_equal(uses[2].reached, 0);
    close(fd);
    trace_free(tear_down(&fixture));
}

/* -- goal: more connections than allowed are closed, and the trace says so --
 */

static void connections_are_limited(void **state)
{
    (void)state;
    struct fixture fixture =
        set_up(&(struct mock_run_options){.connections_max = 2});
    int first = connect_to(fixture.run), second = connect_to(fixture.run);
    assert_int_equal(get(&fixture, first, "/ok"), 503);
    assert_int_equal(get(&fixture, second, "/ok"), 204);
    int third = connect_to(fixture.run);
    char bytes[10];
    assert_true(read_some(fixture.server, third, bytes, sizeof bytes) <= 0);
    close(first);
    for (int i = 0; i < 10; i++) { /* until it is seen to be closed */
        step(fixture.server);
    }
    int fourth = connect_to(fixture.run);
    assert_int_equal(get(&fixture, fourth, "/ok"), 503);
    close(second);
    close(third);
    close(fourth);
    struct trace *trace = tear_down(&fixture);
    assert_int_equal(trace->conn_count, 4);
    assert_int_equal(trace->conns[2].fault, FAULT_CLOSE);
    assert_non_null(strstr(trace->conns[2].proof, "allows 2 connections"));
    assert_int_equal(trace->conns[3].fault, FAULT_NONE);
    trace_free(trace);
}

/* -- goal: a request body has a limit -- */

static void bodies_are_limited(void **state)
{
    (void)state;
    struct fixture fixture =
        set_up(&(struct mock_run_options){.request_bytes_max = 4});
    static const char *const requests[] = {
        "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"};
    static const int statuses[] = {201, 413};
    for (int i = 0; i < 2; i++) {
        int fd = connect_to(fixture.run);
        char bytes[500];
        send(fd, requests[i], strlen(requests[i]), MSG_NOSIGNAL);
        read_some(fixture.server, fd, bytes, sizeof bytes);
        assert_int_equal(strtol(bytes + 9, NULL, 10), statuses[i]);
        close(fd);
    }
    struct trace *trace = tear_down(&fixture);
    assert_int_equal(trace->attempt_count, 2);
    assert_int_equal(trace->attempts[0].body_size, 4);
    assert_int_equal(trace->attempts[1].status, 413);
    assert_true(trace->attempts[1].request_end_ns == TRACE_NEVER);
    trace_free(trace);
}

/* -- goal: stopping leaves a whole trace, whatever was going on -- */

static void stop_in_the_middle(void **state)
{
    (void)state;
    struct fixture fixture = set_up(&(struct mock_run_options){0});
    int idle = connect_to(fixture.run), hung = connect_to(fixture.run),
        half = connect_to(fixture.run), body = connect_to(fixture.run);
    static const char hang[] = "GET /hang HTTP/1.1\r\nHost: x\r\n\r\n",
                      part[] = "POST /up HTTP/1.1\r\nHost: x\r\n"
                               "Content-Length: 9\r\n\r\nabc";
    send(hung, hang, strlen(hang), MSG_NOSIGNAL);
    send(half, hang, 8, MSG_NOSIGNAL);
    send(body, part, strlen(part), MSG_NOSIGNAL);
    step_until_in_flight(&fixture, 2);
    struct trace *trace = tear_down(&fixture);
    assert_int_equal(trace->attempt_count, 2);
    assert_int_equal(trace->conn_count, 4);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(trace->attempts[i].end, END_UNFINISHED);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_true(trace->conns[i].closed_ns != TRACE_NEVER);
    }
    trace_free(trace);
    close(idle);
    close(hung);
    close(half);
    close(body);
}

/* -- goal: what can't be listened on is an error with its reason -- */

static void bad_addresses(void **state)
{
    (void)state;
    struct fixture fixture = set_up(&(struct mock_run_options){0});
    struct mock_run_options options = {.scenario = fixture.scenario,
                                       .trace = fixture.writer,
                                       .bind = "localhost"};
    struct error error = {0};
    assert_null(mock_run_start(fixture.server, &options, &error));
    assert_string_equal(error.problems[0].message,
                        "\"localhost\" is no address to bind to");
    options.bind = "127.0.0.1";
    options.port = mock_run_port(fixture.run);
    error = (struct error){0};
    assert_null(mock_run_start(fixture.server, &options, &error));
    assert_non_null(strstr(error.problems[0].message, "in use"));
    assert_int_equal(error.problems[0].kind, PROBLEM_SYSTEM);
    int fd = connect_to(fixture.run);
    assert_int_equal(get(&fixture, fd, "/ok"), 503);
    close(fd);
    trace_free(tear_down(&fixture));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_side_by_side),
        cmocka_unit_test(uses_are_told),
        cmocka_unit_test(connections_are_limited),
        cmocka_unit_test(bodies_are_limited),
        cmocka_unit_test(stop_in_the_middle),
        cmocka_unit_test(bad_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
