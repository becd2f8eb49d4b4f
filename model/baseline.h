/* A baseline: findings that are known. Each is run and must fail as listed; one
 * that passes, whose time is over, or that nothing judges any more is red, so
 * that the list stays true. docs/reports.md has the format. */
#ifndef RETRYSPEC_MODEL_BASELINE_H
#define RETRYSPEC_MODEL_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/verdict.h"

enum { BASELINE_BYTES_MAX = 1 << 20, BASELINE_LINES_MAX = 10000 };
#define BASELINE_DATE_SIZE sizeof "2027-01-31"

/* What a run said of a line. */
enum baseline_state {
    BASELINE_OPEN,  /* nothing: its scenarios were not judged */
    BASELINE_HOLDS, /* something it names failed, or it is flaky */
    BASELINE_STALE, /* what it names passed */
    BASELINE_UNMET, /* its scenarios were judged, and not on this rule */
};

struct baseline_line {
    int line;         /* from 1 */
    const char *text; /* as written, without its end */
    /* NULL, all of them, on a line that is blank or a comment. */
    const char *pattern, *rule, *reason;
    const char *until; /* last day on which it holds: "2027-01-31"; NULL */
    bool is_flaky;     /* may pass as well */
    enum baseline_state state;
};

struct baseline {
    struct arena arena;
    const char *file;
    struct baseline_line *lines;
    size_t count;
};

/* What lines may name; both lists are NULL-ended. */
struct baseline_names {
    const char *const *rules, *const *scenarios;
};

/* NULL and a problem for each line that is wrong; free with baseline_free. */
struct baseline *baseline_read(const char *file, const char *bytes, size_t size,
                               const struct baseline_names *names,
                               struct error *error);
/* A file that is not there is empty if `may_be_missing`. */
struct baseline *baseline_read_file(const char *file, bool may_be_missing,
                                    const struct baseline_names *names,
                                    struct error *error);
void baseline_free(struct baseline *baseline);

/* How many findings it lists. */
size_t baseline_size(const struct baseline *baseline);

/* Sets what is known of the verdicts. `today` is a date as in the file. The
 * report borrows the baseline. */
void baseline_mark(const struct baseline *baseline,
                   struct scenario_report *report, const char *today);

/* After the last one was marked: sets the state of each line. */
void baseline_settle(struct baseline *baseline, const struct run_report *run);

/* The file as it should be after the run: comments and lines that hold or were
 * not judged stay as they are, stale ones go, each new failure gets a line
 * whose reason says that nobody explained it yet. False on a write error. */
bool baseline_write(const struct baseline *baseline,
                    const struct run_report *run, FILE *out);

#endif
