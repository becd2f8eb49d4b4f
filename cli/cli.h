/* The command line: one file a subcommand, cmd_<name>.c. Only this folder
 * prints or exits. Exit codes are in docs/cli.md and run_report_exit_code(). */
#ifndef RETRYSPEC_CLI_CLI_H
#define RETRYSPEC_CLI_CLI_H

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/error.h"
#include "model/profile.h"
#include "model/scenario.h"
#include "model/verdict.h"

enum { EXIT_USAGE = 2, EXIT_SYSTEM = 3, EXIT_NOTHING = 4 };

/* argv[0] is the subcommand's name. Returns the exit code. X(function, name,
 * summary) */
#define COMMAND_LIST(X)                                                      \
    X(cmd_run, "run", "run scenarios against a client and judge it")         \
    X(cmd_smoke, "smoke", "one fault-free call: is the adapter wired?")      \
    X(cmd_serve, "serve", "the mock server alone")                           \
    X(cmd_sim, "sim", "scenarios against a profile, in virtual time")        \
    X(cmd_explore, "explore", "retry parameters in virtual time")            \
    X(cmd_plot, "plot", "figures of profiles, fleets and explorations")      \
    X(cmd_merge, "merge", "join the shards of an exploration")               \
    X(cmd_call, "call", "the reference client")                              \
    X(cmd_judge, "judge", "verdict from a recorded trace")                   \
    X(cmd_list, "list", "the scenarios, or with --profiles the profiles")    \
    X(cmd_show, "show", "one scenario or profile")                           \
    X(cmd_diff, "diff", "how two policies differ")                           \
    X(cmd_explain, "explain", "one rule: its text, source and usual causes") \
    X(cmd_lint, "lint", "check scenario and profile files")                  \
    X(cmd_schema, "schema", "JSON Schema of a file format")                  \
    X(cmd_init, "init", "write an adapter for your language")

/* Width of the terminal; 0 if it is none or does not tell. */
int cli_columns(int fd);

/* How this program was called, for commands that people copy. */
extern const char *cli_program;

#define X(function, name, summary) int function(int argc, char **argv);
COMMAND_LIST(X)
#undef X

/* Prints the problems to stderr. Returns EXIT_USAGE for bad input, 3 for a
 * failure of the system. */
int cli_fail(const struct error *error);

/* Wrong usage: prints "retryspec <command>: message", a suggestion and where to
 * read more. Returns EXIT_USAGE. */
int cli_usage_error(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* For '?' and ':' of getopt_long, called with opterr = 0 and short options that
 * begin with ':' (or "+:"): names the option and the nearest known one. Returns
 * EXIT_USAGE. */
int cli_option_error(const char *command, int result, char **argv,
                     const struct option *options);

/* A shipped one by id, else a file by path. NULL and a problem, with the
 * nearest id as its hint. */
struct profile *cli_load_profile(const char *name, struct error *error);
struct scenario *cli_load_scenario(const char *name, struct error *error);
struct rule_catalogue *cli_load_rules(struct error *error);

/* One scenario of an open file; `count` gets how many there are. */
struct source;
struct scenario *cli_read_variant(const struct source *source, size_t index,
                                  size_t *count, struct error *error);

/* Which of the shipped scenarios and named files are meant. Patterns are ids
 * with * and ?
 * ("@file" holds one a line), or paths of files; no pattern is all. A
 * pattern or tag that matches nothing is a problem. */
struct cli_selection {
    const char *const *patterns; /* positional, and --only */
    size_t pattern_count;
    const char *const *skips;
    size_t skip_count;
    const char *const *tags; /* any of */
    size_t tag_count;
    const char *edition; /* NULL: any */
};
struct cli_scenarios {
    struct scenario **items;
    size_t count;
};
bool cli_select(const struct cli_selection *selection,
                struct cli_scenarios *out, struct error *error);
void cli_scenarios_free(struct cli_scenarios *scenarios);

/* "7" or "0x1f"; false on anything else. */
bool cli_parse_seed(const char *text, uint64_t *seed);

/* Set by SIGINT and SIGTERM after cli_catch_signals(); the number of the
 * signal. */
extern volatile sig_atomic_t cli_stop;
void cli_catch_signals(void);

#endif
