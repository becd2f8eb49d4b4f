#include "cli/run_reports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/run_html.h"
#include "runner/folder.h"

static bool is_stdout(const char *path)
{
    return strcmp(path, "-") == 0;
}

static bool write_text(const struct run_request *request,
                       const struct run_report *report, FILE *out)
{
    const struct report_style style = {.is_verbose = request->is_verbose};
    report_text_header(report, &style, out);
    report_text_summary(report, &style, out);
    return fflush(out) == 0 && !ferror(out);
}

static bool write_format(const struct run_request *request,
                         enum report_format format,
                         const struct run_report *report, FILE *out)
{
    switch (format) {
    case REPORT_TEXT:
        return write_text(request, report, out);
    case REPORT_JSON:
        return report_json(report, out);
    case REPORT_JUNIT:
        return report_junit(report, out);
    case REPORT_TAP:
        return report_tap(report, out);
    case REPORT_MARKDOWN:
        return report_markdown(report, out);
    case REPORT_GITHUB:
        return report_github(report, out);
    case REPORT_BADGE:
        return report_badge(report, out);
    case REPORT_HTML:
        return run_html_write(report, out);
    }
    return false;
}

static void add_failure(const char *path, struct error *error)
{
    error_add_errno(error, errno, "can't write the report %s", path);
}

static bool write_one(const struct run_request *request,
                      const struct report_request *wanted,
                      const struct run_report *report, struct error *error)
{
    bool is_written = false;
    errno = 0;
    if (is_stdout(wanted->path)) {
        is_written = write_format(request, wanted->format, report, stdout);
    } else {
        FILE *file = fopen(wanted->path, "we");
        if (file) {
            is_written = write_format(request, wanted->format, report, file);
            is_written &= fclose(file) == 0;
        }
    }
    if (!is_written) {
        add_failure(wanted->path, error);
    }
    return is_written;
}

/* OUT/report.json */
static bool write_always(const struct run_request *request,
                         const struct run_report *report, struct error *error)
{
    size_t size = strlen(request->out) + sizeof "/report.json";
    char *path = malloc(size);
    if (!path) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    snprintf(path, size, "%s/report.json", request->out);
    const struct report_request always = {REPORT_JSON, path};
    bool is_written = write_one(request, &always, report, error);
    free(path);
    return is_written;
}

static bool write_wanted(const struct run_request *request,
                         const struct run_report *report, struct error *error)
{
    bool is_written = true;
    for (size_t i = 0; i < request->report_count; i++) {
        /* Text on standard output is there already. */
        if (request->reports[i].format != REPORT_TEXT ||
            !is_stdout(request->reports[i].path)) {
            is_written &=
                write_one(request, &request->reports[i], report, error);
        }
    }
    return is_written;
}

/* GitHub shows this file below the job. Others may have written to it: it is
 * added to. */
static bool write_step_summary(const struct run_report *report,
                               struct error *error)
{
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    if (!path || !*path) {
        fputs("retryspec: no summary for GitHub: GITHUB_STEP_SUMMARY is not "
              "set\n",
              stderr);
        return true;
    }
    errno = 0;
    FILE *file = fopen(path, "ae");
    bool is_written = false;
    if (file) {
        is_written = report_markdown(report, file);
        is_written &= fclose(file) == 0;
    }
    if (!is_written) {
        add_failure(path, error);
    }
    return is_written;
}

static bool write_summary(const struct run_request *request,
                          const struct run_report *report, struct error *error)
{
    for (size_t i = 0; i < request->report_count; i++) {
        if (request->reports[i].format == REPORT_GITHUB) {
            return write_step_summary(report, error);
        }
    }
    return true;
}

bool run_reports_write(const struct run_request *request,
                       const struct run_report *report, struct error *error)
{
    bool is_written = !request->out || write_always(request, report, error);
    is_written &= write_wanted(request, report, error);
    return write_summary(request, report, error) && is_written;
}

static bool make_parent(const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path) {
        return true;
    }
    char *parent = strndup(path, (size_t)(slash - path));
    if (!parent) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    bool is_made = folder_make(parent, error);
    free(parent);
    return is_made;
}

static bool check_one(const char *path, struct error *error)
{
    if (is_stdout(path)) {
        return true;
    }
    if (!make_parent(path, error)) {
        return false;
    }
    FILE *file = fopen(path, "ae");
    if (!file) {
        add_failure(path, error);
        return false;
    }
    fclose(file);
    return true;
}

bool run_reports_check(const struct run_request *request, struct error *error)
{
    bool is_fine = true;
    for (size_t i = 0; i < request->report_count; i++) {
        is_fine &= check_one(request->reports[i].path, error);
    }
    return is_fine;
}
