#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/run_options.h"
#include "cli/run_progress.h"
#include "cli/run_reports.h"
#include "client/retry.h"
#include "judge/judge.h"
#include "model/units.h"
#include "reports/report.h"
#include "runner/folder.h"
#include "runner/runner.h"
#include "sim/sim.h"

static const char usage[] =
    "Usage: retryspec sim [SCENARIO...] [OPTION...]\n"
    "\n"
    "Plays scenarios in virtual time: clients that do just what the profile\n"
    "says meet the server's script over a modelled network, and the judge\n"
    "judges them as in run. Hours take milliseconds, and the same seed gives\n"
    "the same trace. SCENARIO is an id, a pattern such as \"body/*\" or a\n"
    "file; none is all.\n\n"
    "What is played:\n"
    "  -p, --profile NAME|FILE   what the clients do (http-generic)\n"
    "      --edition EDITION     the scenarios that were frozen as EDITION\n"
    "      --only PATTERN        as SCENARIO; \"@FILE\" holds one a line\n"
    "      --skip PATTERN        not these\n"
    "      --tag TAG             only scenarios with one of the tags\n"
    "      --strict              SHOULD counts like MUST\n"
    "      --false-alarm RATE    as in run (1e-6)\n"
    "How:\n"
    "      --seed N              of every draw (1)\n"
    "      --latency DURATION    of each message, one way (500us)\n"
    "      --limit DURATION      stop clients that are not done by then (24h,\n"
    "                            at most 2500h)\n"
    "What it leaves:\n"
    "      --out FOLDER          keep traces and verdicts there\n"
    "      --report FORMAT[=FILE]\n"
    "                            text, json, junit, tap, markdown, github,\n"
    "                            badge or html, to FILE or, without one, to\n"
    "                            standard output; repeatable\n"
    "  -v, --verbose             also what passed\n"
    "  -q, --quiet               only failures and the summary\n"
    "      --color auto|always|never\n"
    "  -h, --help                this text\n\n"
    "Examples:\n"
    "  retryspec sim -p tinker-wire\n"
    "  retryspec sim outage/4s-503 -p my-profile.jsonc --seed 7 -v\n"
    "  retryspec sim my-scenario.jsonc -p tinker-http --out sim-out\n"
    "  retryspec judge sim-out/my/scenario/trace.ndjson\n\n"
    "Exit codes: 0 conforms, 1 a rule is broken, 2 wrong usage or file, 3 the\n"
    "clients never ended or the system failed, 4 nothing was judged.\n";

struct sim {
    struct run_request request;
    struct profile *profile;
    struct rule_catalogue *rules;
    struct cli_scenarios scenarios;
    struct run_progress progress;
    struct run_report report;
    struct error error;
};

/* One scenario of it. */
struct play {
    struct sim *sim;
    const struct scenario *scenario;
    struct arena arena;
    const char *folder; /* NULL: nothing is kept */
    int fd;             /* of the trace */
    struct sim_stats stats;
};

/* -- the trace --------------------------------------------------------------
 */

static bool make_folder(struct play *play)
{
    const char *out = play->sim->request.out;
    struct error *error = &play->sim->error;
    if (!out) {
        return true;
    }
    play->folder = folder_join(&play->arena, out, play->scenario->id, error);
    return play->folder && folder_make(play->folder, error);
}

static bool open_trace(struct play *play)
{
    struct error *error = &play->sim->error;
    if (!make_folder(play)) {
        return false;
    }
    const char *path = "a trace in memory";
    if (play->folder) {
        path = folder_join(&play->arena, play->folder, "trace.ndjson", error);
        if (!path) {
            return false;
        }
        play->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    } else {
        play->fd = memfd_create("trace", MFD_CLOEXEC);
    }
    if (play->fd < 0) {
        error_add_errno(error, errno, "can't write %s", path);
    }
    return play->fd >= 0;
}

static bool write_trace(struct play *play)
{
    struct sim *sim = play->sim;
    const struct run_request *request = &sim->request;
    struct trace_writer *writer = trace_writer_create(play->fd, &sim->error);
    if (!writer) {
        return false;
    }
    const struct sim_input input = {
        .scenario = play->scenario,
        .profile = sim->profile,
        .seed = request->seed,
        .latency_ns =
            request->has_latency ? request->latency_ns : SIM_LATENCY_NS,
        .limit_ns = request->limit_ns > 0 ? request->limit_ns : SIM_LIMIT_NS,
        .trace = writer,
    };
    bool is_run = sim_run(&input, &play->stats, &sim->error);
    bool is_written = trace_writer_flush(writer);
    trace_writer_free(writer);
    if (is_run && !is_written) {
        error_add(&sim->error, PROBLEM_SYSTEM,
                  "can't write the trace of %s: disk full?",
                  play->scenario->id);
    }
    return is_run && is_written;
}

/* From what was written, so that a stored trace gives the same verdicts. */
static struct trace *read_trace(const struct play *play)
{
    struct error *error = &play->sim->error;
    struct stat status;
    struct trace *trace = NULL;
    if (fstat(play->fd, &status) != 0) {
        error_add_errno(error, errno, "can't read the trace back");
        return NULL;
    }
    size_t size = (size_t)status.st_size;
    char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, play->fd, 0);
    if (bytes == MAP_FAILED) {
        error_add_errno(error, errno, "can't read the trace back");
    } else {
        trace = trace_read("trace.ndjson", bytes, size, error);
        munmap(bytes, size);
    }
    return trace;
}

/* -- the verdict ------------------------------------------------------------
 */

static struct scenario_report *judge_trace(const struct play *play)
{
    const struct sim *sim = play->sim;
    struct trace *trace = read_trace(play);
    if (!trace) {
        return NULL;
    }
    const struct judge_input input = {.profile = sim->profile,
                                      .scenario = play->scenario,
                                      .trace = trace,
                                      .rules = sim->rules,
                                      .false_alarm = sim->request.false_alarm};
    struct scenario_report *report = judge_run(&input);
    if (!report) {
        error_add(&play->sim->error, PROBLEM_MEMORY, "out of memory");
        trace_free(trace);
        return NULL;
    }
    report->took_ns = play->stats.ended_ns;
    report->folder =
        play->folder ? arena_strdup(&report->arena, play->folder) : NULL;
    return report;
}

static bool write_verdict(struct play *play,
                          const struct scenario_report *report)
{
    struct error *error = &play->sim->error;
    if (!play->folder) {
        return true;
    }
    const char *path =
        folder_join(&play->arena, play->folder, "verdict.json", error);
    FILE *file = path ? fopen(path, "we") : NULL;
    bool is_written = false;
    if (file) {
        is_written = report_json_scenario(&play->sim->report, report, file);
        is_written &= fclose(file) == 0;
    }
    if (path && !is_written) {
        error_add_errno(error, errno, "can't write %s", path);
    }
    return is_written;
}

static bool play_scenario(struct sim *sim, const struct scenario *scenario)
{
    struct play play = {.sim = sim, .scenario = scenario, .fd = -1};
    struct scenario_report *report = NULL;
    if (open_trace(&play) && write_trace(&play)) {
        report = judge_trace(&play);
    }
    bool is_done = report && write_verdict(&play, report);
    if (report) {
        sim->report.scenarios[sim->report.count++] = report;
        run_progress_done(&sim->progress, report, sim->report.count,
                          sim->scenarios.count);
    }
    if (play.fd >= 0) {
        close(play.fd);
    }
    arena_deinit(&play.arena);
    return is_done;
}

/* -- the whole --------------------------------------------------------------
 */

static bool load(struct sim *sim)
{
    const struct run_request *request = &sim->request;
    struct error *error = &sim->error;
    sim->profile = cli_load_profile(request->profile, error);
    sim->rules = cli_load_rules(error);
    cli_select(&request->selection, &sim->scenarios, error);
    run_reports_check(request, error);
    return !error_is_set(error);
}

static void fill_report(struct sim *sim)
{
    const struct run_request *request = &sim->request;
    static const char *const no_command[] = {NULL};
    sim->report = (struct run_report){
        .program = cli_program,
        .profile_word = request->profile,
        .profile = sim->profile->id,
        .profile_source = sim->profile->source,
        .edition = request->selection.edition,
        .version = RETRYSPEC_VERSION,
        .seed = request->seed,
        .false_alarm = request->false_alarm,
        .jobs = 1,
        .is_simulated = true,
        .argv = no_command,
        .strict = request->is_strict,
        .scenarios =
            calloc(sim->scenarios.count, sizeof *sim->report.scenarios),
    };
    sim->progress = (struct run_progress){
        .kind = request->is_quiet ? PROGRESS_NONE : PROGRESS_COUNTER,
        .style = run_progress_style(request),
        .out = run_request_takes_stdout(request) ? stderr : stdout,
        .total = sim->scenarios.count,
    };
}

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static bool play_all(struct sim *sim)
{
    int64_t started_ns = clock_ns();
    if (!sim->report.scenarios) {
        error_add(&sim->error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    bool is_done = true;
    for (size_t i = 0; is_done && i < sim->scenarios.count; i++) {
        is_done = play_scenario(sim, sim->scenarios.items[i]);
    }
    sim->report.took_ns = clock_ns() - started_ns;
    return is_done;
}

static int execute(struct sim *sim)
{
    if (!load(sim)) {
        cli_fail(&sim->error);
        return EXIT_USAGE;
    }
    if (sim->scenarios.count == 0) {
        fputs("retryspec sim: the filters leave no scenario\n", stderr);
        return EXIT_NOTHING;
    }
    fill_report(sim);
    if (!sim->request.is_quiet) {
        report_text_header(&sim->report, &sim->progress.style,
                           sim->progress.out);
    }
    bool is_done = play_all(sim);
    if (is_done) {
        report_text_summary(&sim->report, &sim->progress.style,
                            sim->progress.out);
        fflush(sim->progress.out);
        is_done = run_reports_write(&sim->request, &sim->report, &sim->error);
    }
    return is_done ? run_report_exit_code(&sim->report) : cli_fail(&sim->error);
}

static int read_request(struct run_request *request, int argc, char **argv)
{
    int code = run_request_read(request, argc, argv, sim_options);
    if (code == 0 && request->limit_ns > SIM_LIMIT_MAX_NS) {
        return cli_usage_error("sim", "--limit: it is 2500h at most, as a "
                                      "trace holds no later instant");
    }
    return code;
}

int cmd_sim(int argc, char **argv)
{
    struct sim sim = {0};
    int code = read_request(&sim.request, argc, argv);
    if (code == 0 && sim.request.wants_help) {
        fputs(usage, stdout);
    } else if (code == 0) {
        code = execute(&sim);
    }
    runner_report_free(&sim.report);
    cli_scenarios_free(&sim.scenarios);
    rules_free(sim.rules);
    profile_free(sim.profile);
    run_request_deinit(&sim.request);
    return code;
}
