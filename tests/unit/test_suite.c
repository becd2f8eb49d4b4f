/* The shipped scenarios: each reads, names rules that exist, and the sets that
 * people run by tag are what docs promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "judge/stats_tests.h"
#include "model/embedded.h"
#include "model/scenario.h"
#include "model/units.h"
#include "model/verdict.h"

enum { SUITE_MAX = 256 };

/* All that is shipped. */
struct suite {
    struct scenario *scenarios[SUITE_MAX];
    size_t count;
    struct rule_catalogue *rules;
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_scenario(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && strcmp(dot, ".jsonc") == 0 && strchr(name, '/') &&
           !starts_with(name, "profiles/") && !starts_with(name, "worlds/") &&
           !starts_with(name, "schema/");
}

static void read_one(struct suite *suite, const struct embedded_file *file)
{
    struct error error = {0};
    const struct scenario_text text = {file->name, file->bytes, file->size};
    size_t count = 1;
    for (size_t i = 0; i < count; i++) {
        struct scenario *scenario =
            scenario_read_variant(&text, i, &count, &error);
        if (!scenario)
            error_print(&error, stderr);
        assert_non_null(scenario);
        assert_true(suite->count < SUITE_MAX);
        suite->scenarios[suite->count++] = scenario;
    }
}

static int read_suite(void **state)
{
    static struct suite suite;
    struct error error = {0};
    for (const struct embedded_file *file = embedded_files; file->name;
         file++) {
        if (is_scenario(file->name))
            read_one(&suite, file);
        if (strcmp(file->name, "rules.jsonc") == 0)
            suite.rules =
                rules_read(file->name, file->bytes, file->size, &error);
    }
    assert_non_null(suite.rules);
    *state = &suite;
    return 0;
}

static int free_suite(void **state)
{
    struct suite *suite = *state;
    for (size_t i = 0; i < suite->count; i++)
        scenario_free(suite->scenarios[i]);
    rules_free(suite->rules);
    return 0;
}

static bool has_tag(const struct scenario *scenario, const char *tag)
{
    for (size_t i = 0; i < scenario->tag_count; i++) {
        if (strcmp(scenario->tags[i], tag) == 0)
            return true;
    }
    return false;
}

static const struct scenario *find(const struct suite *suite, const char *id)
{
    for (size_t i = 0; i < suite->count; i++) {
        if (strcmp(suite->scenarios[i]->id, id) == 0)
            return suite->scenarios[i];
    }
    return NULL;
}

/* Goal: an id is the file's path, and below it what a matrix adds, so no two
 * are the same. */
static void ids_are_paths(void **state)
{
    const struct suite *suite = *state;
    for (size_t i = 0; i < suite->count; i++) {
        const struct scenario *scenario = suite->scenarios[i];
        size_t length = strlen(scenario->file) - strlen(".jsonc");
        assert_memory_equal(scenario->id, scenario->file, length);
        assert_true(!scenario->id[length] || scenario->id[length] == '/');
        assert_ptr_equal(find(suite, scenario->id), scenario);
    }
}

/* Goal: a check names a rule that `retryspec explain` knows. */
static void checks_name_rules_of_the_catalogue(void **state)
{
    const struct suite *suite = *state;
    for (size_t i = 0; i < suite->count; i++) {
        const struct scenario *scenario = suite->scenarios[i];
        assert_true(scenario->check_count > 0);
        for (size_t j = 0; j < scenario->check_count; j++) {
            const char *id = scenario->checks[j].rule;
            if (!rules_find(suite->rules, id))
                fail_msg("%s checks %s, which is no rule", scenario->id, id);
        }
    }
}

/* Goal: every file begins with a comment that says what it is there for. */
static void every_story_says_its_goal(void **state)
{
    (void)state;
    for (const struct embedded_file *file = embedded_files; file->name;
         file++) {
        if (is_scenario(file->name) && !starts_with(file->bytes, "// "))
            fail_msg("%s has no comment at its head", file->name);
    }
}

/* Goal: the frozen edition has every family. */
static void the_edition_is_whole(void **state)
{
    const struct suite *suite = *state;
    static const char *const families[] = {"retry-after/", "status/",
                                           "transport/",   "timeout/",
                                           "outage/",      "limits/"};
    size_t all = 0;
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        size_t count = 0;
        for (size_t i = 0; i < suite->count; i++) {
            const struct scenario *scenario = suite->scenarios[i];
            count += scenario->edition &&
                     strcmp(scenario->edition, "2026.1") == 0 &&
                     starts_with(scenario->id, families[f]);
        }
        assert_true(count >= 2);
        all += count;
    }
    assert_true(all >= 14);
}

/* Goal: every family of issue 5 has its stories, in one edition or another. */
static void every_family_is_there(void **state)
{
    const struct suite *suite = *state;
    static const char *const families[] = {
        "retry-after/", "status/",   "transport/", "backoff/",
        "timeout/",     "progress/", "limits/",    "integrity/",
        "outage/",      "herd/",     "hygiene/"};
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        size_t count = 0;
        for (size_t i = 0; i < suite->count; i++)
            count += suite->scenarios[i]->edition &&
                     starts_with(suite->scenarios[i]->id, families[f]);
        assert_true(count >= 2);
    }
}

/* Goal: the rate of false alarms over a suite, which each test has its part of,
 * holds for as many scenarios as there are: four rules are such tests. */
static void the_suite_fits_its_rate(void **state)
{
    const struct suite *suite = *state;
    assert_true(4 * suite->count <= STATS_SUITE_TESTS);
}

/* Goal: a matrix makes a scenario of each method and path, with ids that stay.
 */
static void a_matrix_is_expanded(void **state)
{
    const struct scenario *put = find(*state, "status/503-methods/put-v1-echo");
    assert_non_null(put);
    assert_string_equal(put->workload.method, "PUT");
    assert_string_equal(put->workload.path, "/v1/echo");
    assert_string_equal(put->routes[0].method, "PUT");
    assert_string_equal(put->title, "503, then 200, for PUT /v1/echo");
    assert_non_null(
        find(*state, "status/503-methods/delete-v1-models-7-sample"));
    assert_null(find(*state, "status/503-methods"));
}

/* Goal: `--tag quick` with four jobs takes about ten seconds, and each of its
 * stories is one call, which a program without adapter makes too. */
static void quick_is_quick(void **state)
{
    const struct suite *suite = *state;
    int64_t sum_ns = 0, count = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct scenario *scenario = suite->scenarios[i];
        if (!has_tag(scenario, "quick"))
            continue;
        assert_true(scenario->takes_ns <= 5 * NS_PER_S);
        assert_int_equal(scenario->workload.clients, 1);
        assert_int_equal(scenario->workload.calls, 1);
        sum_ns += scenario->takes_ns;
        count++;
    }
    assert_in_range(count, 8, 14);
    assert_in_range(sum_ns / 4, 6 * NS_PER_S, 10 * NS_PER_S);
}

/* Goal: what takes longer than 20 s says so. */
static void slow_is_tagged(void **state)
{
    const struct suite *suite = *state;
    for (size_t i = 0; i < suite->count; i++) {
        const struct scenario *scenario = suite->scenarios[i];
        bool is_slow = scenario->takes_ns > 20 * NS_PER_S;
        assert_int_equal(is_slow, has_tag(scenario, "slow"));
    }
}

/* Goal: the smoke test holds no fault and scores nothing. */
static void smoke_is_without_fault(void **state)
{
    const struct scenario *smoke = find(*state, "smoke/ok");
    assert_non_null(smoke);
    assert_null(smoke->edition);
    assert_int_equal(smoke->route_count, 1);
    assert_int_equal(smoke->routes[0].step_count, 1);
    assert_int_equal(smoke->routes[0].steps[0].reply.status, 200);
    assert_int_equal(smoke->routes[0].steps[0].reply.fault.kind, FAULT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_paths),
        cmocka_unit_test(checks_name_rules_of_the_catalogue),
        cmocka_unit_test(every_story_says_its_goal),
        cmocka_unit_test(the_edition_is_whole),
        cmocka_unit_test(every_family_is_there),
        cmocka_unit_test(the_suite_fits_its_rate),
        cmocka_unit_test(a_matrix_is_expanded),
        cmocka_unit_test(quick_is_quick),
        cmocka_unit_test(slow_is_tagged),
        cmocka_unit_test(smoke_is_without_fault),
    };
    return cmocka_run_group_tests(tests, read_suite, free_suite);
}
