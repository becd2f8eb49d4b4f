/* The end of a job: trace closed, read back, judged. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "judge/judge.h"
#include "reports/report.h"
#include "runner/adapter.h"
#include "runner/clock.h"
#include "runner/folder.h"
#include "runner/job.h"
#include "runner/lane.h"

/* What is known of the client once all is closed. */
struct client_summary {
    struct mock_run_stats stats;
    struct adapter_results results;
    int64_t leftovers;
};

static enum client_end client_end_of(const struct job *job)
{
    if (job->refusal) {
        return CLIENT_NOT_RUN;
    }
    if (job->start_problem[0]) {
        return CLIENT_NOT_STARTED;
    }
    if (job->is_stopped) {
        return CLIENT_STOPPED;
    }
    if (job->is_signaled) {
        return CLIENT_SIGNALED;
    }
    return job->has_given_up ? CLIENT_GIVEN_UP : CLIENT_EXITED;
}

/* Closing the run writes the last lines of the server. */
static void close_run(struct job *job, struct client_summary *summary)
{
    summary->leftovers = lanes_end(job);
    output_close(&job->output);
    if (job->run) {
        mock_run_stats(job->run, &summary->stats);
        mock_run_stop(job->run);
        job->run = NULL;
    }
    if (job->shared->level > 0) {
        adapter_results_read(job->results, job->scenario, &job->arena,
                             &summary->results);
    }
}

static void write_client_end(struct job *job,
                             const struct client_summary *summary)
{
    char last_line[200];
    enum client_end end = client_end_of(job);
    const struct trace_client client = {
        .end = end,
        .code = end == CLIENT_NOT_STARTED ? job->start_errno : job->code,
        .leftovers = summary->leftovers,
        .output_bytes = output_bytes(&job->output),
        .output_lost = output_lost(&job->output),
        .limit_ns = job->deadline_ns - job->started_ns,
        .reason = job->refusal ? job->refusal : job->start_problem,
        .last_line =
            output_last_line(&job->output, last_line, sizeof last_line),
    };
    trace_write_client_end(job->writer,
                           job->ended_ns ? job->ended_ns - job->origin_ns : 0,
                           &client);
}

static void write_results(struct job *job,
                          const struct adapter_results *results)
{
    if (results->is_there) {
        trace_write_results(job->writer, results->problem);
    }
    for (size_t i = 0; i < results->count; i++) {
        trace_write_result(job->writer, &results->items[i]);
    }
}

static bool close_trace(struct job *job, const struct client_summary *summary,
                        struct error *error)
{
    write_client_end(job, summary);
    write_results(job, &summary->results);
    trace_write_end(job->writer, clock_monotonic_ns() - job->origin_ns,
                    summary->stats.lag_p99_ns, summary->stats.lag_max_ns,
                    job->is_interrupted);
    if (trace_writer_flush(job->writer)) {
        return true;
    }
    error_add(error, PROBLEM_SYSTEM, "can't write %s/trace.ndjson: disk full?",
              job->folder);
    return false;
}

/* From the file, so that a stored trace gives the same verdicts. */
static struct scenario_report *judge_trace(struct job *job, struct error *error)
{
    const struct runner_options *options = job->shared->options;
    const char *path =
        folder_join(&job->arena, job->folder, "trace.ndjson", error);
    struct trace *trace = path ? trace_read_file(path, error) : NULL;
    if (!trace) {
        return NULL;
    }
    const struct judge_input input = {.profile = options->profile,
                                      .scenario = job->scenario,
                                      .trace = trace,
                                      .rules = options->rules,
                                      .false_alarm = options->false_alarm};
    struct scenario_report *report = judge_run(&input);
    if (!report) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        trace_free(trace);
        return NULL;
    }
    report->scenario = job->scenario;
    report->trace = trace;
    report->took_ns = clock_monotonic_ns() - job->started_ns;
    report->folder = arena_strdup(&report->arena, job->folder);
    return report;
}

static bool write_verdict(struct job *job, const struct scenario_report *report,
                          struct error *error)
{
    const char *path =
        folder_join(&job->arena, job->folder, "verdict.json", error);
    FILE *file = path ? fopen(path, "we") : NULL;
    bool is_written = false;
    if (file) {
        is_written = report_json_scenario(job->shared->report, report, file);
        is_written &= fclose(file) == 0;
    }
    if (path && !is_written) {
        error_add_errno(error, errno, "can't write %s", path);
    }
    return is_written;
}

struct scenario_report *job_finish(struct job *job, struct error *error)
{
    struct client_summary summary = {0};
    assert(job->phase == JOB_OVER);
    close_run(job, &summary);
    if (!close_trace(job, &summary, error)) {
        return NULL;
    }
    struct scenario_report *report = judge_trace(job, error);
    if (!report) {
        return NULL;
    }
    if (!write_verdict(job, report, error)) {
        job_report_free(report);
        return NULL;
    }
    return report;
}

void job_report_free(struct scenario_report *report)
{
    if (!report) {
        return;
    }
    /* The report only borrows its trace, which judge_trace() made. */
    union {
        const struct trace *borrowed;
        struct trace *owned;
    } trace = {report->trace};
    trace_free(trace.owned);
    scenario_report_free(report);
}

void job_free(struct job *job)
{
    if (!job) {
        return;
    }
    lanes_kill(job);
    output_close(&job->output);
    if (job->run) {
        mock_run_stop(job->run);
    }
    cpu_wait_free(job->waits);
    trace_writer_free(job->writer);
    if (job->trace_fd >= 0) {
        close(job->trace_fd);
    }
    arena_deinit(&job->arena);
    free(job);
}
