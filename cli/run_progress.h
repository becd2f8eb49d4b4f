/* What people see while scenarios run. */
#ifndef RETRYSPEC_CLI_RUN_PROGRESS_H
#define RETRYSPEC_CLI_RUN_PROGRESS_H

#include <stdio.h>

#include "cli/run_options.h"
#include "reports/report.h"

struct run_progress {
    enum progress_kind kind; /* never PROGRESS_AUTO */
    struct report_style style;
    FILE *out; /* text for people */
    size_t total, done, failed, running;
    bool has_bar; /* one is on the screen */
};

/* Decides between bar and lines: a bar only on a terminal. */
enum progress_kind run_progress_kind(const struct run_request *request);

/* How text for people looks here. */
struct report_style run_progress_style(const struct run_request *request);

/* For struct runner_options; context is a struct run_progress. */
void run_progress_start(void *context, const struct scenario *scenario);
void run_progress_done(void *context, const struct scenario_report *report,
                       size_t done, size_t total);

/* Takes the bar from the screen. */
void run_progress_clear(struct run_progress *progress);

#endif
