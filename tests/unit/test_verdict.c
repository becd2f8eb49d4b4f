/* Verdict words, the worst word of a scenario and the exit code of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/verdict.h"

enum { VERDICTS_MAX = 4 };

/* One scenario of a run, as the tables below write it. */
struct story {
    enum client_fault client_fault;
    size_t count;
    enum verdict_word words[VERDICTS_MAX];
};

struct run_case {
    const char *what;
    bool strict;
    int expected;
    size_t count;
    struct story stories[2];
};

static struct scenario_report *report_of(const struct story *story)
{
    struct scenario_report *report = calloc(1, sizeof *report);
    assert_non_null(report);
    report->client_fault = story->client_fault;
    report->verdict_count = story->count;
    report->verdicts =
        arena_array(&report->arena, story->count, sizeof *report->verdicts);
    assert_non_null(report->verdicts);
    for (size_t i = 0; i < story->count; i++) {
        report->verdicts[i].word = story->words[i];
    }
    return report;
}

static void test_words_are_those_of_the_formats(void **state)
{
    (void)state;
    assert_string_equal(verdict_json_words[VERDICT_NOT_EXERCISED],
                        "not-exercised");
    assert_string_equal(verdict_people_words[VERDICT_NOT_EXERCISED],
                        "NOT-EXERCISED");
    assert_string_equal(verdict_people_words[VERDICT_NA], "n/a");
    assert_null(verdict_json_words[VERDICT_INCONCLUSIVE + 1]);
    assert_string_equal(client_fault_words[CLIENT_NO_RESULTS], "no-results");
    assert_string_equal(client_fault_texts[CLIENT_NO_RESULTS],
                        "left no results");
    assert_null(client_fault_words[CLIENT_FLOODED + 1]);
}

static void test_the_worst_word_speaks_for_the_scenario(void **state)
{
    (void)state;
    static const struct {
        struct story story;
        enum verdict_word worst;
    } cases[] = {
        {{.count = 0}, VERDICT_NA},
        {{.count = 1, .words = {VERDICT_NA}}, VERDICT_NA},
        {{.count = 2, .words = {VERDICT_NA, VERDICT_PASS}}, VERDICT_PASS},
        {{.count = 2, .words = {VERDICT_WARN, VERDICT_PASS}}, VERDICT_WARN},
        {{.count = 2, .words = {VERDICT_WARN, VERDICT_INCONCLUSIVE}},
         VERDICT_INCONCLUSIVE},
        {{.count = 2, .words = {VERDICT_NOT_EXERCISED, VERDICT_INCONCLUSIVE}},
         VERDICT_NOT_EXERCISED},
        {{.count = 3,
          .words = {VERDICT_NOT_EXERCISED, VERDICT_FAIL, VERDICT_PASS}},
         VERDICT_FAIL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scenario_report *report = report_of(&cases[i].story);
        assert_int_equal(scenario_report_word(report), cases[i].worst);
        scenario_report_free(report);
    }
    scenario_report_free(NULL);
}

static const struct run_case run_cases[] = {
    {"nothing selected", false, 4, 0, {{0}}},
    {"nothing judged", false, 4, 1, {{.count = 1, .words = {VERDICT_NA}}}},
    {"all skipped", false, 4, 1, {{.client_fault = CLIENT_SKIPPED}}},
    {"conforms", false, 0, 1, {{.count = 1, .words = {VERDICT_PASS}}}},
    {"skipped beside conforming",
     false,
     0,
     2,
     {{.client_fault = CLIENT_SKIPPED}, {.count = 1, .words = {VERDICT_PASS}}}},
    {"a SHOULD", false, 0, 1, {{.count = 1, .words = {VERDICT_WARN}}}},
    {"a SHOULD, strict", true, 1, 1, {{.count = 1, .words = {VERDICT_WARN}}}},
    {"a MUST",
     false,
     1,
     1,
     {{.count = 2, .words = {VERDICT_PASS, VERDICT_FAIL}}}},
    {"a finding beside a crash",
     false,
     1,
     2,
     {{.client_fault = CLIENT_CRASHED}, {.count = 1, .words = {VERDICT_FAIL}}}},
    {"a crash",
     false,
     3,
     2,
     {{.client_fault = CLIENT_CRASHED}, {.count = 1, .words = {VERDICT_PASS}}}},
    {"a crash and nothing else",
     false,
     3,
     1,
     {{.client_fault = CLIENT_CRASHED}}},
    {"not exercised",
     false,
     3,
     1,
     {{.count = 2, .words = {VERDICT_PASS, VERDICT_NOT_EXERCISED}}}},
    {"not exercised before inconclusive",
     false,
     3,
     1,
     {{.count = 2, .words = {VERDICT_INCONCLUSIVE, VERDICT_NOT_EXERCISED}}}},
    {"inconclusive",
     false,
     5,
     1,
     {{.count = 2, .words = {VERDICT_PASS, VERDICT_INCONCLUSIVE}}}},
    {"only inconclusive",
     false,
     5,
     1,
     {{.count = 1, .words = {VERDICT_INCONCLUSIVE}}}},
};

static void test_the_exit_code_follows_the_precedence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof run_cases / sizeof *run_cases; i++) {
        const struct run_case *c = &run_cases[i];
        struct scenario_report *reports[2] = {NULL, NULL};
        for (size_t j = 0; j < c->count; j++) {
            reports[j] = report_of(&c->stories[j]);
        }
        struct run_report run = {
            .scenarios = reports, .count = c->count, .strict = c->strict};
        int code = run_report_exit_code(&run);
        scenario_report_free(reports[0]);
        scenario_report_free(reports[1]);
        if (code != c->expected) {
            fail_msg("%s: exit code %d, expected %d", c->what, code,
                     c->expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_those_of_the_formats),
        cmocka_unit_test(test_the_worst_word_speaks_for_the_scenario),
        cmocka_unit_test(test_the_exit_code_follows_the_precedence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
