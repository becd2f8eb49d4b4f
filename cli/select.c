/* Which scenarios are meant: patterns, skips, tags, edition. */
#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/shipped.h"
#include "cli/source.h"

/* A scenario that could be selected. */
struct candidate {
    struct scenario *scenario;
    bool is_shipped, is_chosen;
};

struct chooser {
    struct candidate *candidates;
    size_t count, size;
    struct error *error;
};

static bool chooser_add(struct chooser *chooser, struct scenario *scenario,
                        bool is_shipped)
{
    if (!scenario) {
        return false;
    }
    if (chooser->count == chooser->size) {
        size_t size = chooser->size ? 2 * chooser->size : 64;
        struct candidate *grown =
            realloc(chooser->candidates, size * sizeof *grown);
        if (!grown) {
            scenario_free(scenario);
            error_add(chooser->error, PROBLEM_MEMORY, "out of memory");
            return false;
        }
        chooser->candidates = grown;
        chooser->size = size;
    }
    chooser->candidates[chooser->count++] =
        (struct candidate){scenario, is_shipped, !is_shipped};
    return true;
}

/* All that the file holds. */
static bool add_source(struct chooser *chooser, const struct source *source)
{
    size_t count = 1;
    for (size_t i = 0; i < count; i++) {
        if (!chooser_add(chooser,
                         cli_read_variant(source, i, &count, chooser->error),
                         source->is_shipped)) {
            return false;
        }
    }
    return true;
}

static bool add_shipped(struct chooser *chooser)
{
    const struct embedded_file *file = NULL;
    while ((file = shipped_next(SHIPPED_SCENARIO, file))) {
        struct source source;
        source_open_shipped(file, &source);
        if (!add_source(chooser, &source)) {
            return false;
        }
    }
    return true;
}

static bool add_file(struct chooser *chooser, const char *path)
{
    struct source source;
    if (!source_open_file(path, &source, chooser->error)) {
        return false;
    }
    bool is_fine = add_source(chooser, &source);
    source_close(&source);
    return is_fine;
}

/* Sets is_chosen of all whose id matches. Returns how many did. */
static size_t mark(struct chooser *chooser, const char *pattern, bool is_chosen)
{
    size_t matches = 0;
    for (size_t i = 0; i < chooser->count; i++) {
        struct candidate *candidate = &chooser->candidates[i];
        if (fnmatch(pattern, candidate->scenario->id, 0) == 0) {
            candidate->is_chosen = is_chosen;
            matches++;
        }
    }
    return matches;
}

static bool is_glob(const char *pattern)
{
    return strpbrk(pattern, "*?") != NULL;
}

/* A pattern that matches nothing is never silently ignored: a filter with a
 * typing error would otherwise turn a red run green. */
static void add_no_match(struct chooser *chooser, const char *what,
                         const char *pattern)
{
    struct problem *problem =
        error_add(chooser->error, PROBLEM_INPUT,
                  "%s \"%s\" matches no scenario", what, pattern);
    struct arena arena = {0};
    const char *nearest =
        is_glob(pattern) ? NULL
                         : shipped_nearest(SHIPPED_SCENARIO, pattern, &arena);
    size_t length = strlen(pattern);
    if (nearest && strncmp(nearest, pattern, length) == 0 &&
        (nearest[length] == '/' || pattern[length - 1] == '/')) {
        snprintf(problem->hint, sizeof problem->hint,
                 "for the whole family: \"%.*s/*\"", (int)strcspn(pattern, "/"),
                 pattern);
    } else if (nearest) {
        snprintf(problem->hint, sizeof problem->hint, "did you mean \"%s\"?",
                 nearest);
    } else {
        snprintf(problem->hint, sizeof problem->hint,
                 "\"retryspec list\" names them all");
    }
    arena_deinit(&arena);
}

static bool choose(struct chooser *chooser, const char *pattern)
{
    if (mark(chooser, pattern, true) > 0) {
        return true;
    }
    if (!is_glob(pattern) && access(pattern, F_OK) == 0) {
        return add_file(chooser, pattern);
    }
    add_no_match(chooser, "pattern", pattern);
    return false;
}

static bool skip(struct chooser *chooser, const char *pattern)
{
    if (mark(chooser, pattern, false) > 0) {
        return true;
    }
    add_no_match(chooser, "--skip", pattern);
    return false;
}

typedef bool apply_pattern(struct chooser *chooser, const char *pattern);

/* One pattern a line; blank lines and lines that begin with # are ignored. */
static bool apply_file(struct chooser *chooser, const char *path,
                       apply_pattern *apply)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        struct problem *problem = error_add_errno(
            chooser->error, errno, "can't read the patterns of \"@%s\"", path);
        problem->kind = PROBLEM_INPUT;
        return false;
    }
    bool is_fine = true;
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) >= 0) {
        char *pattern = line + strspn(line, " \t\r\n");
        pattern[strcspn(pattern, " \t\r\n")] = '\0';
        if (*pattern && *pattern != '#') {
            is_fine &= apply(chooser, pattern);
        }
    }
    free(line);
    fclose(file);
    return is_fine;
}

static bool apply_all(struct chooser *chooser, const char *const *patterns,
                      size_t count, apply_pattern *apply)
{
    bool is_fine = true;
    for (size_t i = 0; i < count; i++) {
        is_fine &= patterns[i][0] == '@'
                       ? apply_file(chooser, patterns[i] + 1, apply)
                       : apply(chooser, patterns[i]);
    }
    return is_fine;
}

static bool has_tag(const struct scenario *scenario, const char *tag)
{
    for (size_t i = 0; i < scenario->tag_count; i++) {
        if (strcmp(scenario->tags[i], tag) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_any_tag(const struct scenario *scenario,
                        const struct cli_selection *selection)
{
    bool found = selection->tag_count == 0;
    for (size_t i = 0; i < selection->tag_count && !found; i++) {
        found = has_tag(scenario, selection->tags[i]);
    }
    return found;
}

static bool check_tag(const struct chooser *chooser, const char *tag)
{
    for (size_t i = 0; i < chooser->count; i++) {
        if (has_tag(chooser->candidates[i].scenario, tag)) {
            return true;
        }
    }
    struct problem *problem = error_add(chooser->error, PROBLEM_INPUT,
                                        "no scenario has the tag \"%s\"", tag);
    snprintf(problem->hint, sizeof problem->hint,
             "\"retryspec list\" shows the tags");
    return false;
}

static bool check_edition(const struct chooser *chooser, const char *edition)
{
    const char *newest = NULL;
    for (size_t i = 0; i < chooser->count; i++) {
        const char *own = chooser->candidates[i].scenario->edition;
        if (own && strcmp(own, edition) == 0) {
            return true;
        }
        if (own && (!newest || strverscmp(own, newest) > 0)) {
            newest = own;
        }
    }
    struct problem *problem = error_add(chooser->error, PROBLEM_INPUT,
                                        "there is no edition \"%s\"", edition);
    if (newest) {
        snprintf(problem->hint, sizeof problem->hint,
                 "the newest in this program is \"%s\"", newest);
    }
    return false;
}

/* An edition holds what was there when it was frozen; files that the user
 * named are his own and stay. */
static bool is_in_edition(const struct candidate *candidate,
                          const char *edition)
{
    const char *own = candidate->scenario->edition;
    return !edition || !candidate->is_shipped ||
           (own && strverscmp(own, edition) <= 0);
}

static bool chooser_run(struct chooser *chooser,
                        const struct cli_selection *selection)
{
    if (!add_shipped(chooser)) {
        return false;
    }
    bool is_fine = apply_all(chooser, selection->patterns,
                             selection->pattern_count, choose);
    if (selection->pattern_count == 0) {
        mark(chooser, "*", true);
    }
    is_fine &=
        apply_all(chooser, selection->skips, selection->skip_count, skip);
    for (size_t i = 0; i < selection->tag_count; i++) {
        is_fine &= check_tag(chooser, selection->tags[i]);
    }
    if (selection->edition) {
        is_fine &= check_edition(chooser, selection->edition);
    }
    for (size_t i = 0; i < chooser->count; i++) {
        struct candidate *candidate = &chooser->candidates[i];
        candidate->is_chosen &= has_any_tag(candidate->scenario, selection) &&
                                is_in_edition(candidate, selection->edition);
    }
    return is_fine;
}

/* Gives the chosen scenarios to `out` and frees the others. */
static void chooser_finish(struct chooser *chooser, struct cli_scenarios *out)
{
    for (size_t i = 0; i < chooser->count; i++) {
        if (out->items && chooser->candidates[i].is_chosen) {
            out->items[out->count++] = chooser->candidates[i].scenario;
        } else {
            scenario_free(chooser->candidates[i].scenario);
        }
    }
    free(chooser->candidates);
}

bool cli_select(const struct cli_selection *selection,
                struct cli_scenarios *out, struct error *error)
{
    struct chooser chooser = {.error = error};
    *out = (struct cli_scenarios){0};
    bool is_fine = chooser_run(&chooser, selection);
    if (is_fine) {
        out->items = calloc(chooser.count + 1, sizeof(struct scenario *));
        is_fine = out->items != NULL;
        if (!is_fine) {
            error_add(error, PROBLEM_MEMORY, "out of memory");
        }
    }
    chooser_finish(&chooser, out);
    return is_fine;
}

void cli_scenarios_free(struct cli_scenarios *scenarios)
{
    for (size_t i = 0; i < scenarios->count; i++) {
        scenario_free(scenarios->items[i]);
    }
    free(scenarios->items);
    *scenarios = (struct cli_scenarios){0};
}
