#include "runner/lane.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "runner/clock.h"
#include "runner/leftovers.h"

static void set_start_problem(struct job *job, const char *program, int failure)
{
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
    lane->next_call += lane->stride;
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

/* The last process of a lane stays uncollected: see leftovers.h. */
static bool lane_step(struct job *job, struct lane *lane)
{
    bool was_over = !lane->is_running || lane->child.is_over;
    if (lane->is_running) {
        child_step(&lane->child);
    }
    if (lane->is_running && !lane->child.is_over) {
        return false;
    }
    if (!was_over) {
        note_end(job, &lane->child);
    }
    if (!has_next(job, lane)) {
        return true;
    }
    child_reap(&lane->child);
    lane->is_running = false;
    return !lane_start_next(job, lane);
}

bool lanes_step(struct job *job)
{
    bool are_done = true;
    for (size_t i = 0; i < job->lane_count; i++) {
        are_done &= lane_step(job, &job->lanes[i]);
    }
    return are_done;
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
    for (size_t i = 0; i < job->lane_count; i++) {
        if (job->lanes[i].is_running) {
            leaders[search.leader_count++] = job->lanes[i].child.pid;
        }
    }
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
