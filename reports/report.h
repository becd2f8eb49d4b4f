/* Reports: verdicts to text, JSON, JUnit XML, TAP, Markdown, annotations of
 * GitHub, a badge and HTML. They format into a FILE that
 * the caller opened and decide nothing. */
#ifndef RETRYSPEC_REPORTS_REPORT_H
#define RETRYSPEC_REPORTS_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "model/verdict.h"

struct report_style {
    bool has_color;  /* ANSI colours */
    bool is_verbose; /* passing checks too */
    int width;       /* columns, 0: 100 */
};

/* The header line, before anything runs. */
void report_text_header(const struct run_report *report,
                        const struct report_style *style, FILE *out);
/* One line as a scenario ends: " PASS  [  3.1 s]  1/24  id   6 checks". */
void report_text_progress(const struct scenario_report *report, size_t done,
                          size_t total, const struct report_style *style,
                          FILE *out);
/* A scenario whole: timeline, then each check that failed with expected,
 * observed, likely, source and the command to run again. */
void report_text_scenario(const struct run_report *run,
                          const struct scenario_report *report,
                          const struct report_style *style, FILE *out);
/* Details of all that failed, the summary, and what the exit code means. */
void report_text_summary(const struct run_report *report,
                         const struct report_style *style, FILE *out);

/* One JSON document: scenarios/schema/verdict.schema.json. False on a write
 * error. */
bool report_json(const struct run_report *report, FILE *out);
/* The same for one scenario: its verdict.json. */
bool report_json_scenario(const struct run_report *run,
                          const struct scenario_report *report, FILE *out);

/* JUnit XML: a testsuite a scenario, a testcase a check; control characters
 * are stripped. */
bool report_junit(const struct run_report *report, FILE *out);

/* TAP version 14: a test point a check, evidence in YAML. */
bool report_tap(const struct run_report *report, FILE *out);

/* A summary with tables, as step summaries and comments want it. Bounded. */
bool report_markdown(const struct run_report *report, FILE *out);

/* Workflow commands of GitHub Actions: an ::error for each finding, at most
 * nine and one that counts the others; warnings likewise. */
bool report_github(const struct run_report *report, FILE *out);

/* The JSON that a shields.io endpoint badge reads. */
bool report_badge(const struct run_report *report, FILE *out);

/* A command's words as a shell wants them, each after a space. */
void report_words(const char *const *argv, FILE *out);
/* The command that runs one scenario again, ready for a shell. */
void report_again(const struct run_report *run, const struct scenario *scenario,
                  FILE *out);
/* The command that explains a rule, likewise. */
void report_explain(const struct run_report *run, const char *rule_id,
                    FILE *out);

#endif
