#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
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
    "      --json               as JSON\n"
    "  -v, --verbose            also what passed\n"
    "  -h, --help               this text\n\n"
    "Examples:\n"
    "  retryspec judge retryspec-out/retry-after/429-seconds/trace.ndjson\n"
    "  retryspec judge trace.ndjson -p my-profile.jsonc --json\n\n"
    "Exit codes: 0 conforms, 1 a rule is broken, 2 wrong usage or file, 3 the "
    "adapter\nor the system failed, 4 nothing was judged, 5 inconclusive.\n";

static const struct option options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"scenario", required_argument, NULL, 's'},
    {"strict", no_argument, NULL, 'S'},
    {"json", no_argument, NULL, 'j'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct judge_request {
    const char *trace, *profile, *scenario;
    bool is_strict, is_json, is_verbose;
};

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

static bool judge_load(const struct judge_request *request,
                       struct judged *judged, struct error *error)
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

static void print_text(const struct run_report *run, bool is_verbose)
{
    struct report_style style = {.is_verbose = is_verbose,
                                 .has_color = isatty(STDOUT_FILENO) &&
                                              !getenv("NO_COLOR")};
    report_text_header(run, &style, stdout);
    report_text_summary(run, &style, stdout);
}

static int judge_print(const struct judge_request *request,
                       struct judged *judged)
{
    const struct trace *trace = judged->trace;
    /* The trace does not hold the command; people get a word to replace. */
    const char *const argv[] = {request->is_json ? NULL : "CMD", NULL};
    struct run_report run = {
        .program = cli_program,
        .profile_word = request->profile,
        .profile = judged->profile->id,
        .profile_source = judged->profile->source,
        .edition = judged->scenario->edition,
        .version = RETRYSPEC_VERSION,
        .seed = trace->seed,
        .jobs = 1,
        .lag_p99_ns = trace->lag_p99_ns,
        .took_ns = trace->ended_ns == TRACE_NEVER ? 0 : trace->ended_ns,
        .interrupted = trace->interrupted,
        .argv = argv,
        .scenarios = &judged->report,
        .count = 1,
        .strict = request->is_strict,
    };
    if (request->is_json) {
        report_json(&run, stdout);
    } else {
        print_text(&run, request->is_verbose);
    }
    return run_report_exit_code(&run);
}

static int judge(const struct judge_request *request)
{
    struct error error = {0};
    struct judged judged = {0};
    int code;
    if (judge_load(request, &judged, &error)) {
        struct judge_input input = {judged.profile, judged.scenario,
                                    judged.trace, judged.rules};
        judged.report = judge_run(&input);
        if (!judged.report) {
            error_add(&error, PROBLEM_MEMORY, "out of memory");
        }
    }
    code = judged.report ? judge_print(request, &judged) : cli_fail(&error);
    judged_deinit(&judged);
    return code;
}

int cmd_judge(int argc, char **argv)
{
    struct judge_request request = {0};
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":p:vh", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'p':
            request.profile = optarg;
            break;
        case 's':
            request.scenario = optarg;
            break;
        case 'S':
            request.is_strict = true;
            break;
        case 'j':
            request.is_json = true;
            break;
        case 'v':
            request.is_verbose = true;
            break;
        default:
            return cli_option_error("judge", c, argv, options);
        }
    }
    if (argc - optind != 1) {
        return cli_usage_error("judge", argc == optind ? "which trace?"
                                                       : "one trace at a time");
    }
    request.trace = argv[optind];
    return judge(&request);
}
