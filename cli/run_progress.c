#include "cli/run_progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

enum progress_kind run_progress_kind(const struct run_request *request)
{
    if (request->is_quiet) {
        return PROGRESS_NONE;
    }
    if (request->progress != PROGRESS_AUTO) {
        return request->progress;
    }
    const char *term = getenv("TERM");
    bool is_dumb = !term || strcmp(term, "dumb") == 0;
    return isatty(STDERR_FILENO) && !is_dumb ? PROGRESS_BAR : PROGRESS_COUNTER;
}

static bool wants_color(const struct run_request *request)
{
    switch (request->color) {
    case COLOR_ALWAYS:
        return true;
    case COLOR_NEVER:
        return false;
    case COLOR_AUTO:
        break;
    }
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
           !(term && strcmp(term, "dumb") == 0) &&
           !run_request_takes_stdout(request);
}

/* Of rulers: not wider than the terminal, nor than the text needs. */
static int ruler_width(void)
{
    enum { TEXT_COLUMNS = 100 };
    int columns = cli_columns(STDOUT_FILENO);
    return columns > 0 && columns < TEXT_COLUMNS ? columns : TEXT_COLUMNS;
}

struct report_style run_progress_style(const struct run_request *request)
{
    return (struct report_style){
        .has_color = wants_color(request),
        .is_verbose = request->is_verbose,
        .width = ruler_width(),
    };
}

/* The bar goes to stderr, so that stdout can be kept in a file. */
static void draw_bar(struct run_progress *progress, const char *last)
{
    int filled = progress->total
                     ? (int)(BAR_WIDTH * progress->done / progress->total)
                     : BAR_WIDTH;
    char bar[BAR_WIDTH + 1] = "";
    for (int i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < filled ? '#' : '.';
    }
    char failed[48] = "", line[160];
    if (progress->failed) {
        snprintf(failed, sizeof failed, ", %zu not conforming",
                 progress->failed);
    }
    snprintf(line, sizeof line, "[%s] %zu/%zu%s  %.48s", bar, progress->done,
             progress->total, failed, last);
    /* A line that wraps could not be taken back. */
    int columns = cli_columns(STDERR_FILENO);
    fprintf(stderr, "\r\033[K%.*s", columns > 0 ? columns - 1 : 79, line);
    fflush(stderr);
    progress->has_bar = true;
}

void run_progress_clear(struct run_progress *progress)
{
    if (progress->has_bar) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->has_bar = false;
    }
}

void run_progress_start(void *context, const struct scenario *scenario)
{
    struct run_progress *progress = context;
    progress->running++;
    if (progress->kind == PROGRESS_BAR) {
        draw_bar(progress, scenario->id);
    }
}

static bool is_bad(const struct scenario_report *report)
{
    if (report->client_fault != CLIENT_OK) {
        return report->client_fault != CLIENT_SKIPPED;
    }
    enum verdict_word word = scenario_report_word(report);
    return word != VERDICT_PASS && word != VERDICT_NA && word != VERDICT_WARN;
}

void run_progress_done(void *context, const struct scenario_report *report,
                       size_t done, size_t total)
{
    struct run_progress *progress = context;
    progress->done = done;
    progress->failed += is_bad(report);
    progress->running--;
    switch (progress->kind) {
    case PROGRESS_BAR:
        if (is_bad(report)) {
            run_progress_clear(progress);
            report_text_progress(report, done, total, &progress->style,
                                 progress->out);
            fflush(progress->out);
        }
        draw_bar(progress, report->scenario->id);
        return;
    case PROGRESS_COUNTER:
    case PROGRESS_AUTO:
        report_text_progress(report, done, total, &progress->style,
                             progress->out);
        fflush(progress->out);
        return;
    case PROGRESS_NONE:
        return;
    }
}
