#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/run_baseline.h"
#include "cli/run_options.h"
#include "cli/run_progress.h"
#include "cli/run_repeat.h"
#include "cli/run_reports.h"
#include "client/retry.h"
#include "model/units.h"
#include "reports/report.h"
#include "runner/runner.h"

static const char usage[] =
    "Usage: retryspec run [SCENARIO...] [OPTION...] -- COMMAND [ARGUMENT...]\n"
    "\n"
    "Serves each scenario, starts COMMAND against it and judges what it did.\n"
    "SCENARIO is an id, a pattern such as \"body/*\" or a file; none is all.\n"
    "COMMAND is an adapter (retryspec init writes one), or any program with\n"
    "{url} in an argument. It is started as given, without a shell.\n\n"
    "What is judged:\n"
    "  -p, --profile NAME|FILE   what the client claims to do (http-generic)\n"
    "      --edition EDITION     the scenarios that were frozen as EDITION\n"
    "      --only PATTERN        as SCENARIO; \"@FILE\" holds one a line\n"
    "      --skip PATTERN        not these\n"
    "      --tag TAG             only scenarios with one of the tags\n"
    "      --strict              SHOULD counts like MUST\n"
    "      --false-alarm RATE    of all tests of statistics of a suite, 1e-12 "
    "to\n"
    "                            0.1 (1e-6)\n"
    "  -b, --baseline FILE       known failures: run, and must fail\n"
    "                            (retryspec.baseline, if it is there)\n"
    "      --baseline-update     write it anew from what fails now\n"
    "      --inconclusive fail|pass\n"
    "                            exit 5 or 0 when only a slow machine stands\n"
    "                            in the way (fail)\n"
    "How it runs:\n"
    "  -j, --jobs N              scenarios at a time (processors, at most 4)\n"
    "      --seed N              of payloads, delays and chances (1)\n"
    "      --repeat N            run all N times and tell what flips; the\n"
    "                            worst counts\n"
    "      --timeout DURATION    stop a client this long after what scenario\n"
    "                            and profile need (default: 30s in all, or\n"
    "                            what they need)\n"
    "      --skip-smoke          start without the fault-free call\n"
    "What it leaves:\n"
    "      --out FOLDER          traces, verdicts, output of the client\n"
    "                            (retryspec-out)\n"
    "      --report FORMAT[=FILE]\n"
    "                            text, json, junit, tap, markdown, github,\n"
    "                            badge or html, to FILE or, without one, to\n"
    "                            standard output; repeatable\n"
    "  -v, --verbose             also what passed\n"
    "  -q, --quiet               only failures and the summary\n"
    "      --color auto|always|never\n"
    "      --progress auto|bar|counter|none\n"
    "  -h, --help                this text\n\n"
    "Examples:\n"
    "  retryspec run -- python3 adapter.py\n"
    "  retryspec run -p curl-retry --tag quick -- curl -sS --retry 5 {url}\n"
    "  retryspec run retry-after/429-seconds -v -- python3 adapter.py\n"
    "  retryspec run -q --edition 2026.1 --report junit=retry.xml -- "
    "./adapter\n\n"
    "Exit codes: 0 conforms, 1 a rule is broken, 2 wrong usage or file, 3 the "
    "adapter\nor the system failed, 4 nothing was judged, 5 inconclusive, "
    "128+n signal n.\n";

struct run {
    struct run_request request;
    struct profile *profile;
    struct rule_catalogue *rules;
    struct cli_scenarios scenarios;
    struct runner_options options;
    struct run_progress progress;
    struct run_baseline baseline;
    struct run_repeats repeats;
    struct run_report report;
    struct error error;
};

/* -- before -----------------------------------------------------------------
 */

static bool load(struct run *run)
{
    const struct run_request *request = &run->request;
    struct error *error = &run->error;
    run->profile = cli_load_profile(request->profile, error);
    run->rules = cli_load_rules(error);
    cli_select(&request->selection, &run->scenarios, error);
    run_reports_check(request, error);
    if (!error_is_set(error)) {
        run_baseline_load(&run->baseline, request, run->rules, &run->scenarios,
                          error);
    }
    return !error_is_set(error);
}

static const char *newest_edition(const struct cli_scenarios *scenarios)
{
    const char *newest = NULL;
    for (size_t i = 0; i < scenarios->count; i++) {
        const char *own = scenarios->items[i]->edition;
        if (own && (!newest || strverscmp(own, newest) > 0)) {
            newest = own;
        }
    }
    return newest;
}

static void on_start(void *context, const struct scenario *scenario)
{
    struct run *run = context;
    run_progress_start(&run->progress, scenario);
}

static void on_done(void *context, struct scenario_report *report, size_t done,
                    size_t total)
{
    struct run *run = context;
    run_baseline_mark(&run->baseline, report);
    run_progress_done(&run->progress, report, done, total);
}

static void fill_options(struct run *run)
{
    const struct run_request *request = &run->request;
    union {
        struct scenario **from;
        const struct scenario *const *to;
    } scenarios = {run->scenarios.items}; /* C can't add const at two levels */
    run->options = (struct runner_options){
        .scenarios = scenarios.to,
        .scenario_count = run->scenarios.count,
        .profile = run->profile,
        .rules = run->rules,
        .argv = request->argv,
        .seed = request->seed,
        .false_alarm = request->false_alarm,
        .jobs = request->jobs,
        .extra_timeout_ns = request->timeout_ns,
        .out = request->out,
        .is_smoke_skipped = request->is_smoke_skipped,
        .stop = &cli_stop,
        .on_start = on_start,
        .on_done = on_done,
        .context = run,
    };
    const char *edition = request->selection.edition;
    run->report.program = cli_program;
    run->report.profile_word = request->profile;
    run->report.false_alarm = request->false_alarm;
    run->report.strict = request->is_strict;
    run->report.passes_inconclusive = request->passes_inconclusive;
    run->report.edition = edition ? edition : newest_edition(&run->scenarios);
}

static void fill_progress(struct run *run)
{
    const struct run_request *request = &run->request;
    run->progress = (struct run_progress){
        .kind = run_progress_kind(request),
        .style = run_progress_style(request),
        .out = run_request_takes_stdout(request) ? stderr : stdout,
        .total = run->scenarios.count,
    };
    run->repeats.wanted = request->repeats;
    run->repeats.out = request->is_quiet ? NULL : run->progress.out;
}

/* -- header -----------------------------------------------------------------
 */

static void print_estimate(const struct run *run)
{
    const struct scenario *longest = run->scenarios.items[0];
    for (size_t i = 1; i < run->scenarios.count; i++) {
        if (run->scenarios.items[i]->takes_ns > longest->takes_ns) {
            longest = run->scenarios.items[i];
        }
    }
    double seconds = (double)NS_PER_S;
    int64_t repeats = run->request.repeats > 1 ? run->request.repeats : 1;
    fprintf(
        run->progress.out,
        "%zu scenario%s, about %.0f s (longest %s %.0f s); a client that hangs "
        "is stopped after %.0f s at most\n",
        run->scenarios.count, run->scenarios.count == 1 ? "" : "s",
        (double)repeats * (double)runner_estimate_ns(&run->options) / seconds,
        longest->id, (double)longest->takes_ns / seconds,
        (double)runner_limit_ns(&run->options) / seconds);
}

static void print_header(const struct run *run)
{
    if (run->request.is_quiet) {
        return;
    }
    struct run_report header = run->report;
    header.profile = run->profile->id;
    header.profile_source = run->profile->source;
    header.version = RETRYSPEC_VERSION;
    header.seed = run->request.seed;
    header.jobs = run->request.jobs;
    header.argv = run->request.argv;
    report_text_header(&header, &run->progress.style, run->progress.out);
    print_estimate(run);
    const struct baseline *baseline = run->baseline.file;
    if (baseline) {
        fprintf(run->progress.out, "baseline %s: %zu known to fail\n",
                baseline->file, baseline_size(baseline));
    }
    fflush(run->progress.out);
}

/* -- after ------------------------------------------------------------------
 */

static int exit_code(const struct run *run)
{
    if (run->report.interrupted) {
        return 128 + cli_stop;
    }
    return run_report_exit_code(&run->report);
}

/* What was done is reported even when the rest could not be. */
static int report(struct run *run, bool is_run)
{
    run_progress_clear(&run->progress);
    if (!is_run && run->report.count == 0 && !run->report.interrupted) {
        return cli_fail(&run->error);
    }
    report_text_summary(&run->report, &run->progress.style, run->progress.out);
    fflush(run->progress.out);
    bool is_written =
        run_reports_write(&run->request, &run->report, &run->error);
    if (run->report.interrupted && is_written) {
        return exit_code(run);
    }
    return is_run && is_written ? exit_code(run) : cli_fail(&run->error);
}

static int execute(struct run *run)
{
    if (!load(run)) {
        cli_fail(&run->error);
        return EXIT_USAGE;
    }
    if (run->scenarios.count == 0) {
        fputs("retryspec run: the filters leave no scenario\n", stderr);
        return EXIT_NOTHING;
    }
    fill_options(run);
    fill_progress(run);
    cli_catch_signals();
    print_header(run);
    bool is_run =
        run_repeat(&run->repeats, &run->options, &run->report, &run->error);
    is_run &= run_baseline_finish(&run->baseline, &run->request, &run->report,
                                  &run->error);
    return report(run, is_run);
}

int cmd_run(int argc, char **argv)
{
    struct run run = {0};
    int code = run_request_read(&run.request, argc, argv, run_options);
    if (code == 0 && run.request.wants_help) {
        fputs(usage, stdout);
    } else if (code == 0) {
        code = execute(&run);
    }
    runner_report_free(&run.report);
    run_repeats_deinit(&run.repeats);
    run_baseline_deinit(&run.baseline);
    cli_scenarios_free(&run.scenarios);
    rules_free(run.rules);
    profile_free(run.profile);
    run_request_deinit(&run.request);
    return code;
}
