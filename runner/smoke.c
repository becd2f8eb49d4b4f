/* Is the adapter wired? One fault-free call, and one message that names the
 * missing piece: the mistake of an adapter must not look like sixty mistakes
 * of its client. */
#include <stdlib.h>
#include <string.h>

#include "model/embedded.h"
#include "runner/level0.h"
#include "runner/run_scenarios.h"

#define SMOKE_FILE "smoke/ok.jsonc"

static struct scenario *read_scenario(struct error *error)
{
    const struct embedded_file *file = embedded_files;
    while (file->name && strcmp(file->name, SMOKE_FILE) != 0) {
        file++;
    }
    if (!file->name) {
        error_add(error, PROBLEM_SYSTEM, "this program lacks " SMOKE_FILE);
        return NULL;
    }
    return scenario_read("scenarios/" SMOKE_FILE, file->bytes, file->size,
                         error);
}

/* What to look at. */
static const char *const hints[] = {
    [CLIENT_COULD_NOT_START] = "give the command as you would type it; no "
                               "shell stands between",
    [CLIENT_CRASHED] = "an adapter exits with 0 after the calls, even when "
                       "they failed",
    [CLIENT_NEVER_CALLED] = "is RETRYSPEC_BASE_URL read, and used by the "
                            "client under test?",
    [CLIENT_IGNORED_PLAN] = "RETRYSPEC_PLAN has method and path; the address "
                            "is RETRYSPEC_BASE_URL followed by the path",
    [CLIENT_NO_RESULTS] = "append {\"call\":\"rs-0-0\",\"outcome\":\"ok\","
                          "\"status\":200} and a newline for each call",
    [CLIENT_BAD_RESULTS] = "one JSON object a line; \"call\" is a token of "
                           "the plan, \"outcome\" is \"ok\" or \"error\"",
    [CLIENT_SKIPPED] = "the fault-free call can't be skipped by the client; "
                       "run --skip-smoke starts without it",
    [CLIENT_TIMED_OUT] = "exit 0 after the last call",
    [CLIENT_LEFT_PROCESSES] = "end what it started before it exits",
    [CLIENT_FLOODED] = "print less",
};

/* The command for people, cut to `size`. */
static void join(const char *const *argv, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (; *argv && used < size; argv++) {
        int length =
            snprintf(text + used, size - used, "%s%s", used ? " " : "", *argv);
        used += length > 0 ? (size_t)length : 0;
    }
}

/* What a program does that was never meant to be an adapter. */
static bool looks_plain(enum client_fault fault)
{
    return fault == CLIENT_CRASHED || fault == CLIENT_NEVER_CALLED ||
           fault == CLIENT_NO_RESULTS;
}

static void write_hint(const struct scenario_report *report,
                       const char *const *argv, struct problem *problem)
{
    enum client_fault fault = report->client_fault;
    if (fault == CLIENT_COULD_NOT_START && strchr(argv[0], ' ')) {
        snprintf(problem->hint, sizeof problem->hint,
                 "it is taken as one word; leave out the quotes");
        return;
    }
    bool is_plain = looks_plain(fault) && !level0_is(argv);
    snprintf(problem->hint, sizeof problem->hint, "%s%s%s",
             hints[fault] ? hints[fault] : "",
             hints[fault] && is_plain ? "; " : "",
             is_plain ? "a program that is no adapter needs {url} where its "
                        "URL goes"
                      : "");
    if (fault == CLIENT_CRASHED && report->folder) {
        size_t used = strlen(problem->hint);
        snprintf(problem->hint + used, sizeof problem->hint - used,
                 "; all it said: %s/client.stderr", report->folder);
    }
}

static void add_fault(const struct scenario_report *report,
                      const char *const *argv, struct error *error)
{
    enum client_fault fault = report->client_fault;
    const char *detail = report->client_detail ? report->client_detail : "";
    char words[80];
    join(argv, words, sizeof words);
    struct problem *problem =
        error_add(error, PROBLEM_SYSTEM, "smoke: \"%s\" %s: %s", words,
                  client_fault_texts[fault], detail);
    write_hint(report, argv, problem);
}

/* An adapter that turns every answer into an error would make every finding
 * about outcomes a false one. */
static bool check_outcome(const struct scenario_report *report,
                          struct error *error)
{
    const struct trace *trace = report->trace;
    if (trace->level == 0 || trace->result_count == 0 ||
        trace->results[0].is_ok) {
        return true;
    }
    struct problem *problem =
        error_add(error, PROBLEM_SYSTEM,
                  "smoke: the call was answered with 200, but is reported as "
                  "error \"%.200s\"",
                  trace->results[0].error);
    snprintf(problem->hint, sizeof problem->hint,
             "\"outcome\" is \"ok\" when the client under test returned an "
             "answer");
    return false;
}

static bool judge_smoke(const struct runner_options *options,
                        const struct run_report *run, struct error *error)
{
    if (run->count == 0) {
        error_add(error, PROBLEM_SYSTEM, "interrupted");
        return false;
    }
    const struct scenario_report *report = run->scenarios[0];
    if (report->client_fault != CLIENT_OK) {
        add_fault(report, options->argv, error);
        return false;
    }
    return check_outcome(report, error);
}

bool runner_smoke(const struct runner_options *options, struct error *error)
{
    struct scenario *scenario = read_scenario(error);
    if (!scenario) {
        return false;
    }
    const struct scenario *const scenarios[] = {scenario};
    struct runner_options own = *options;
    own.scenarios = scenarios;
    own.scenario_count = 1;
    own.jobs = 1;
    own.on_start = NULL;
    own.on_done = NULL;
    struct run_report run = {0};
    bool is_wired = runner_run_scenarios(&own, &run, error) &&
                    judge_smoke(options, &run, error);
    runner_report_free(&run);
    scenario_free(scenario);
    return is_wired;
}
