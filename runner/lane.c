#include "runner/lane.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "model/plan.h"
#include "model/units.h"
#include "runner/clock.h"
#include "runner/leftovers.h"

#define LOOK_INTERVAL_NS (50 * NS_PER_MS) /* at waits for a CPU */
#define STARVED_MIN_NS   (1 * NS_PER_MS)  /* less is not worth a line */

static void set_start_problem(struct job *job, const char *program, int failure)
{
    job->start_errno = failure;
    const char *hint = "";
    if (failure == ENOENT) {
        hint = "; is it installed, and in PATH or named with its folder?";
    } else if (failure == EACCES) {
        hint = "; is it a program, and executable (chmod +x)?";
    }
    snprintf(job->start_problem, sizeof job->start_problem, "\"%.80s\": %s%s",
             program, strerror(failure), hint);
}

static const char *const *lane_argv(struct job *job, const struct lane *lane)
{
    const char *const *argv = job->shared->options->argv;
    assert(argv);
    if (job->shared->level > 0) {
        return argv;
    }
    const struct level0_call call = {.base_url = mock_run_url(job->run),
                                     .workload = &job->scenario->workload,
                                     .client = lane->client,
                                     .call = lane->next_call};
    return level0_argv(argv, &call, &job->arena);
}

/* An adapter cancels its calls by itself. */
static void set_give_up(const struct job *job, struct lane *lane)
{
    int64_t give_up_ns = job->scenario->workload.give_up_ns;
    lane->has_given_up = false;
    lane->kill_ns = NS_FOREVER;
    lane->give_up_ns = job->shared->level == 0 && give_up_ns > 0
                           ? units_add(clock_monotonic_ns(), give_up_ns)
                           : NS_FOREVER;
}

static bool lane_start_next(struct job *job, struct lane *lane)
{
    const char *const *argv = lane_argv(job, lane);
    const struct child_options options = {.argv = argv,
                                          .environment = job->environment,
                                          .files = &job->shared->files,
                                          .output = &job->output};
    int failure = argv ? child_start(&lane->child, &options) : ENOMEM;
    if (failure) {
        set_start_problem(job, job->shared->options->argv[0], failure);
        return false;
    }
    lane->is_running = true;
    lane->call = lane->next_call;
    lane->next_call += lane->stride;
    set_give_up(job, lane);
    if (!job->is_spawned) {
        job->is_spawned = true;
        trace_write_spawn(job->writer, clock_monotonic_ns() - job->origin_ns,
                          lane->child.pid, argv);
    }
    return true;
}

static void lanes_lay_out(struct job *job)
{
    const struct workload *workload = &job->scenario->workload;
    if (job->shared->level > 0) {
        job->lane_count = 1;
        job->lanes[0] = (struct lane){.stride = workload->calls};
        return;
    }
    int64_t width = workload->concurrency;
    job->lane_count = (size_t)(workload->clients * width);
    for (size_t i = 0; i < job->lane_count; i++) {
        job->lanes[i] = (struct lane){.client = (int64_t)i / width,
                                      .next_call = (int64_t)i % width,
                                      .stride = width};
    }
}

static bool has_next(const struct job *job, const struct lane *lane)
{
    return job->phase == JOB_RUNNING && !job->start_problem[0] &&
           lane->next_call < job->scenario->workload.calls;
}

void lanes_start(struct job *job)
{
    lanes_lay_out(job);
    for (size_t i = 0; i < job->lane_count; i++) {
        if (has_next(job, &job->lanes[i])) {
            lane_start_next(job, &job->lanes[i]);
        }
    }
}

/* A signal is worse than an exit code, a larger code worse than a smaller. */
static void note_end(struct job *job, const struct child *child)
{
    if (child->is_signaled == job->is_signaled ? child->code > job->code
                                               : child->is_signaled) {
        job->is_signaled = child->is_signaled;
        job->code = child->code;
    }
}

/* The runner is the caller of a program at level 0. */
static void lane_give_up(struct job *job, struct lane *lane, int64_t now_ns)
{
    char token[PLAN_TOKEN_MAX];
    if (now_ns >= lane->kill_ns) {
        child_signal(&lane->child, SIGKILL);
        lane->kill_ns = NS_FOREVER;
    }
    if (now_ns < lane->give_up_ns || job->phase != JOB_RUNNING) {
        return;
    }
    trace_write_give_up(
        job->writer, &(struct trace_give_up){
                         .t_ns = now_ns - job->origin_ns,
                         .call = plan_token(lane->client, lane->call, token)});
    child_signal(&lane->child, SIGTERM);
    lane->give_up_ns = NS_FOREVER;
    lane->kill_ns = now_ns + LANE_KILL_AFTER_NS;
    lane->has_given_up = job->has_given_up = true;
}

static size_t list_processes(const struct job *job,
                             pid_t processes[LEVEL0_LANES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < job->lane_count; i++) {
        if (job->lanes[i].is_running) {
            processes[count++] = job->lanes[i].child.pid;
        }
    }
    return count;
}

/* What the processes waited for a CPU is none of their own doing. */
static void look_at_waits(struct job *job, int64_t now_ns)
{
    pid_t processes[LEVEL0_LANES_MAX];
    size_t count = list_processes(job, processes);
    struct trace_starved starved = {
        .from_ns = job->looked_ns - job->origin_ns,
        .to_ns = now_ns - job->origin_ns,
    };
    starved.wait_ns =
        cpu_wait_look(job->waits, processes, count, now_ns - job->looked_ns);
    job->looked_ns = now_ns;
    if (starved.wait_ns >= STARVED_MIN_NS) {
        trace_write_starved(job->writer, &starved);
    }
}

/* The last process of a lane stays uncollected: see leftovers.h. */
static bool lane_step(struct job *job, struct lane *lane, int64_t now_ns)
{
    bool was_over = !lane->is_running || lane->child.is_over;
    if (lane->is_running) {
        child_step(&lane->child);
    }
    if (lane->is_running && !lane->child.is_over) {
        lane_give_up(job, lane, now_ns);
        return false;
    }
    if (!was_over && !lane->has_given_up) {
        note_end(job, &lane->child);
    }
    if (!has_next(job, lane)) {
        return true;
    }
    look_at_waits(job, now_ns); /* the waits go with the process */
    child_reap(&lane->child);
    lane->is_running = false;
    return !lane_start_next(job, lane);
}

bool lanes_step(struct job *job, int64_t now_ns)
{
    bool are_done = true;
    for (size_t i = 0; i < job->lane_count; i++) {
        are_done &= lane_step(job, &job->lanes[i], now_ns);
    }
    bool is_due = are_done || now_ns >= job->looked_ns + LOOK_INTERVAL_NS;
    if (is_due && job->phase != JOB_SETTLING) {
        look_at_waits(job, now_ns);
    }
    return are_done;
}

int64_t lanes_wake_ns(const struct job *job)
{
    int64_t wake_ns = NS_FOREVER;
    for (size_t i = 0; i < job->lane_count; i++) {
        const struct lane *lane = &job->lanes[i];
        if (!lane->is_running || lane->child.is_over) {
            continue;
        }
        wake_ns = lane->give_up_ns < wake_ns ? lane->give_up_ns : wake_ns;
        wake_ns = lane->kill_ns < wake_ns ? lane->kill_ns : wake_ns;
    }
    int64_t look_ns = job->looked_ns + LOOK_INTERVAL_NS;
    return look_ns < wake_ns ? look_ns : wake_ns;
}

void lanes_signal(struct job *job, int number)
{
    for (size_t i = 0; i < job->lane_count; i++) {
        if (job->lanes[i].is_running) {
            child_signal(&job->lanes[i].child, number);
        }
    }
}

int64_t lanes_end(struct job *job)
{
    pid_t leaders[LEVEL0_LANES_MAX];
    struct leftovers_search search = {.leaders = leaders, .mark = job->mark};
    search.leader_count = list_processes(job, leaders);
    int64_t left = leftovers_kill(&search);
    for (size_t i = 0; i < job->lane_count; i++) {
        if (job->lanes[i].is_running) {
            child_reap(&job->lanes[i].child);
            job->lanes[i].is_running = false;
        }
    }
    return left;
}

void lanes_kill(struct job *job)
{
    for (size_t i = 0; i < job->lane_count; i++) {
        if (job->lanes[i].is_running) {
            child_kill(&job->lanes[i].child);
        }
    }
    if (job->mark) {
        lanes_end(job);
    }
}
