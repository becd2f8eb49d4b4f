#include "cli/run_baseline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/rule_names.h"
#include "cli/shipped.h"

/* -- what lines may name ----------------------------------------------------
 */

static size_t count_shipped(const char *const *shipped)
{
    size_t count = 0;
    while (shipped[count]) {
        count++;
    }
    return count;
}

/* Those that the program carries, and files that the user named. */
static const char **scenario_ids(const struct cli_scenarios *scenarios,
                                 const char *const *shipped)
{
    size_t count = count_shipped(shipped);
    const char **ids = calloc(count + scenarios->count + 1, sizeof *ids);
    if (!ids) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        ids[i] = shipped[i];
    }
    for (size_t i = 0; i < scenarios->count; i++) {
        ids[count++] = scenarios->items[i]->id;
    }
    return ids;
}

static bool read_file(struct run_baseline *baseline, bool may_be_missing,
                      struct error *error)
{
    struct arena arena = {0};
    const char *const *shipped = shipped_ids(SHIPPED_SCENARIO, &arena);
    const char **ids =
        shipped ? scenario_ids(baseline->scenarios, shipped) : NULL;
    const char **rules = rule_names_list(baseline->rules, &arena);
    struct baseline *file = NULL;
    if (ids && rules) {
        const struct baseline_names names = {rules, ids};
        file =
            baseline_read_file(baseline->path, may_be_missing, &names, error);
    } else {
        error_add(error, PROBLEM_MEMORY, "out of memory");
    }
    free(ids);
    arena_deinit(&arena);
    baseline_free(baseline->file);
    baseline->file = file;
    return file != NULL;
}

static void set_today(char today[BASELINE_DATE_SIZE])
{
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(today, BASELINE_DATE_SIZE, "%Y-%m-%d", &parts);
}

/* To write it anew is to put another file in its place: none that is a device,
 * a pipe or a folder, and not in the place of a link to it. */
static bool can_replace(const char *path, struct error *error)
{
    struct stat stat;
    if (lstat(path, &stat) != 0 || S_ISREG(stat.st_mode)) {
        return true;
    }
    struct problem *problem = error_add(
        error, PROBLEM_INPUT, "can't write the baseline %s anew: it is %s",
        path, S_ISLNK(stat.st_mode) ? "a link" : "no regular file");
    snprintf(problem->hint, sizeof problem->hint,
             "name the file itself: --baseline FILE");
    return false;
}

bool run_baseline_load(struct run_baseline *baseline,
                       const struct run_request *request,
                       const struct rule_catalogue *rules,
                       const struct cli_scenarios *scenarios,
                       struct error *error)
{
    bool is_update = request->updates_baseline;
    baseline->path = request->baseline;
    if (!baseline->path &&
        (is_update || access(RUN_BASELINE_DEFAULT, F_OK) == 0)) {
        baseline->path = RUN_BASELINE_DEFAULT;
    }
    if (!baseline->path) {
        return true;
    }
    if (is_update && !can_replace(baseline->path, error)) {
        return false;
    }
    set_today(baseline->today);
    baseline->rules = rules;
    baseline->scenarios = scenarios;
    return read_file(baseline, is_update, error);
}

void run_baseline_deinit(struct run_baseline *baseline)
{
    baseline_free(baseline->file);
}

/* -- after ------------------------------------------------------------------
 */

void run_baseline_mark(const struct run_baseline *baseline,
                       struct scenario_report *report)
{
    if (baseline->file) {
        baseline_mark(baseline->file, report, baseline->today);
    }
}

static void settle(const struct run_baseline *baseline,
                   struct run_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        run_baseline_mark(baseline, report->scenarios[i]);
    }
    baseline_settle(baseline->file, report);
    report->baseline = baseline->file;
}

/* Beside the old file, which it then replaces: never half a list. */
static bool write_file(const struct run_baseline *baseline,
                       const struct run_report *report, struct error *error)
{
    size_t size = strlen(baseline->path) + sizeof ".new";
    char *path = malloc(size);
    if (!path) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    snprintf(path, size, "%s.new", baseline->path);
    errno = 0;
    FILE *file = fopen(path, "we");
    bool is_written = false;
    if (file) {
        is_written = baseline_write(baseline->file, report, file);
        is_written &= fclose(file) == 0;
        is_written = is_written && rename(path, baseline->path) == 0;
    }
    if (!is_written) {
        error_add_errno(error, errno, "can't write the baseline %s",
                        baseline->path);
    }
    free(path);
    return is_written;
}

bool run_baseline_finish(struct run_baseline *baseline,
                         const struct run_request *request,
                         struct run_report *report, struct error *error)
{
    if (!baseline->file) {
        return true;
    }
    settle(baseline, report);
    if (!request->updates_baseline || report->interrupted) {
        return true;
    }
    if (!write_file(baseline, report, error) ||
        !read_file(baseline, false, error)) {
        report->baseline = NULL;
        return false;
    }
    settle(baseline, report);
    return true;
}
