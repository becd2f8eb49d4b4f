/* JIT-1, JIT-2 and HERD-1: clients that keep their law raise nothing in 100,000
 * runs; those that do not are caught at the sample size that the rule states.
 */
#include "judge_crowd.h"

#include "judge/stats_tests.h"

#define LAW(text)                                                            \
    "[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"503\"]},\"do\":"  \
    "\"retry\",\"backoff\":{\"schedule\":\"exponential\",\"base\":\"500ms\"" \
    ",\"factor\":2,\"cap\":\"8s\"," text "}}]}]"
#define DECORRELATED                                                        \
    "[{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"503\"]},\"do\":" \
    "\"retry\",\"backoff\":{\"schedule\":\"constant\",\"base\":\"500ms\","  \
    "\"cap\":\"8s\",\"jitter\":{\"decorrelated\":3}}}]}]"
#define FULL LAW("\"jitter\":{\"full\":1.0}")

struct stage {
    struct story story;
    struct crowd_run *run;
};

static void stage_init(struct stage *stage, const char *layers,
                       const char *checks, const struct crowd_plan *plan)
{
    char workload[128];
    snprintf(workload, sizeof workload,
             "{\"request\":\"POST /v1/x\",\"clients\":%d,\"calls\":%d}",
             plan->clients, plan->calls);
    stage->story = (struct story){.profile = story_profile(layers),
                                  .scenario = story_scenario(workload, checks)};
    stage->run = calloc(1, sizeof *stage->run);
    assert_non_null(stage->run);
}

static void stage_free(struct stage *stage)
{
    story_free(&stage->story);
    free(stage->run);
}

/* What the clients did stands in the run. `rate` 0: the usual one. */
static void stage_judge_told(struct stage *stage, double rate)
{
    scenario_report_free(stage->story.report);
    if (!stage->story.rules) {
        struct error error = {0};
        const struct embedded_file *file = embedded("rules.jsonc");
        stage->story.rules =
            rules_read("rules.jsonc", file->bytes, file->size, &error);
        must_read(stage->story.rules, &error);
    }
    stage->story.report = judge_run(&(struct judge_input){
        .profile = stage->story.profile,
        .scenario = stage->story.scenario,
        .trace = &stage->run->trace,
        .rules = stage->story.rules,
        .false_alarm = rate,
    });
    assert_non_null(stage->story.report);
}

static void stage_judge_at(struct stage *stage, const struct crowd_plan *plan,
                           double rate)
{
    crowd_tell(stage->run, plan,
               &stage->story.profile->layers[0].rules[0].backoff);
    stage_judge_told(stage, rate);
}

static void stage_judge(struct stage *stage, const struct crowd_plan *plan)
{
    stage_judge_at(stage, plan, 0);
}

static const struct verdict *find(const struct stage *stage, const char *rule,
                                  enum verdict_word word)
{
    const struct verdict *verdict = verdict_of(&stage->story, rule);
    if (!verdict || verdict->word != word) {
        print_verdicts(&stage->story);
        fail_msg("%s is not %s", rule, verdict_people_words[word]);
    }
    return verdict;
}

/* -- what is caught -------------------------------------------------------- */

#define ALL "\"JIT-1\",\"JIT-2\",\"HERD-1\""

struct row {
    const char *layers;
    struct crowd_plan plan;
    const char *rule; /* NULL: all is well */
    const char *expected, *observed, *likely;
};

static const struct row rows[] = {
    {FULL, {16, 1, 4, DRAW_RIGHT, 1, 30 * MS, 3 * MS}, NULL, 0, 0, 0},
    {FULL,
     {1, 1, 12, DRAW_NOTHING, 1, 0, 3 * MS},
     "JIT-1",
     0,
     0,
     "the delays have no jitter, or next to none"},
    {FULL,
     {11, 1, 4, DRAW_LOW_HALF, 1, 30 * MS, 3 * MS},
     "JIT-1",
     0,
     0,
     "the jitter is half as wide as the law's"},
    {FULL,
     {11, 1, 4, DRAW_MIDDLE, 1, 30 * MS, 3 * MS},
     "JIT-1",
     0,
     0,
     "the jitter is a quarter as wide as the law's"},
    {FULL,
     {30, 20, 1, DRAW_LOW_TENTHS, 1, 30 * MS, 3 * MS},
     "JIT-1",
     0,
     0,
     NULL},
    {FULL,
     {12, 1, 4, DRAW_SAME_CLIENTS, 1, 30 * MS, 3 * MS},
     "JIT-2",
     0,
     0,
     "the clients' random numbers have the same seed"},
    {FULL,
     {1, 12, 4, DRAW_SAME_CALLS, 1, 0, 3 * MS},
     "JIT-2",
     0,
     0,
     "the random numbers begin anew with each call"},
    {FULL,
     {80, 1, 1, DRAW_TICKS, 1, 30 * MS, 3 * MS},
     "HERD-1",
     0,
     0,
     "clients draw the same delays, or wake up together"},
};

static void check_text(const char *what, const char *wanted, const char *found)
{
    if (wanted && (!found || strcmp(wanted, found) != 0)) {
        fail_msg("%s:\n  wanted %s\n  found  %s", what, wanted,
                 found ? found : "nothing");
    }
}

static void test_wrong_jitter_is_caught(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct stage stage;
        stage_init(&stage, row->layers, ALL, &row->plan);
        stage_judge(&stage, &row->plan);
        if (row->rule) {
            const struct verdict *verdict =
                find(&stage, row->rule, VERDICT_FAIL);
            check_text("expected", row->expected, verdict->expected);
            check_text("observed", row->observed, verdict->observed);
            check_text("likely", row->likely, verdict->likely);
        } else {
            assert_true(find(&stage, "JIT-1", VERDICT_PASS)->exercised > 0);
            assert_true(find(&stage, "JIT-2", VERDICT_PASS)->exercised > 0);
            assert_true(find(&stage, "HERD-1", VERDICT_PASS)->exercised > 0);
        }
        stage_free(&stage);
    }
}

/* -- at another rate ------------------------------------------------------- */

/* Too few for the usual rate: a larger one tells the same difference. */
static const struct {
    const char *rule;
    struct crowd_plan plan;
    const char *expected; /* a part of it */
} sharper[] = {
    {"JIT-1",
     {6, 1, 4, DRAW_LOW_HALF, 1, 30 * MS, 3 * MS},
     "(one false alarm in 10000)"},
    {"JIT-1",
     {15, 20, 1, DRAW_LOW_TENTHS, 1, 30 * MS, 3 * MS},
     "(one false alarm in 10000)"},
    {"JIT-2",
     {2, 1, 5, DRAW_SAME_CLIENTS, 1, 30 * MS, 3 * MS},
     "(one false alarm in 10000)"},
    {"HERD-1",
     {40, 1, 1, DRAW_TICKS, 1, 30 * MS, 3 * MS},
     "(one false alarm in 10000)"},
};

static void test_a_larger_rate_is_sharper(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sharper / sizeof *sharper; i++) {
        struct stage stage;
        stage_init(&stage, FULL, "", &sharper[i].plan);
        stage_judge_at(&stage, &sharper[i].plan, FALSE_ALARM_USUAL);
        const struct verdict *usual = verdict_of(&stage.story, sharper[i].rule);
        assert_true(!usual || usual->word == VERDICT_PASS);
        stage_judge_at(&stage, &sharper[i].plan, FALSE_ALARM_MOST);
        const struct verdict *larger =
            find(&stage, sharper[i].rule, VERDICT_FAIL);
        if (!strstr(larger->expected, sharper[i].expected)) {
            fail_msg("%s", larger->expected);
        }
        stage_free(&stage);
    }
}

/* The sizes that docs/statistics.md states, of half the width, of no jitter and
 * of pairs. */
static void test_sizes_of_samples(void **state)
{
    (void)state;
    static const struct {
        double suite;
        size_t half, none, pairs;
    } sizes[] = {{1e-12, 60, 16, 14},
                 {FALSE_ALARM_USUAL, 39, 10, 8},
                 {1e-3, 29, 8, 6},
                 {FALSE_ALARM_MOST, 22, 6, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double rate = sizes[i].suite / STATS_SUITE_TESTS;
        assert_int_equal(stats_size_cluster(0.5, rate / 5), sizes[i].half);
        assert_int_equal(stats_size_cluster(1.0 / 16, rate / 5), sizes[i].none);
        assert_int_equal(stats_size_pairs(0.03, 0.8, rate / 2), sizes[i].pairs);
    }
}

/* -- on a machine that is late --------------------------------------------- */

static void expect_machine(const struct stage *stage, const char *rule,
                           const char *part)
{
    const struct verdict *verdict = find(stage, rule, VERDICT_NA);
    if (!strstr(verdict->reason, "the load of this machine took what is "
                                 "missing") ||
        !strstr(verdict->reason, part) || strstr(verdict->reason, "profile")) {
        fail_msg("%s: %s", rule, verdict->reason);
    }
}

/* As many delays as the rules need, but not from this machine. */
static const struct crowd_plan enough = {16, 1,       4,     DRAW_RIGHT,
                                         1,  30 * MS, 3 * MS};

static void test_lag_is_named_and_not_the_profile(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, FULL, ALL, &enough);
    crowd_tell(stage.run, &enough,
               &stage.story.profile->layers[0].rules[0].backoff);
    stage.run->trace.lag_max_ns = 3000 * MS;
    stage_judge_told(&stage, 0);
    expect_machine(&stage, "JIT-1", "timers were up to 3000.0 ms late");
    expect_machine(&stage, "JIT-2", "timers were up to 3000.0 ms late");
    stage_free(&stage);
}

static void test_load_is_named_and_not_the_profile(void **state)
{
    (void)state;
    struct stage stage;
    struct trace_starved all = {
        .from_ns = 0, .to_ns = 3600 * NS_PER_S, .wait_ns = 60 * MS};
    stage_init(&stage, FULL, ALL, &enough);
    crowd_tell(stage.run, &enough,
               &stage.story.profile->layers[0].rules[0].backoff);
    stage.run->trace.starved = &all;
    stage.run->trace.starved_count = 1;
    stage_judge_told(&stage, 0);
    expect_machine(&stage, "JIT-1", "before 64 of 64 delays the client waited");
    expect_machine(&stage, "JIT-2", "before 64 of 64 delays the client waited");
    stage_free(&stage);
}

/* The twin: too few delays are the scenario's doing. */
static void test_few_delays_are_not_the_machines_doing(void **state)
{
    (void)state;
    struct stage stage;
    struct crowd_plan few = enough;
    few.clients = 3;
    stage_init(&stage, FULL, ALL, &few);
    crowd_tell(stage.run, &few,
               &stage.story.profile->layers[0].rules[0].backoff);
    stage.run->trace.lag_max_ns = 30 * MS;
    stage_judge_told(&stage, 0);
    assert_non_null(strstr(find(&stage, "JIT-1", VERDICT_NA)->reason,
                           "a client of this profile makes no more"));
    stage_free(&stage);
}

/* -- what is not ----------------------------------------------------------- */

static const char *const laws[] = {
    FULL,
    LAW("\"jitter\":\"equal\""),
    LAW("\"jitter\":{\"symmetric\":0.25}"),
    LAW("\"jitter\":{\"proportional\":[0.8,1.2]}"),
    LAW("\"jitter\":{\"down\":0.25}"),
    LAW("\"jitter\":{\"up\":0.5},\"clip\":true"),
    LAW("\"jitter\":{\"add\":[\"0s\",\"1s\"]}"),
    DECORRELATED,
    LAW("\"jitter\":{\"full\":1.0},\"order\":\"before-cap\""),
    LAW("\"jitter\":{\"full_from\":\"100ms\"},\"floor\":\"200ms\""),
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    defined(RETRYSPEC_COVERAGE)
enum { RUNS = 5000 }; /* such builds look for other things than false alarms */
#else
enum { RUNS = 100000 };
#endif
enum { LAWS = sizeof laws / sizeof *laws };

static int64_t violations(const struct stage *stage)
{
    int64_t sum = 0;
    for (size_t i = 0; i < stage->story.report->verdict_count; i++) {
        sum += stage->story.report->verdicts[i].violations;
    }
    return sum;
}

/* Sizes below, about and above what the tests need; clients that begin at once
 * or not; machines that are quick or slow. */
static struct crowd_plan plan_of(uint64_t seed)
{
    static const int64_t late_ms[] = {1, 3, 20, 60};
    struct rng rng = rng_stream(2026, 1, seed);
    return (struct crowd_plan){
        .clients = 1 + (int)(rng_next(&rng) % 10),
        .calls = 1 + (int)(rng_next(&rng) % 2),
        .retries = 1 + (int)(rng_next(&rng) % 3),
        .seed = seed,
        .spread_ns = (int64_t)(rng_next(&rng) % 2) * 300 * MS,
        .late_ns = late_ms[rng_next(&rng) % 4] * MS,
    };
}

/* One false alarm in 1000 million tests: none in 300,000. So many runs take the
 * better part of a minute of processor: fewer would show less than the rules
 * promise. */
static void test_right_jitter_raises_nothing(void **state)
{
    (void)state;
    int64_t exercised[3] = {0};
    struct stage stages[LAWS];
    for (int i = 0; i < LAWS; i++) {
        stage_init(&stages[i], laws[i], "",
                   &(struct crowd_plan){.clients = 12, .calls = 3});
    }
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        struct stage *stage = &stages[seed % LAWS];
        struct crowd_plan plan = plan_of(seed);
        stage->story.scenario->workload.clients = plan.clients;
        stage->story.scenario->workload.calls = plan.calls;
        stage_judge(stage, &plan);
        if (violations(stage) > 0) {
            print_verdicts(&stage->story);
            fail_msg("run %llu raises a false alarm", (unsigned long long)seed);
        }
        exercised[0] += verdict_of(&stage->story, "JIT-1") != NULL;
        exercised[1] += verdict_of(&stage->story, "JIT-2") != NULL;
        exercised[2] += verdict_of(&stage->story, "HERD-1") != NULL;
    }
    print_message("passed by %lld, %lld and %lld of %d runs\n",
                  (long long)exercised[0], (long long)exercised[1],
                  (long long)exercised[2], RUNS);
    for (int i = 0; i < 3; i++) {
        assert_true(exercised[i] > RUNS / 50);
    }
    for (int i = 0; i < LAWS; i++) {
        stage_free(&stages[i]);
    }
}

/* One false alarm in 10,000 tests: 3 in 10,000 runs of three rules, and 20 in
 * one of a million such series. */
static void test_a_larger_rate_is_kept(void **state)
{
    (void)state;
    struct stage stages[LAWS];
    int alarms = 0;
    for (int i = 0; i < LAWS; i++) {
        stage_init(&stages[i], laws[i], "",
                   &(struct crowd_plan){.clients = 12, .calls = 3});
    }
    for (uint64_t seed = RUNS; seed < RUNS + RUNS / 10; seed++) {
        struct stage *stage = &stages[seed % LAWS];
        struct crowd_plan plan = plan_of(seed);
        stage->story.scenario->workload.clients = plan.clients;
        stage->story.scenario->workload.calls = plan.calls;
        stage_judge_at(stage, &plan, FALSE_ALARM_MOST);
        alarms += violations(stage) > 0;
    }
    print_message("%d alarms in %d runs\n", alarms, RUNS / 10);
    assert_true(alarms < 20);
    for (int i = 0; i < LAWS; i++) {
        stage_free(&stages[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_jitter_is_caught),
        cmocka_unit_test(test_a_larger_rate_is_sharper),
        cmocka_unit_test(test_sizes_of_samples),
        cmocka_unit_test(test_lag_is_named_and_not_the_profile),
        cmocka_unit_test(test_load_is_named_and_not_the_profile),
        cmocka_unit_test(test_few_delays_are_not_the_machines_doing),
        cmocka_unit_test(test_a_larger_rate_is_kept),
        cmocka_unit_test(test_right_jitter_raises_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
