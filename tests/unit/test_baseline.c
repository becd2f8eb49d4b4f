/* Goal: a baseline excuses what it lists and nothing else, and does not grow
 * old unseen; each wrong line is told with its place; repeats hide nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/baseline.h"
#include "model/verdict_merge.h"

static const char *const rule_names[] = {"RA-1", "BO-1", "OUT-1", NULL};
static const char *const scenario_names[] = {"t/one", "t/two", "u:x/three",
                                             NULL};
static const struct baseline_names names = {rule_names, scenario_names};

static struct rule ra1 = {.id = "RA-1"}, bo1 = {.id = "BO-1"},
                   out1 = {.id = "OUT-1"};
static struct scenario one = {.id = "t/one"}, two = {.id = "t/two"};

static struct baseline *read(const char *text)
{
    struct error error = {0};
    struct baseline *baseline =
        baseline_read("b", text, strlen(text), &names, &error);
    if (!baseline)
        fail_msg("%s", error.problems[0].message);
    return baseline;
}

/* -- reading ----------------------------------------------------------------
 */

static void lines_have_a_name_a_reason_and_options(void **state)
{
    (void)state;
    struct baseline *baseline =
        read("# known\n\n  t/one:RA-1\twhy not  until=2028-02-29 flaky \r\n"
             "u:x/*:BO-1 until tomorrow");
    assert_int_equal(baseline->count, 4);
    assert_int_equal(baseline_size(baseline), 2);
    const struct baseline_line *line = &baseline->lines[2];
    assert_string_equal(line->pattern, "t/one");
    assert_string_equal(line->rule, "RA-1");
    assert_string_equal(line->reason, "why not");
    assert_string_equal(line->until, "2028-02-29");
    assert_true(line->is_flaky);
    assert_string_equal(line[1].pattern, "u:x/*");
    assert_string_equal(line[1].reason, "until tomorrow");
    assert_null(line[1].until);
    assert_false(line[1].is_flaky);
    baseline_free(baseline);
}

static void wrong_lines_are_told_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line, column;
        const char *message, *hint;
    } cases[] = {
        {"t/one:RA-2 x", 1, 7, "no rule \"RA-2\"", "did you mean \"RA-1\"?"},
        {"\nt/oen:RA-1 x", 2, 1, "\"t/oen\" matches no scenario",
         "did you mean \"t/one\"?"},
        {"v/*:RA-1 x", 1, 1, "\"v/*\" matches no", "retryspec list"},
        {"  t/one x", 1, 3, "expected SCENARIO:RULE", "a line reads: "},
        {":RA-1 x", 1, 1, "expected SCENARIO:RULE", ""},
        {"t/one: x", 1, 1, "expected SCENARIO:RULE", ""},
        {"t/one:RA-1", 1, 11, "the reason is missing", "say why"},
        {"t/one:RA-1   flaky", 1, 14, "the reason is missing", ""},
        {"t/one:RA-1 x until=2027-02-29", 1, 14, "a day that exists",
         "until=2027-01-31"},
        {"t/one:RA-1 x until=soon", 1, 14, "a day that exists", ""},
        {"t/one:RA-1 x\nt/one:RA-1 y", 2, 1, "line 1 lists the same", ""},
        {"t/one:RA-1 x\x01", 1, 13, "a control character", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {0};
        assert_null(baseline_read("b", cases[i].text, strlen(cases[i].text),
                                  &names, &error));
        const struct problem *problem = &error.problems[0];
        assert_int_equal(error.count, 1);
        assert_int_equal(problem->kind, PROBLEM_INPUT);
        assert_string_equal(problem->file, "b");
        if (problem->line != cases[i].line ||
            problem->column != cases[i].column ||
            !strstr(problem->message, cases[i].message) ||
            !strstr(problem->hint, cases[i].hint))
            fail_msg("%s: %d:%d %s (%s)", cases[i].text, problem->line,
                     problem->column, problem->message, problem->hint);
    }
}

static void bytes_of_any_kind_are_refused_or_read(void **state)
{
    (void)state;
    struct error error = {0};
    assert_null(baseline_read("b", "t/one:RA-1 x\0y", 14, &names, &error));
    char *large = malloc(BASELINE_BYTES_MAX + 1);
    assert_non_null(large);
    memset(large, '#', BASELINE_BYTES_MAX + 1);
    assert_null(
        baseline_read("b", large, BASELINE_BYTES_MAX + 1, &names, &error));
    memset(large, '\n', BASELINE_LINES_MAX);
    assert_null(baseline_read("b", large, BASELINE_LINES_MAX, &names, &error));
    free(large);
    assert_int_equal(error.count, 3);
}

static void only_days_that_exist_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        bool is_one;
    } days[] = {
        {"2028-02-29", true},   {"2100-02-28", true},  {"2100-02-29", false},
        {"2000-02-29", true},   {"2027-04-30", true},  {"2027-04-31", false},
        {"2027-12-31", true},   {"2027-00-01", false}, {"2027-13-01", false},
        {"2027-01-00", false},  {"2027/01/01", false}, {"2027-1-001", false},
        {"2027-01-011", false},
    };
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        char text[64];
        struct error error = {0};
        snprintf(text, sizeof text, "t/one:RA-1 x until=%s", days[i].day);
        struct baseline *baseline =
            baseline_read("b", text, strlen(text), &names, &error);
        if ((baseline != NULL) != days[i].is_one)
            fail_msg("%s", days[i].day);
        baseline_free(baseline);
    }
}

/* A name that is not there is a slip, unless it may be missing; what can't be
 * read is told in either case. */
static void files_may_be_missing(void **state)
{
    (void)state;
    struct error error = {0};
    struct baseline *baseline =
        baseline_read_file("/nowhere/b", true, &names, &error);
    assert_non_null(baseline);
    assert_int_equal(baseline_size(baseline), 0);
    baseline_free(baseline);
    assert_int_equal(error.count, 0);
    assert_null(baseline_read_file("/nowhere/b", false, &names, &error));
    assert_string_equal(error.problems[0].message,
                        "can't read the baseline /nowhere/b: No such file or "
                        "directory");
    assert_null(baseline_read_file("/", true, &names, &error));
    assert_int_equal(error.problems[1].kind, PROBLEM_INPUT);
    const char *other = SOURCE_DIR "/CMakeLists.txt";
    error = (struct error){0}; /* a file that is no baseline */
    assert_null(baseline_read_file(other, true, &names, &error));
    assert_string_equal(error.problems[0].file, other);
}

/* -- a run ------------------------------------------------------------------
 */

struct fixture {
    struct verdict first[3], second[2];
    struct scenario_report reports[2];
    struct scenario_report *list[2];
    struct run_report run;
    struct baseline *baseline;
};

/* t/one: RA-1 fails, BO-1 passes, OUT-1 is not exercised; t/two: BO-1 passes,
 * OUT-1 does not apply. */
static struct fixture *play(const char *text)
{
    struct fixture *at = calloc(1, sizeof *at);
    assert_non_null(at);
    at->first[0] = (struct verdict){
        .rule = &ra1, .word = VERDICT_FAIL, .observed = "gap\n= 0"};
    at->first[1] = (struct verdict){.rule = &bo1, .word = VERDICT_PASS};
    at->first[2] =
        (struct verdict){.rule = &out1, .word = VERDICT_INCONCLUSIVE};
    at->second[0] = (struct verdict){.rule = &bo1, .word = VERDICT_PASS};
    at->second[1] = (struct verdict){.rule = &out1, .word = VERDICT_NA};
    at->reports[0] = (struct scenario_report){
        .scenario = &one, .verdicts = at->first, .verdict_count = 3};
    at->reports[1] = (struct scenario_report){
        .scenario = &two, .verdicts = at->second, .verdict_count = 2};
    at->list[0] = &at->reports[0];
    at->list[1] = &at->reports[1];
    at->run = (struct run_report){
        .scenarios = at->list, .count = 2, .passes_inconclusive = true};
    at->baseline = read(text);
    at->run.baseline = at->baseline;
    for (size_t i = 0; i < 2; i++)
        baseline_mark(at->baseline, at->list[i], "2026-06-01");
    baseline_settle(at->baseline, &at->run);
    return at;
}

static void finish(struct fixture *at)
{
    baseline_free(at->baseline);
    free(at);
}

static void the_state_of_a_line_follows_the_run(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int state, exit_code;
        const char *written; /* after an update */
    } cases[] = {
        {"", -1, 1, "t/one:RA-1"},
        {"t/one:RA-1 x", BASELINE_HOLDS, 0, "t/one:RA-1 x\n"},
        {"t/*:RA-1 x", BASELINE_HOLDS, 0, "t/*:RA-1 x\n"},
        {"t/one:RA-1 x until=2026-06-01", BASELINE_HOLDS, 0, "t/one:RA-1 x"},
        {"t/one:RA-1 x until=2026-05-31", BASELINE_HOLDS, 1, "t/one:RA-1 x"},
        {"t/one:RA-1 x flaky", BASELINE_HOLDS, 0, "flaky\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture *at = play(cases[i].text);
        if (cases[i].state >= 0)
            assert_int_equal(at->baseline->lines[0].state, cases[i].state);
        assert_int_equal(run_report_exit_code(&at->run), cases[i].exit_code);
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        assert_true(baseline_write(at->baseline, &at->run, out));
        fclose(out);
        assert_non_null(strstr(text, cases[i].written));
        free(text);
        finish(at);
    }
}

static void what_no_longer_holds_is_red(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum baseline_state state;
        int exit_code;
    } cases[] = {
        {"t/one:BO-1 x", BASELINE_STALE, 1},
        {"t/one:BO-1 x flaky", BASELINE_HOLDS, 0},
        {"t/*:BO-1 x", BASELINE_STALE, 1},
        {"t/one:OUT-1 x", BASELINE_OPEN, 0},  /* inconclusive: no word on it */
        {"t/two:OUT-1 x", BASELINE_STALE, 1}, /* can't fail */
        {"t/two:RA-1 x", BASELINE_UNMET, 1},
        {"u:x/three:RA-1 x", BASELINE_OPEN, 0}, /* was not run */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[100];
        snprintf(text, sizeof text, "t/one:RA-1 y\n%s", cases[i].line);
        struct fixture *at = play(text);
        if (at->baseline->lines[1].state != cases[i].state ||
            run_report_exit_code(&at->run) != cases[i].exit_code)
            fail_msg("%s: state %d, exit code %d", cases[i].line,
                     (int)at->baseline->lines[1].state,
                     run_report_exit_code(&at->run));
        finish(at);
    }
}

static void a_pattern_holds_while_one_fails(void **state)
{
    (void)state;
    struct fixture *at = play("t/*:RA-1 x\nt/*:BO-1 y");
    at->second[0].word = VERDICT_FAIL;
    for (size_t i = 0; i < 2; i++)
        baseline_mark(at->baseline, at->list[i], "2026-06-01");
    baseline_settle(at->baseline, &at->run);
    assert_int_equal(at->baseline->lines[1].state, BASELINE_HOLDS);
    assert_int_equal(at->first[1].known, KNOWN_NOT);
    assert_int_equal(at->second[0].known, KNOWN_FAILURE);
    assert_int_equal(run_report_exit_code(&at->run), 0);
    finish(at);
}

/* A client that does not retry never gets to what comes after its retry. */
static void what_a_known_failure_hides_can_be_listed(void **state)
{
    (void)state;
    struct fixture *at = play("t/one:RA-1 x\nt/one:OUT-1 y");
    at->first[2].word = VERDICT_NOT_EXERCISED;
    at->first[2].reason = "the run ended";
    assert_int_equal(run_report_exit_code(&at->run), 3);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_true(baseline_write(at->baseline, &at->run, out));
    fclose(out);
    assert_non_null(strstr(text, "unexplained: the run ended\n"));
    free(text);
    baseline_mark(at->baseline, at->list[0], "2026-06-01");
    baseline_settle(at->baseline, &at->run);
    assert_int_equal(run_report_exit_code(&at->run), 0);
    assert_int_equal(scenario_report_word(at->list[0]), VERDICT_PASS);
    finish(at);
}

static void an_update_keeps_comments_and_drops_what_is_stale(void **state)
{
    (void)state;
    struct fixture *at =
        play("# why\n\nt/one:BO-1  gone\nu:x/three:RA-1   later # no comment");
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_true(baseline_write(at->baseline, &at->run, out));
    fclose(out);
    assert_string_equal(text, "# why\n\nu:x/three:RA-1   later # no comment\n"
                              "t/one:RA-1                                     "
                              "unexplained: gap = 0\n");
    free(text);
    finish(at);
}

/* -- repeats ----------------------------------------------------------------
 */

static struct scenario_report *round_of(enum verdict_word ra,
                                        enum verdict_word bo)
{
    struct scenario_report *report = calloc(1, sizeof *report);
    assert_non_null(report);
    report->scenario = &one;
    report->verdicts = arena_array(&report->arena, 2, sizeof *report->verdicts);
    report->verdicts[0] =
        (struct verdict){.rule = &ra1, .word = ra, .attempt = 2};
    report->verdicts[1] =
        (struct verdict){.rule = &bo1, .word = bo, .attempt = 3};
    report->verdict_count = bo == VERDICT_NA ? 1 : 2;
    report->folder = "out";
    return report;
}

static void the_worst_of_each_rule_counts(void **state)
{
    (void)state;
    struct scenario_report *lists[3][1] = {
        {round_of(VERDICT_PASS, VERDICT_NA)},
        {round_of(VERDICT_FAIL, VERDICT_PASS)},
        {round_of(VERDICT_PASS, VERDICT_WARN)}};
    struct run_report rounds[3] = {{.scenarios = lists[0], .count = 1},
                                   {.scenarios = lists[1], .count = 1},
                                   {.scenarios = lists[2], .count = 1}};
    assert_true(verdict_merge(rounds, 3));
    const struct scenario_report *merged = rounds[0].scenarios[0];
    assert_int_equal(merged->verdict_count, 2);
    const struct verdict *ra = &merged->verdicts[0], *bo = ra + 1;
    assert_int_equal(ra->word, VERDICT_FAIL);
    assert_int_equal(ra->attempt, 2); /* its own trace */
    assert_int_equal(ra->runs, 3);
    assert_int_equal(ra->runs_bad, 1);
    assert_true(verdict_flips(ra));
    assert_int_equal(bo->word, VERDICT_WARN);
    assert_int_equal(bo->attempt, 0); /* of another trace */
    assert_string_equal(bo->reason, "seen in another run: out");
    assert_int_equal(bo->runs, 2);
    assert_true(verdict_flips(bo));
    assert_int_equal(run_report_exit_code(&rounds[0]), 1);
    for (size_t i = 0; i < 3; i++)
        scenario_report_free(rounds[i].scenarios[0]);
}

static void a_crash_in_one_run_is_not_hidden(void **state)
{
    (void)state;
    struct scenario_report *lists[2][1] = {
        {round_of(VERDICT_PASS, VERDICT_PASS)},
        {round_of(VERDICT_PASS, VERDICT_PASS)}};
    lists[1][0]->client_fault = CLIENT_CRASHED;
    lists[1][0]->verdict_count = 0;
    struct run_report rounds[2] = {{.scenarios = lists[0], .count = 1},
                                   {.scenarios = lists[1], .count = 1}};
    assert_true(verdict_merge(rounds, 2));
    assert_int_equal(rounds[0].scenarios[0]->client_fault, CLIENT_CRASHED);
    assert_int_equal(rounds[0].scenarios[0]->verdict_count, 2);
    assert_false(verdict_flips(&rounds[0].scenarios[0]->verdicts[0]));
    assert_int_equal(run_report_exit_code(&rounds[0]), 3);
    for (size_t i = 0; i < 2; i++)
        scenario_report_free(rounds[i].scenarios[0]);
}

/* A run that was cut short has fewer reports; those it has count, by the text
 * that they have. */
static void a_run_may_lack_a_scenario(void **state)
{
    (void)state;
    struct scenario_report *lists[3][1] = {
        {round_of(VERDICT_PASS, VERDICT_PASS)},
        {NULL},
        {round_of(VERDICT_FAIL, VERDICT_PASS)}};
    lists[0][0]->verdicts[1].word = VERDICT_INCONCLUSIVE;
    lists[2][0]->folder = NULL;
    lists[2][0]->verdicts[0].reason = "why";
    struct run_report rounds[3] = {
        {.scenarios = lists[0], .count = 1, .lag_p99_ns = 5, .took_ns = 1},
        {.scenarios = lists[1], .interrupted = true, .took_ns = 2},
        {.scenarios = lists[2], .count = 1, .lag_p99_ns = 9, .took_ns = 3}};
    assert_true(verdict_merge(rounds, 3));
    const struct verdict *verdicts = rounds[0].scenarios[0]->verdicts;
    assert_int_equal(verdicts[0].word, VERDICT_FAIL);
    assert_string_equal(verdicts[0].reason, "why");
    assert_int_equal(verdicts[0].runs, 2);
    assert_string_equal(verdicts[1].reason, "seen in another run: out");
    assert_true(rounds[0].interrupted);
    assert_int_equal(rounds[0].lag_p99_ns, 9);
    assert_int_equal(rounds[0].took_ns, 6);
    assert_int_equal(rounds[0].repeats, 3);
    scenario_report_free(lists[0][0]);
    scenario_report_free(lists[2][0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_a_name_a_reason_and_options),
        cmocka_unit_test(wrong_lines_are_told_with_their_place),
        cmocka_unit_test(bytes_of_any_kind_are_refused_or_read),
        cmocka_unit_test(the_state_of_a_line_follows_the_run),
        cmocka_unit_test(what_no_longer_holds_is_red),
        cmocka_unit_test(a_pattern_holds_while_one_fails),
        cmocka_unit_test(what_a_known_failure_hides_can_be_listed),
        cmocka_unit_test(an_update_keeps_comments_and_drops_what_is_stale),
        cmocka_unit_test(the_worst_of_each_rule_counts),
        cmocka_unit_test(a_crash_in_one_run_is_not_hidden),
        cmocka_unit_test(a_run_may_lack_a_scenario),
        cmocka_unit_test(only_days_that_exist_are_read),
        cmocka_unit_test(files_may_be_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
