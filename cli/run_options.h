/* The command line of `run`, `smoke`, `sim` and `judge`: everything before
 * "--", and the command under test after it. */
#ifndef RETRYSPEC_CLI_RUN_OPTIONS_H
#define RETRYSPEC_CLI_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

enum report_format {
    REPORT_TEXT,
    REPORT_JSON,
    REPORT_JUNIT,
    REPORT_TAP,
    REPORT_MARKDOWN,
    REPORT_GITHUB,
    REPORT_BADGE,
    REPORT_HTML,
};
enum progress_kind {
    PROGRESS_AUTO,
    PROGRESS_BAR,
    PROGRESS_COUNTER,
    PROGRESS_NONE
};
enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

#define RUN_LATENCY_MAX_NS (INT64_C(3600) * 1000000000)

enum {
    RUN_REPORTS_MAX = 16,
    RUN_JOBS_MAX = 64,
    RUN_REPEATS_MAX = 100,
    RUN_JOBS_DEFAULT_MAX = 4
};

struct report_request {
    enum report_format format;
    const char *path; /* "-": standard output */
};

/* Strings point into argv. */
struct run_request {
    const char *profile, *out;
    const char *trace, *scenario; /* of `judge`; scenario NULL: not given */
    const char *baseline;         /* NULL: not given */
    bool updates_baseline;
    int repeats; /* 0: not given */
    struct cli_selection selection;
    const char **patterns, **skips, **tags; /* what the selection points to */
    bool is_strict, is_smoke_skipped, passes_inconclusive, is_simulated;
    bool is_verbose, is_quiet, wants_help;
    int jobs;
    uint64_t seed;
    double false_alarm; /* of a suite */
    int64_t timeout_ns;
    int64_t latency_ns, limit_ns; /* of `sim`; 0: not given */
    bool has_latency;
    enum color_when color;
    enum progress_kind progress;
    struct report_request reports[RUN_REPORTS_MAX];
    size_t report_count;
    const char *const *argv; /* the command, NULL-ended */
};

/* Reads the command line of the subcommand argv[0] by its `options`. Returns
 * 0, or the exit code after a message. run_request_deinit in any case. */
int run_request_read(struct run_request *request, int argc, char **argv,
                     const struct option *options);
void run_request_deinit(struct run_request *request);

/* Of `run`, the few of them that `smoke` knows, and those of `sim` and `judge`,
 * which have no command: their `out` may be NULL, and so may the `profile` of
 * `judge`. */
extern const struct option run_options[], smoke_options[], sim_options[],
    judge_options[];

/* Does a report go to standard output, so that text for people must not? */
bool run_request_takes_stdout(const struct run_request *request);

#endif
