/* Goal: whichever allocation fails, a reader returns NULL with PROBLEM_MEMORY,
 * without a crash and without a leak (the asan preset sees those). The linker
 * wraps the allocators of our own objects; cJSON gets them as hooks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/baseline.h"
#include "model/embedded.h"
#include "model/jsonc.h"
#include "model/plan.h"
#include "model/profile.h"
#include "model/scenario.h"
#include "model/trace.h"
#include "model/verdict.h"
#include "model/world.h"
#include "short_of_memory.h"

static int use_wrapped_allocators(void **state)
{
    (void)state;
    cJSON_InitHooks(&(cJSON_Hooks){__wrap_malloc, free});
    return 0;
}

/* A reader as one shape; true: it gave something, which was freed. */
typedef bool read_function(const char *file, struct error *error);

static bool read_scenario(const char *file, struct error *error)
{
    struct scenario *scenario = scenario_read_file(file, error);
    scenario_free(scenario);
    return scenario;
}

static bool read_profile(const char *file, struct error *error)
{
    struct profile *profile = profile_read_file(file, error);
    profile_free(profile);
    return profile;
}

static bool read_trace(const char *file, struct error *error)
{
    struct trace *trace = trace_read_file(file, error);
    trace_free(trace);
    return trace;
}

static bool read_world(const char *file, struct error *error)
{
    struct world *world = world_read_file(file, error);
    world_free(world);
    return world;
}

/* These read text; the argument is it. */
static bool read_plan(const char *text, struct error *error)
{
    struct plan *plan = plan_read(text, error);
    plan_free(plan);
    return plan;
}

static bool read_result(const char *text, struct error *error)
{
    struct arena arena = {0};
    struct trace_result result;
    bool is_read = result_read("results", 1, text, &arena, &result, error);
    arena_deinit(&arena);
    return is_read;
}

/* The catalogue is read from memory only: `name` is that of a shipped file. */
static bool read_rules(const char *name, struct error *error)
{
    const struct embedded_file *file = embedded_files;
    while (strcmp(file->name, name) != 0)
        file++;
    struct rule_catalogue *rules =
        rules_read(name, file->bytes, file->size, error);
    rules_free(rules);
    return rules;
}

static bool read_baseline(const char *text, struct error *error)
{
    static const char *const rules[] = {"RA-1", NULL};
    static const char *const scenarios[] = {"t/one", NULL};
    struct baseline *baseline =
        baseline_read("b", text, strlen(text),
                      &(struct baseline_names){rules, scenarios}, error);
    baseline_free(baseline);
    return baseline;
}

static bool has_memory_problem(const struct error *error)
{
    for (int i = 0; i < error->count; i++) {
        if (error->problems[i].kind == PROBLEM_MEMORY)
            return true;
    }
    return false;
}

/* Returns how many allocations a reading takes. */
static long fail_each_in_turn(read_function *read, const char *file)
{
    for (long k = 0; k < 100000; k++) {
        struct error error = {0};
        countdown = k;
        failures = 0;
        bool is_read = read(file, &error);
        countdown = -1;
        if (failures == 0) {
            error_print(&error, stderr);
            assert_true(is_read);
            return k;
        }
        if (is_read || !has_memory_problem(&error))
            fail_msg("%s: allocation %ld failed unseen", file, k);
    }
    fail_msg("%s: too many allocations", file);
    return 0;
}

static const char whole_scenario[] =
    SOURCE_DIR "/tests/fuzz/corpus/fuzz_scenario/all.jsonc";
static const char whole_profile[] =
    SOURCE_DIR "/tests/fuzz/corpus/fuzz_profile/every_key";

static const char whole_trace[] =
    SOURCE_DIR "/tests/fuzz/corpus/fuzz_trace/all.ndjson";
static const char whole_world[] =
    SOURCE_DIR "/scenarios/worlds/outage-2min.jsonc";
static const char whole_plan[] =
    "{\"method\":\"POST\",\"path\":\"/a\",\"payload\":{\"a\":[1]},"
    "\"clients\":1,\"calls\":1,\"concurrency\":1,\"start_spread_ms\":0,"
    "\"read_timeout_ms\":0,\"give_up_ms\":0,\"tokens\":[[\"rs-0-0\"]]}";
static const char whole_baseline[] =
    "# known\nt/*:RA-1 why until=2027-01-31 flaky\nt/one:RA-1 why else\n";
static const char whole_result[] =
    "{\"call\":\"rs-0-0\",\"outcome\":\"ok\",\"status\":200,\"error\":\"e\"}";

static void readers_survive_one_failure(void **state)
{
    (void)state;
    fails_once = true;
    assert_true(fail_each_in_turn(read_scenario, whole_scenario) > 100);
    assert_true(fail_each_in_turn(read_profile, whole_profile) > 100);
    assert_true(fail_each_in_turn(read_trace, whole_trace) > 20);
    assert_true(fail_each_in_turn(read_plan, whole_plan) > 10);
    assert_true(fail_each_in_turn(read_result, whole_result) > 1);
    assert_true(fail_each_in_turn(read_rules, "rules.jsonc") > 100);
    assert_true(fail_each_in_turn(read_baseline, whole_baseline) > 5);
    assert_true(fail_each_in_turn(read_world, whole_world) > 20);
}

static void readers_survive_when_memory_stays_short(void **state)
{
    (void)state;
    fails_once = false;
    fail_each_in_turn(read_scenario, whole_scenario);
    fail_each_in_turn(read_profile, whole_profile);
    fail_each_in_turn(read_trace, whole_trace);
    fail_each_in_turn(read_plan, whole_plan);
    fail_each_in_turn(read_result, whole_result);
    fail_each_in_turn(read_rules, "rules.jsonc");
    fail_each_in_turn(read_baseline, whole_baseline);
    fail_each_in_turn(read_world, whole_world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_survive_one_failure),
        cmocka_unit_test(readers_survive_when_memory_stays_short),
    };
    return cmocka_run_group_tests(tests, use_wrapped_allocators, NULL);
}
