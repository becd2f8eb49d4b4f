#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/run_options.h"
#include "cli/run_progress.h"
#include "cli/run_reports.h"
#include "judge/judge.h"
#include "reports/report.h"

static const char usage[] =
    "Usage: retryspec judge TRACE [OPTION...]\n\n"
    "Gives the verdict on a recorded trace, without a network. TRACE is a\n"
    "trace.ndjson that a run left.\n\n"
    "Options:\n"
    "  -p, --profile NAME|FILE  what the client should have done (default: "
    "the\n"
    "                           profile that the trace names)\n"
    "      --scenario ID|FILE   what it met (default: the scenario that the "
    "trace\n"
    "                           names)\n"
    "      --strict             SHOULD counts like MUST\n"
    "      --false-alarm RATE   of all tests of statistics of a suite, 1e-12 "
    "to "
    "0.1\n"
    "                           (1e-6)\n"
    "      --inconclusive fail|pass\n"
    "                           exit 5 or 0 when only a slow machine stood in\n"
    "                           the way (fail)\n"
    "      --report FORMAT[=FILE]\n"
    "                           text, json, junit, tap, markdown, github,\n"
    "                           badge or html, to FILE or, without one, to\n"
    "                           standard output; repeatable\n"
    "      --json               as --report json\n"
    "  -v, --verbose            also what passed\n"
    "  -q, --quiet              only failures and the summary\n"
    "      --color auto|always|never\n"
    "  -h, --help               this text\n\n"
    "Examples:\n"
    "  retryspec judge retryspec-out/retry-after/429-seconds/trace.ndjson\n"
    "  retryspec judge trace.ndjson -p my-profile.jsonc --json\n"
    "  retryspec judge trace.ndjson --report html=verdict.html\n\n"
    "Exit codes: 0 conforms, 1 a rule is broken, 2 wrong usage or file, 3 the "
    "adapter\nor the system failed, 4 nothing was judged, 5 inconclusive.\n";

struct judged {
    struct trace *trace;
    struct profile *profile;
    struct scenario *scenario;
    struct rule_catalogue *rules;
    struct scenario_report *report;
};

static void judged_deinit(struct judged *judged)
{
    if (judged->report) {
        scenario_report_free(judged->report);
    }
    if (judged->rules) {
        rules_free(judged->rules);
    }
    if (judged->scenario) {
        scenario_free(judged->scenario);
    }
    if (judged->profile) {
        profile_free(judged->profile);
    }
    if (judged->trace) {
        trace_free(judged->trace);
    }
}

/* The name that the user gave, else the one in the trace. */
static const char *name_of(const char *given, const char *traced,
                           const char *word, struct error *error)
{
    if (given || (traced && *traced)) {
        return given ? given : traced;
    }
    error_add(error, PROBLEM_INPUT, "the trace names no %s; give one with --%s",
              word, word);
    return NULL;
}

static bool judge_load(const struct run_request *request, struct judged *judged,
                       struct error *error)
{
    if (access(request->trace, F_OK) != 0) {
        error_add(error, PROBLEM_INPUT, "there is no file \"%s\"",
                  request->trace);
        return false;
    }
    judged->trace = trace_read_file(request->trace, error);
    judged->rules = cli_load_rules(error);
    if (!judged->trace || !judged->rules) {
        return false;
    }
    const char *profile =
        name_of(request->profile, judged->trace->profile, "profile", error);
    const char *scenario =
        name_of(request->scenario, judged->trace->scenario, "scenario", error);
    judged->profile = profile ? cli_load_profile(profile, error) : NULL;
    judged->scenario = scenario ? cli_load_scenario(scenario, error) : NULL;
    if (!request->scenario && scenario && !judged->scenario) {
        error_add(error, PROBLEM_INPUT,
                  "the trace is of the scenario \"%s\"; give its file with "
                  "--scenario",
                  scenario);
    }
    return judged->profile && judged->scenario;
}

static struct run_report report_of(const struct run_request *request,
                                   struct judged *judged)
{
    const struct trace *trace = judged->trace;
    return (struct run_report){
        .program = cli_program,
        .profile_word = request->profile,
        .profile = judged->profile->id,
        .profile_source = judged->profile->source,
        .edition = judged->scenario->edition,
        .version = RETRYSPEC_VERSION,
        .seed = trace->seed,
        .false_alarm = request->false_alarm,
        .jobs = 1,
        .lag_p99_ns = trace->lag_p99_ns,
        .took_ns = trace->ended_ns == TRACE_NEVER ? 0 : trace->ended_ns,
        .interrupted = trace->interrupted,
        .scenarios = &judged->report,
        .count = 1,
        .strict = request->is_strict,
        .passes_inconclusive = request->passes_inconclusive,
    };
}

/* The trace does not hold the command: programs are told none, people get a
 * word to replace. */
static const char *const *command_for(enum report_format format)
{
    static const char *const none[] = {NULL}, *const word[] = {"CMD", NULL};
    return format == REPORT_JSON ? none : word;
}

/* For people, unless a program reads what we print. */
static void print_text(const struct run_request *request,
                       struct run_report *report)
{
    struct report_style style = run_progress_style(request);
    report->argv = command_for(REPORT_TEXT);
    if (run_request_takes_stdout(request)) {
        return;
    }
    if (!request->is_quiet) {
        report_text_header(report, &style, stdout);
    }
    report_text_summary(report, &style, stdout);
    fflush(stdout);
}

static bool write_reports(const struct run_request *request,
                          struct run_report *report, struct error *error)
{
    bool is_written = true;
    for (size_t i = 0; i < request->report_count; i++) {
        struct run_request one = *request;
        one.reports[0] = request->reports[i];
        one.report_count = 1;
        report->argv = command_for(one.reports[0].format);
        is_written &= run_reports_write(&one, report, error);
    }
    return is_written;
}

static int judge(const struct run_request *request)
{
    struct error error = {0};
    struct judged judged = {0};
    bool is_written = false;
    int code = 0;
    if (run_reports_check(request, &error) &&
        judge_load(request, &judged, &error)) {
        struct judge_input input = {judged.profile, judged.scenario,
                                    judged.trace, judged.rules,
                                    request->false_alarm};
        judged.report = judge_run(&input);
        if (!judged.report) {
            error_add(&error, PROBLEM_MEMORY, "out of memory");
        }
    }
    if (judged.report) {
        struct run_report report = report_of(request, &judged);
        print_text(request, &report);
        is_written = write_reports(request, &report, &error);
        code = run_report_exit_code(&report);
    }
    code = is_written ? code : cli_fail(&error);
    judged_deinit(&judged);
    return code;
}

int cmd_judge(int argc, char **argv)
{
    struct run_request request;
    int code = run_request_read(&request, argc, argv, judge_options);
    if (code == 0 && request.wants_help) {
        fputs(usage, stdout);
    } else if (code == 0) {
        code = judge(&request);
    }
    run_request_deinit(&request);
    return code;
}
