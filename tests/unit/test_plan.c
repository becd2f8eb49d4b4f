/* The plan and the results: what an adapter is told and what it answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "model/plan.h"
#include "model/units.h"

static const struct workload echo = {
    .method = "POST",
    .path = "/v1/echo",
    .clients = 2,
    .calls = 2,
    .concurrency = 1,
    .start_spread_ns = 500 * NS_PER_US,
    .read_timeout_ns = 2 * NS_PER_S,
};

/* Goal: the text that adapters parse does not change by accident. */
static void writes_the_golden_plan(void **state)
{
    (void)state;
    char *text = plan_format(&echo);
    assert_string_equal(
        text, "{\"method\":\"POST\",\"path\":\"/v1/echo\",\"payload\":null,"
              "\"clients\":2,\"calls\":2,\"concurrency\":1,"
              "\"start_spread_ms\":0.5,\"read_timeout_ms\":2000,"
              "\"give_up_ms\":0,\"tokens\":[[\"rs-0-0\",\"rs-0-1\"],"
              "[\"rs-1-0\",\"rs-1-1\"]]}");
    free(text);
}

/* Goal: the same without JSON; the payload is there whatever the plan has. */
static void writes_a_value_each(void **state)
{
    (void)state;
    static const struct plan_value golden[PLAN_VALUES] = {
        {"RETRYSPEC_PLAN_METHOD", "POST"},
        {"RETRYSPEC_PLAN_PATH", "/v1/echo"},
        {"RETRYSPEC_PLAN_PAYLOAD", "{\"token\":\"<token>\"}"},
        {"RETRYSPEC_PLAN_CLIENTS", "2"},
        {"RETRYSPEC_PLAN_CALLS", "2"},
        {"RETRYSPEC_PLAN_CONCURRENCY", "1"},
        {"RETRYSPEC_PLAN_START_SPREAD_MS", "0.5"},
        {"RETRYSPEC_PLAN_READ_TIMEOUT_MS", "2000"},
        {"RETRYSPEC_PLAN_GIVE_UP_MS", "0"},
    };
    struct arena arena = {0};
    struct plan_value values[PLAN_VALUES];
    struct workload workload = echo;
    assert_true(plan_values(&workload, &arena, values));
    for (size_t i = 0; i < PLAN_VALUES; i++) {
        assert_string_equal(values[i].name, golden[i].name);
        assert_string_equal(values[i].text, golden[i].text);
    }
    workload.payload = "[1]";
    assert_true(plan_values(&workload, &arena, values));
    assert_string_equal(values[2].text, "[1]");
    arena_deinit(&arena);
}

static void assert_same_workload(const struct workload *a,
                                 const struct workload *b)
{
    assert_string_equal(a->method, b->method);
    assert_string_equal(a->path, b->path);
    assert_int_equal(a->clients, b->clients);
    assert_int_equal(a->calls, b->calls);
    assert_int_equal(a->concurrency, b->concurrency);
    assert_int_equal(a->start_spread_ns, b->start_spread_ns);
    assert_int_equal(a->read_timeout_ns, b->read_timeout_ns);
    assert_int_equal(a->give_up_ns, b->give_up_ns);
}

/* Goal: what is written is read back, to the nanosecond. */
static void reads_back_what_it_writes(void **state)
{
    (void)state;
    struct workload workload = echo;
    struct error error = {0};
    workload.payload = "{\"id\":\"<token>\",\"n\":[1,2]}";
    workload.path = "/v1/\"quoted\"";
    workload.give_up_ns = 120 * NS_PER_S + 1;
    char *text = plan_format(&workload);
    struct plan *plan = plan_read(text, &error);
    assert_non_null(plan);
    assert_false(error_is_set(&error));
    assert_same_workload(&plan->workload, &workload);
    assert_string_equal(plan->workload.payload, workload.payload);
    plan_free(plan);
    free(text);
}

/* Goal: a plan that would not fit into the environment lists no tokens. */
static void leaves_out_the_tokens_of_a_large_plan(void **state)
{
    (void)state;
    struct workload workload = echo;
    workload.clients = 64;
    workload.calls = PLAN_TOKENS_MAX / 64;
    char *listed = plan_format(&workload);
    assert_non_null(strstr(listed, "\"rs-63-63\"]]}"));
    assert_true(strlen(listed) < (size_t)100 * 1024);
    workload.calls++;
    char *unlisted = plan_format(&workload);
    assert_null(strstr(unlisted, "tokens"));
    free(listed);
    free(unlisted);
}

static void assert_refused(const char *text, const char *message_part)
{
    struct error error = {0};
    struct plan *plan = plan_read(text, &error);
    assert_null(plan);
    assert_true(error_is_set(&error));
    if (!strstr(error.problems[0].message, message_part))
        fail_msg("expected \"%s\" in \"%s\"", message_part,
                 error.problems[0].message);
}

/* Goal: a plan that is none is refused with the name of what is wrong. */
static void refuses_what_is_no_plan(void **state)
{
    (void)state;
    assert_refused("", "");
    assert_refused("[]", "object");
    assert_refused("{\"method\":\"GET\"}", "path");
    assert_refused("{\"method\":1,\"path\":\"/\",\"payload\":null,"
                   "\"clients\":1,\"calls\":1,\"concurrency\":1,"
                   "\"start_spread_ms\":0,\"read_timeout_ms\":0,"
                   "\"give_up_ms\":0}",
                   "string");
    assert_refused("{\"method\":\"GET\",\"path\":\"/\",\"payload\":null,"
                   "\"clients\":0,\"calls\":1,\"concurrency\":1,"
                   "\"start_spread_ms\":0,\"read_timeout_ms\":0,"
                   "\"give_up_ms\":0}",
                   "1");
}

/* Goal: each member is needed, and each is checked. */
static void needs_every_member(void **state)
{
    (void)state;
    static const char *const members[][2] = {
        {"\"method\":\"GET\"", "\"method\":7"},
        {"\"path\":\"/\"", "\"path\":null"},
        {"\"payload\":null", NULL},
        {"\"clients\":1", "\"clients\":0"},
        {"\"calls\":1", "\"calls\":\"1\""},
        {"\"concurrency\":1", "\"concurrency\":-1"},
        {"\"start_spread_ms\":0", "\"start_spread_ms\":-1"},
        {"\"read_timeout_ms\":0", "\"read_timeout_ms\":1e13"},
        {"\"give_up_ms\":0", "\"give_up_ms\":true"},
    };
    const size_t count = sizeof members / sizeof *members;
    for (size_t wrong = 0; wrong <= count; wrong++) {
        for (int kind = 0; kind < 2; kind++) { /* left out, not right */
            char text[512] = "{\"tokens\":[]";
            for (size_t i = 0; i < count; i++) {
                const char *member = i == wrong
                                         ? kind == 0 ? NULL : members[i][1]
                                         : members[i][0];
                if (member) {
                    strcat(strcat(text, ","), member);
                }
            }
            strcat(text, "}");
            struct error error = {0};
            struct plan *plan = plan_read(text, &error);
            assert_int_equal(plan != NULL, wrong == count);
            plan_free(plan);
        }
    }
}

/* Goal: every <token> in the payload becomes the call's token. */
static void fills_the_payload(void **state)
{
    (void)state;
    char token[PLAN_TOKEN_MAX];
    struct workload workload = echo;
    char *text = plan_payload(&workload, plan_token(3, 17, token));
    assert_string_equal(text, "{\"token\":\"rs-3-17\"}");
    free(text);
    workload.payload = "[\"<token>\",\"x <token>\",\"<toke\"]";
    text = plan_payload(&workload, token);
    assert_string_equal(text, "[\"rs-3-17\",\"x rs-3-17\",\"<toke\"]");
    free(text);
}

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Goal: a results line is written and read back whole. */
static void round_trips_a_result(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error = {0};
    struct trace_result read, result = {.call = "rs-0-0",
                                        .is_ok = false,
                                        .status = 429,
                                        .error = "Rate\"Limit\"\n",
                                        .sha256 = HASH};
    char *line = result_format(&result);
    assert_string_equal(
        line, "{\"call\":\"rs-0-0\",\"outcome\":\"error\",\"status\":429,"
              "\"error\":\"Rate\\\"Limit\\\"\\n\",\"sha256\":\"" HASH "\"}");
    assert_true(result_read("results", 1, line, &arena, &read, &error));
    assert_string_equal(read.call, result.call);
    assert_false(read.is_ok);
    assert_int_equal(read.status, 429);
    assert_string_equal(read.error, result.error);
    assert_string_equal(read.sha256, HASH);
    free(line);
    arena_deinit(&arena);
}

static bool reads(const char *line, struct error *error)
{
    struct arena arena = {0};
    struct trace_result result;
    bool is_read = result_read("out.ndjson", 7, line, &arena, &result, error);
    arena_deinit(&arena);
    return is_read;
}

/* Goal: an adapter may write null for what it does not know, and more than is
 * asked for; nothing else is let pass. */
static void reads_results_strictly(void **state)
{
    (void)state;
    struct error error = {0};
    assert_true(reads("{\"call\":\"rs-0-0\",\"outcome\":\"ok\"}", &error));
    assert_true(reads("{\"call\":\"a\",\"outcome\":\"error\",\"status\":null,"
                      "\"error\":null,\"sha256\":null,\"note\":[1]}\r",
                      &error));
    assert_false(error_is_set(&error));
    assert_false(reads("{\"call\":\"rs-0-0\",\"outcome\":\"OK\"}", &error));
    assert_string_equal(error.problems[0].file, "out.ndjson");
    assert_int_equal(error.problems[0].line, 7);
    assert_string_equal(error.problems[0].path, "outcome");
    assert_string_equal(error.problems[0].message,
                        "wrong value: one of \"ok\", \"error\" expected");
    assert_false(reads("{\"call\":\"\",\"outcome\":\"ok\"}", &error));
    assert_false(reads("{\"outcome\":\"ok\"}", &error));
    assert_false(
        reads("{\"call\":\"a\",\"outcome\":\"ok\",\"status\":1000}", &error));
    assert_false(
        reads("{\"call\":\"a\",\"outcome\":\"ok\",\"status\":2.5}", &error));
    assert_false(
        reads("{\"call\":\"a\",\"outcome\":\"ok\",\"sha256\":\"ab\"}", &error));
    assert_false(reads("{\"call\":\"a\",\"outcome\":\"ok\"} x", &error));
    assert_false(reads("\xff", &error));
    assert_int_equal(error.count, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_golden_plan),
        cmocka_unit_test(writes_a_value_each),
        cmocka_unit_test(reads_back_what_it_writes),
        cmocka_unit_test(leaves_out_the_tokens_of_a_large_plan),
        cmocka_unit_test(refuses_what_is_no_plan),
        cmocka_unit_test(needs_every_member),
        cmocka_unit_test(fills_the_payload),
        cmocka_unit_test(round_trips_a_result),
        cmocka_unit_test(reads_results_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
