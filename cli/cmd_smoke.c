#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/run_options.h"
#include "client/retry.h"
#include "reports/report.h"
#include "runner/runner.h"

static const char usage[] =
    "Usage: retryspec smoke [OPTION...] -- COMMAND [ARGUMENT...]\n\n"
    "One call that meets no fault: is the adapter wired? If it is not, one\n"
    "message names the missing piece.\n\n"
    "Options:\n"
    "  -p, --profile NAME|FILE   what the client claims to do (http-generic)\n"
    "      --seed N              given to the adapter (1)\n"
    "      --timeout DURATION    stop the command this long after what the\n"
    "                            call needs (default: 30s in all)\n"
    "      --out FOLDER          trace and output of the command\n"
    "                            (retryspec-out)\n"
    "  -h, --help                this text\n\n"
    "Examples:\n"
    "  retryspec smoke -- python3 adapter.py\n"
    "  retryspec smoke -- curl -sS {url}\n\n"
    "Exit codes: 0 wired, 2 wrong usage or file, 3 not wired, 128+n signal "
    "n.\n";

static int smoke(const struct run_request *request, struct error *error)
{
    struct profile *profile = cli_load_profile(request->profile, error);
    struct rule_catalogue *rules = cli_load_rules(error);
    bool is_wired = false;
    if (profile && rules) {
        const struct runner_options options = {
            .profile = profile,
            .rules = rules,
            .argv = request->argv,
            .seed = request->seed,
            .jobs = 1,
            .extra_timeout_ns = request->timeout_ns,
            .out = request->out,
            .stop = &cli_stop,
        };
        cli_catch_signals();
        is_wired = runner_smoke(&options, error);
    }
    rules_free(rules);
    profile_free(profile);
    if (cli_stop) {
        return 128 + cli_stop;
    }
    return is_wired ? 0 : cli_fail(error);
}

static void print_next(const struct run_request *request)
{
    printf("The adapter is wired: one call was seen, answered and "
           "reported.\nNext: %s run --tag quick -p %s --",
           cli_program, request->profile);
    report_words(request->argv, stdout);
    putchar('\n');
}

int cmd_smoke(int argc, char **argv)
{
    struct run_request request;
    struct error error = {0};
    int code = run_request_read(&request, argc, argv, smoke_options);
    if (code == 0 && request.wants_help) {
        fputs(usage, stdout);
    } else if (code == 0 && request.selection.pattern_count > 0) {
        code = cli_usage_error("smoke", "%s: smoke has its own scenario",
                               request.patterns[0]);
    } else if (code == 0) {
        code = smoke(&request, &error);
        if (code == 0) {
            print_next(&request);
        }
    }
    run_request_deinit(&request);
    return code;
}
