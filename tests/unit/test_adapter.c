/* The contract with the client under test: what it is told, what it answers
 * and how long it may take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/plan.h"
#include "model/units.h"
#include "runner/adapter.h"
#include "runner/level0.h"
#include "runner/schedule.h"
#include "runner/time_limit.h"

static const struct route echo_route = {
    .method = "POST", .path = "/v1/echo", .judged = true};

/* A scenario of `clients` times `calls`. */
static struct scenario make_scenario(int64_t clients, int64_t calls)
{
    return (struct scenario){.id = "family/story",
                             .takes_ns = 2 * NS_PER_S,
                             .routes = &echo_route,
                             .route_count = 1,
                             .workload = {.method = "POST",
                                          .path = "/v1/echo",
                                          .clients = clients,
                                          .calls = calls,
                                          .concurrency = 1}};
}

/* -- environment ------------------------------------------------------------
 */

static const char *find(char **environment, const char *name)
{
    size_t length = strlen(name);
    for (; *environment; environment++) {
        if (strncmp(*environment, name, length) == 0 &&
            (*environment)[length] == '=') {
            return *environment + length + 1;
        }
    }
    return NULL;
}

static void the_adapter_is_told_all(void **state)
{
    (void)state;
    struct scenario scenario = make_scenario(1, 2);
    struct arena arena = {0};
    struct error error = {0};
    struct profile profile = {
        .id = "http-generic",
        .file = SOURCE_DIR "/scenarios/../README.md",
    };
    const struct adapter_run run = {.scenario = &scenario,
                                    .profile = &profile,
                                    .seed = UINT64_MAX,
                                    .url = "http://127.0.0.1:5",
                                    .results = "/tmp/results.ndjson"};
    char **environment = adapter_environment(&run, &arena, &error);
    assert_non_null(environment);
    assert_string_equal(find(environment, "RETRYSPEC_BASE_URL"), run.url);
    assert_string_equal(find(environment, "RETRYSPEC_SCENARIO"),
                        "family/story");
    assert_string_equal(find(environment, "RETRYSPEC_PROFILE"), "http-generic");
    assert_string_equal(find(environment, "RETRYSPEC_PROFILE_FILE"),
                        SOURCE_DIR "/README.md");
    assert_string_equal(find(environment, "RETRYSPEC_RESULTS"), run.results);
    assert_string_equal(find(environment, "RETRYSPEC_SEED"),
                        "18446744073709551615");
    assert_non_null(find(environment, "RETRYSPEC_API_KEY"));
    struct plan *plan = plan_read(find(environment, "RETRYSPEC_PLAN"), &error);
    assert_non_null(plan);
    assert_int_equal(plan->workload.calls, 2);
    plan_free(plan);
    assert_string_equal(find(environment, "RETRYSPEC_PLAN_CALLS"), "2");
    assert_string_equal(find(environment, "RETRYSPEC_PLAN_GIVE_UP_MS"), "0");
    profile.is_shipped = true;
    environment = adapter_environment(&run, &arena, &error);
    assert_string_equal(find(environment, "RETRYSPEC_PROFILE_FILE"), "");
    arena_deinit(&arena);
}

static void a_plan_beyond_the_kernels_limit_is_refused(void **state)
{
    (void)state;
    struct scenario scenario = make_scenario(1, 1);
    struct error error = {0};
    assert_true(adapter_check_plan(&scenario, &error));
    char *payload = calloc(ADAPTER_PLAN_MAX + 3, 1);
    assert_non_null(payload);
    memset(payload, 'x', ADAPTER_PLAN_MAX + 2);
    payload[0] = payload[ADAPTER_PLAN_MAX + 1] = '"';
    scenario.workload.payload = payload;
    assert_false(adapter_check_plan(&scenario, &error));
    assert_non_null(strstr(error.problems[0].message, "family/story: the plan "
                                                      "has "));
    free(payload);
}

/* -- results ----------------------------------------------------------------
 */

struct results_case {
    struct arena arena;
    struct adapter_results results;
};

static void read_results_of(const struct scenario *scenario,
                            struct results_case *read, const char *text)
{
    char path[] = "/tmp/retryspec-results-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    *read = (struct results_case){0};
    adapter_results_read(path, scenario, &read->arena, &read->results);
    unlink(path);
}

static void read_results(struct results_case *read, const char *text)
{
    struct scenario scenario = make_scenario(2, 2);
    read_results_of(&scenario, read, text);
}

/* Where the scenario finds calls by a value of the client's own, results have
 * that value. */
static void results_by_names_of_the_client(void **state)
{
    (void)state;
    struct route route = {
        .judged = true, .key = KEY_JSON, .key_name = "/seq_id"};
    struct scenario scenario = make_scenario(1, 2);
    scenario.routes = &route;
    scenario.route_count = 1;
    struct results_case read;
    read_results_of(&scenario, &read,
                    "{\"call\":\"0\",\"outcome\":\"ok\"}\n"
                    "{\"call\":\"1\",\"outcome\":\"ok\"}\n");
    assert_string_equal(read.results.problem, "");
    assert_int_equal(read.results.count, 2);
    arena_deinit(&read.arena);
    read_results_of(&scenario, &read,
                    "{\"call\":\"7\",\"outcome\":\"ok\"}\n"
                    "{\"call\":\"0\",\"outcome\":\"ok\"}\n"
                    "{\"call\":\"7\",\"outcome\":\"ok\"}\n");
    assert_string_equal(read.results.problem, "a second result of call 7");
    arena_deinit(&read.arena);
}

static void results_are_read(void **state)
{
    (void)state;
    struct results_case read;
    read_results(&read, "{\"call\":\"rs-0-1\",\"outcome\":\"ok\","
                        "\"status\":200}\n\n"
                        "{\"call\":\"rs-1-0\",\"outcome\":\"error\","
                        "\"error\":\"RateLimitError\"}");
    assert_string_equal(read.results.problem, "");
    assert_int_equal(read.results.count, 2);
    assert_true(read.results.items[0].is_ok);
    assert_string_equal(read.results.items[1].call, "rs-1-0");
    assert_string_equal(read.results.items[1].error, "RateLimitError");
    arena_deinit(&read.arena);
}

static void bad_results_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"{\"call\":\"rs-0-0\",\"outcome\":\"ok\"}\n"
         "{\"call\":\"rs-2-0\",\"outcome\":\"ok\"}\n",
         "line 2: call \"rs-2-0\" is not in the plan"},
        {"{\"call\":\"rs-0-00\",\"outcome\":\"ok\"}\n",
         "line 1: call \"rs-0-00\" is not in the plan"},
        {"{\"call\":\"rs-0-0\",\"outcome\":\"ok\"}\n"
         "{\"call\":\"rs-0-0\",\"outcome\":\"error\"}\n",
         "line 2: a second result of call rs-0-0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct results_case read;
        read_results(&read, cases[i].text);
        assert_string_equal(read.results.problem, cases[i].problem);
        arena_deinit(&read.arena);
    }
    struct results_case read;
    read_results(&read, "hello\n");
    assert_memory_equal(read.results.problem, "line 1: ", 8);
    arena_deinit(&read.arena);
}

/* -- level 0 ----------------------------------------------------------------
 */

static void urls_are_filled_in(void **state)
{
    (void)state;
    struct scenario scenario = make_scenario(1, 1);
    struct arena arena = {0};
    const char *const argv[] = {"curl", "{url}", "-o{url}:{url}", "x", NULL};
    const char *const plain[] = {"curl", "url", NULL};
    struct level0_call call = {.base_url = "http://h:1",
                               .workload = &scenario.workload,
                               .client = 3,
                               .call = 4};
    assert_true(level0_is(argv));
    assert_false(level0_is(plain));
    const char *const *one = level0_argv(argv, &call, &arena);
    assert_string_equal(one[1], "http://h:1/v1/echo");
    assert_string_equal(one[2], "-ohttp://h:1/v1/echo:http://h:1/v1/echo");
    assert_string_equal(one[3], "x");
    assert_null(one[4]);
    scenario.workload.calls = 2;
    const char *const *many = level0_argv(argv, &call, &arena);
    assert_string_equal(many[1], "http://h:1/v1/echo?rs=rs-3-4");
    scenario.workload.path = "/v1/echo?a=b";
    many = level0_argv(argv, &call, &arena);
    assert_string_equal(many[1], "http://h:1/v1/echo?a=b&rs=rs-3-4");
    arena_deinit(&arena);
}

static void level_0_has_limits(void **state)
{
    (void)state;
    struct scenario scenario = make_scenario(64, 5);
    assert_null(level0_refusal(&scenario.workload));
    scenario.workload.concurrency = 2;
    assert_non_null(level0_refusal(&scenario.workload));
}

/* -- time -------------------------------------------------------------------
 */

static struct layer make_layer(const struct profile_rule *rule,
                               int64_t attempts)
{
    return (struct layer){
        .rules = rule,
        .rule_count = 1,
        .budget = {.attempts = attempts, .elapsed_ns = NS_FOREVER},
        .call_timeout_ns = NS_FOREVER};
}

static void profiles_need_time(void **state)
{
    (void)state;
    const struct profile_rule rule = {.action = RULE_RETRY,
                                      .backoff = {.schedule = SCHEDULE_CONSTANT,
                                                  .base_ns = 3 * NS_PER_S,
                                                  .cap_ns = NS_FOREVER}};
    struct layer layers[] = {make_layer(&rule, 2), make_layer(&rule, 5)};
    struct profile profile = {.layers = layers + 1, .layer_count = 1};
    assert_int_equal(time_limit_waits_ns(&profile), 12 * NS_PER_S);
    /* The outer layer runs the inner one twice and waits once. */
    profile.layers = layers;
    profile.layer_count = 2;
    assert_int_equal(time_limit_waits_ns(&profile), 27 * NS_PER_S);
    layers[1].budget.elapsed_ns = 4 * NS_PER_S;
    assert_int_equal(time_limit_waits_ns(&profile), 11 * NS_PER_S);
    layers[0].budget.attempts = ATTEMPTS_UNLIMITED;
    assert_int_equal(time_limit_waits_ns(&profile), TIME_LIMIT_WAITS_MAX_NS);
}

static void limits_have_a_least(void **state)
{
    (void)state;
    struct scenario scenario = make_scenario(1, 1);
    const struct profile profile = {0};
    assert_int_equal(time_limit_ns(&scenario, &profile, 0), TIME_LIMIT_MIN_NS);
    assert_int_equal(time_limit_ns(&scenario, &profile, NS_PER_S),
                     7 * NS_PER_S);
    scenario.workload.give_up_ns = 100 * NS_PER_S;
    assert_int_equal(time_limit_ns(&scenario, &profile, 0), 106 * NS_PER_S);
}

static void the_longest_come_first(void **state)
{
    (void)state;
    struct scenario items[4];
    const struct scenario *scenarios[4];
    static const int64_t takes[] = {5, 9, 5, 7};
    for (int i = 0; i < 4; i++) {
        items[i] = make_scenario(1, 1);
        items[i].takes_ns = takes[i] * NS_PER_S;
        scenarios[i] = &items[i];
    }
    items[1].is_exclusive = true;
    const struct runner_options options = {
        .scenarios = scenarios, .scenario_count = 4, .jobs = 2};
    size_t order[4];
    static const size_t expected[] = {3, 0, 2, 1};
    schedule_order(&options, order);
    assert_memory_equal(order, expected, sizeof expected);
    /* 17 s on two jobs, then 9 s alone. */
    assert_int_equal(runner_estimate_ns(&options),
                     17 * NS_PER_S + NS_PER_S / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_adapter_is_told_all),
        cmocka_unit_test(a_plan_beyond_the_kernels_limit_is_refused),
        cmocka_unit_test(results_by_names_of_the_client),
        cmocka_unit_test(results_are_read),
        cmocka_unit_test(bad_results_say_where),
        cmocka_unit_test(urls_are_filled_in),
        cmocka_unit_test(level_0_has_limits),
        cmocka_unit_test(profiles_need_time),
        cmocka_unit_test(limits_have_a_least),
        cmocka_unit_test(the_longest_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
