#include "runner/job.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/units.h"
#include "runner/adapter.h"
#include "runner/clock.h"
#include "runner/folder.h"
#include "runner/lane.h"
#include "runner/time_limit.h"

#define KILL_AFTER_NS      (5 * NS_PER_S)
#define KILL_INTERRUPT_NS  (2 * NS_PER_S)
#define SETTLE_NS          (100 * NS_PER_MS) /* silence after the last packet */
#define SETTLE_MAX_NS      (1 * NS_PER_S)
#define SETTLE_INTERVAL_NS (20 * NS_PER_MS)

/* -- start ------------------------------------------------------------------
 */

static bool make_folders(struct job *job, struct error *error)
{
    const struct job_shared *shared = job->shared;
    const char *id = job->scenario->id;
    job->folder = folder_join(&job->arena, shared->options->out, id, error);
    const char *folder = folder_join(&job->arena, shared->folder, id, error);
    if (!job->folder || !folder || !folder_make(folder, error)) {
        return false;
    }
    job->results = folder_join(&job->arena, folder, "results.ndjson", error);
    if (!job->results) {
        return false;
    }
    unlink(job->results);
    return output_open(&job->output, folder, error);
}

static bool set_mark(struct job *job, struct error *error)
{
    static const char name[] = "RETRYSPEC_RESULTS=";
    size_t size = sizeof name + strlen(job->results);
    char *mark = arena_alloc(&job->arena, size);
    if (!mark) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    snprintf(mark, size, "%s%s", name, job->results);
    job->mark = mark;
    return true;
}

static bool open_trace(struct job *job, struct error *error)
{
    const char *path =
        folder_join(&job->arena, job->folder, "trace.ndjson", error);
    if (!path) {
        return false;
    }
    job->trace_fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    if (job->trace_fd < 0) {
        error_add_errno(error, errno, "can't write %s", path);
        return false;
    }
    job->waits = cpu_wait_create();
    if (!job->waits) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    job->writer = trace_writer_create(job->trace_fd, error);
    return job->writer != NULL;
}

static bool serve(struct job *job, struct error *error)
{
    const struct runner_options *options = job->shared->options;
    struct mock_run_options serve_options = {.scenario = job->scenario,
                                             .seed = options->seed,
                                             .level = job->shared->level,
                                             .bind = "127.0.0.1",
                                             .trace = job->writer};
    job->run = mock_run_start(job->shared->server, &serve_options, error);
    if (!job->run) {
        return false;
    }
    job->origin_ns = mock_run_origin_ns(job->run);
    return true;
}

static void write_run_line(struct job *job)
{
    const struct runner_options *options = job->shared->options;
    int64_t age_ns = clock_monotonic_ns() - job->origin_ns;
    const struct trace_run run = {
        .scenario = job->scenario->id,
        .profile = options->profile->id,
        .seed = options->seed,
        .level = job->shared->level,
        .wall_ns = clock_wall_ns() - age_ns,
        .url = job->run ? mock_run_url(job->run) : NULL,
    };
    trace_write_run(job->writer, &run);
}

static bool spawn(struct job *job, struct error *error)
{
    const struct runner_options *options = job->shared->options;
    const struct adapter_run run = {.scenario = job->scenario,
                                    .profile = options->profile,
                                    .seed = options->seed,
                                    .url = mock_run_url(job->run),
                                    .results = job->results};
    job->environment = adapter_environment(&run, &job->arena, error);
    if (!job->environment) {
        return false;
    }
    job->looked_ns = clock_monotonic_ns();
    lanes_start(job);
    return true;
}

static bool start(struct job *job, struct error *error)
{
    if (!make_folders(job, error) || !set_mark(job, error) ||
        !open_trace(job, error)) {
        return false;
    }
    if (job->refusal) {
        write_run_line(job);
        job->phase = JOB_OVER;
        return true;
    }
    if (!serve(job, error)) {
        return false;
    }
    write_run_line(job);
    bool is_spawned = spawn(job, error);
    trace_writer_flush(job->writer);
    return is_spawned;
}

struct job *job_start(const struct job_shared *shared,
                      const struct scenario *scenario, struct error *error)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return NULL;
    }
    job->shared = shared;
    job->scenario = scenario;
    job->trace_fd = -1;
    job->output = (struct output){.files = {-1, -1}};
    job->kill_ns = NS_FOREVER;
    job->started_ns = job->origin_ns = clock_monotonic_ns();
    job->given_ns = time_limit_ns(scenario, shared->options->profile,
                                  shared->options->extra_timeout_ns);
    job->deadline_ns =
        units_add(job->started_ns + TIME_LIMIT_START_NS, job->given_ns);
    if (shared->level == 0) {
        job->refusal = level0_refusal(&scenario->workload);
    }
    if (!start(job, error)) {
        job_free(job);
        return NULL;
    }
    return job;
}

/* -- steps ------------------------------------------------------------------
 */

size_t job_fds(const struct job *job, struct pollfd *fds)
{
    size_t count = 0;
    for (size_t i = 0; i < job->lane_count; i++) {
        if (job->lanes[i].is_running) {
            count += child_fds(&job->lanes[i].child, fds + count);
        }
    }
    assert(count <= JOB_FDS_MAX);
    return count;
}

static void stop_client(struct job *job, int64_t kill_ns)
{
    lanes_signal(job, SIGTERM);
    job->is_stopped = true;
    job->phase = JOB_STOPPING;
    job->kill_ns = kill_ns;
}

/* Quiet: nothing in flight and no packet for a moment. A process left behind
 * may never be quiet. */
static bool is_settled(const struct job *job, int64_t now_ns)
{
    struct mock_run_stats stats;
    mock_run_stats(job->run, &stats);
    int64_t last_ns = job->origin_ns + stats.last_activity_ns;
    if (last_ns < job->ended_ns) {
        last_ns = job->ended_ns;
    }
    bool is_quiet = stats.in_flight == 0 && now_ns - last_ns >= SETTLE_NS;
    return is_quiet || now_ns - job->ended_ns >= SETTLE_MAX_NS;
}

/* The time that a client needs to start, or to be built, is its own. */
static void look_for_first_request(struct job *job, int64_t now_ns)
{
    struct mock_run_stats stats;
    if (job->has_begun) {
        return;
    }
    mock_run_stats(job->run, &stats);
    if (stats.requests > 0) {
        job->has_begun = true;
        job->deadline_ns = units_add(now_ns, job->given_ns);
    }
}

static void step_client(struct job *job, int64_t now_ns)
{
    look_for_first_request(job, now_ns);
    if (lanes_step(job, now_ns)) {
        job->ended_ns = now_ns;
        job->phase = JOB_SETTLING;
        return;
    }
    if (job->phase == JOB_RUNNING && now_ns >= job->deadline_ns) {
        stop_client(job, now_ns + KILL_AFTER_NS);
    } else if (now_ns >= job->kill_ns) {
        lanes_signal(job, SIGKILL);
        job->kill_ns = NS_FOREVER;
    }
}

void job_step(struct job *job, int64_t now_ns)
{
    switch (job->phase) {
    case JOB_RUNNING:
    case JOB_STOPPING:
        step_client(job, now_ns);
        return;
    case JOB_SETTLING:
        lanes_step(job, now_ns);
        if (is_settled(job, now_ns)) {
            job->phase = JOB_OVER;
        }
        return;
    case JOB_OVER:
        return;
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t job_wake_ns(const struct job *job, int64_t now_ns)
{
    switch (job->phase) {
    case JOB_RUNNING:
        return earlier(job->deadline_ns, lanes_wake_ns(job));
    case JOB_STOPPING:
        return job->kill_ns;
    case JOB_SETTLING:
        return now_ns + SETTLE_INTERVAL_NS;
    case JOB_OVER:
        return now_ns;
    }
    return now_ns;
}

void job_interrupt(struct job *job, int64_t now_ns)
{
    if (job->phase == JOB_RUNNING) {
        job->is_interrupted = true;
        stop_client(job, now_ns + KILL_INTERRUPT_NS);
    }
}
