#include "runner/runner.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/units.h"
#include "runner/adapter.h"
#include "runner/clock.h"
#include "runner/folder.h"
#include "runner/job.h"
#include "runner/leftovers.h"
#include "runner/run_scenarios.h"
#include "runner/schedule.h"

/* A signal between the look at the stop flag and poll() must not wait long. */
#define POLL_MAX_NS (200 * NS_PER_MS)

struct slot {
    struct job *job; /* NULL: free */
    size_t index;    /* of its scenario */
};

struct loop {
    const struct runner_options *options;
    struct job_shared shared;
    struct run_report *report;
    struct error *error;
    struct scenario_report **reports; /* by scenario; NULL: not judged */
    size_t *order;
    size_t next; /* in `order` */
    struct slot *slots;
    size_t slot_count, active, done;
    struct pollfd *fds;
    bool is_stopping, has_failed;
};

/* -- jobs -------------------------------------------------------------------
 */

static bool may_start(const struct loop *loop)
{
    if (loop->is_stopping || loop->next == loop->options->scenario_count ||
        loop->active == loop->slot_count) {
        return false;
    }
    size_t index = loop->order[loop->next];
    if (loop->options->scenarios[index]->is_exclusive) {
        return loop->active == 0;
    }
    return true;
}

static bool is_exclusive_running(const struct loop *loop)
{
    for (size_t i = 0; i < loop->slot_count; i++) {
        const struct job *job = loop->slots[i].job;
        if (job && job->scenario->is_exclusive) {
            return true;
        }
    }
    return false;
}

static struct slot *free_slot(struct loop *loop)
{
    struct slot *slot = loop->slots;
    while (slot->job) {
        slot++;
    }
    return slot;
}

static void fail(struct loop *loop)
{
    loop->has_failed = true;
    loop->is_stopping = true;
}

static void start_next(struct loop *loop)
{
    struct slot *slot = free_slot(loop);
    slot->index = loop->order[loop->next++];
    const struct scenario *scenario = loop->options->scenarios[slot->index];
    if (loop->options->on_start) {
        loop->options->on_start(loop->options->context, scenario);
    }
    slot->job = job_start(&loop->shared, scenario, loop->error);
    if (!slot->job) {
        fail(loop);
        return;
    }
    loop->active++;
}

static void keep_report(struct loop *loop, size_t index,
                        struct scenario_report *report)
{
    loop->reports[index] = report;
    loop->done++;
    if (report->trace->lag_p99_ns > loop->report->lag_p99_ns) {
        loop->report->lag_p99_ns = report->trace->lag_p99_ns;
    }
    if (loop->options->on_done) {
        loop->options->on_done(loop->options->context, report, loop->done,
                               loop->options->scenario_count);
    }
}

/* Half a story is no ground for a verdict: an interrupted scenario keeps its
 * files but is in no report. */
static void finish(struct loop *loop, struct slot *slot)
{
    bool is_interrupted = slot->job->is_interrupted;
    struct scenario_report *report = job_finish(slot->job, loop->error);
    job_free(slot->job);
    slot->job = NULL;
    loop->active--;
    if (!report) {
        fail(loop);
    } else if (is_interrupted) {
        job_report_free(report);
    } else {
        keep_report(loop, slot->index, report);
    }
    if (loop->active == 0) {
        leftovers_collect();
    }
}

static void step_jobs(struct loop *loop)
{
    int64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < loop->slot_count; i++) {
        struct slot *slot = &loop->slots[i];
        if (!slot->job) {
            continue;
        }
        if (loop->is_stopping) {
            job_interrupt(slot->job, now_ns);
        }
        job_step(slot->job, now_ns);
        if (slot->job->phase == JOB_OVER) {
            finish(loop, slot);
        }
    }
}

/* -- the loop ---------------------------------------------------------------
 */

static int64_t wait_ns(const struct loop *loop, int64_t server_ns)
{
    int64_t now_ns = clock_monotonic_ns();
    int64_t wait = server_ns < POLL_MAX_NS ? server_ns : POLL_MAX_NS;
    for (size_t i = 0; i < loop->slot_count; i++) {
        const struct job *job = loop->slots[i].job;
        if (job && job_wake_ns(job, now_ns) - now_ns < wait) {
            wait = job_wake_ns(job, now_ns) - now_ns;
        }
    }
    return wait > 0 ? wait : 0;
}

static void wait_for_events(struct loop *loop, int64_t server_ns)
{
    size_t count = 0;
    loop->fds[count++] = (struct pollfd){
        .fd = mock_server_fd(loop->shared.server), .events = POLLIN};
    for (size_t i = 0; i < loop->slot_count; i++) {
        if (loop->slots[i].job) {
            count += job_fds(loop->slots[i].job, loop->fds + count);
        }
    }
    int64_t wait = wait_ns(loop, server_ns);
    struct timespec timeout = {.tv_sec = wait / NS_PER_S,
                               .tv_nsec = wait % NS_PER_S};
    ppoll(loop->fds, count, &timeout, NULL);
}

static bool is_stopped(const struct loop *loop)
{
    return loop->options->stop && *loop->options->stop != 0;
}

static void run_loop(struct loop *loop)
{
    for (;;) {
        loop->is_stopping |= is_stopped(loop);
        while (may_start(loop) && !is_exclusive_running(loop)) {
            start_next(loop);
        }
        if (loop->active == 0) {
            return;
        }
        wait_for_events(loop, mock_server_step(loop->shared.server));
        mock_server_step(loop->shared.server);
        step_jobs(loop);
    }
}

/* -- a run ------------------------------------------------------------------
 */

/* An absolute path: the client may work in another folder. */
static bool open_folder(struct loop *loop)
{
    const char *out = loop->options->out;
    if (!folder_make(out, loop->error)) {
        return false;
    }
    loop->shared.folder = realpath(out, NULL);
    if (!loop->shared.folder) {
        error_add_errno(loop->error, errno, "can't find the folder %s", out);
    }
    return loop->shared.folder != NULL;
}

static bool allocate(struct loop *loop)
{
    size_t count = loop->options->scenario_count;
    int jobs = loop->options->jobs;
    loop->slot_count = jobs > 0 ? (size_t)jobs : 1;
    if (loop->slot_count > count) {
        loop->slot_count = count;
    }
    loop->reports = calloc(count + 1, sizeof *loop->reports);
    loop->order = calloc(count + 1, sizeof *loop->order);
    loop->slots = calloc(loop->slot_count + 1, sizeof *loop->slots);
    loop->fds = calloc(loop->slot_count * JOB_FDS_MAX + 1, sizeof *loop->fds);
    if (loop->reports && loop->order && loop->slots && loop->fds) {
        return true;
    }
    error_add(loop->error, PROBLEM_MEMORY, "out of memory");
    return false;
}

static bool open_loop(struct loop *loop)
{
    if (!allocate(loop) || !open_folder(loop)) {
        return false;
    }
    getrlimit(RLIMIT_NOFILE, &loop->shared.files);
    loop->shared.server = mock_server_create(loop->error);
    if (!loop->shared.server) {
        return false;
    }
    child_adopt_orphans();
    schedule_order(loop->options, loop->order);
    return true;
}

/* The judged ones move to the front, in their order. */
static void hand_over(struct loop *loop)
{
    struct run_report *report = loop->report;
    if (!loop->reports) {
        return;
    }
    for (size_t i = 0; i < loop->options->scenario_count; i++) {
        if (loop->reports[i]) {
            loop->reports[report->count++] = loop->reports[i];
        }
    }
    report->scenarios = loop->reports;
}

static void close_loop(struct loop *loop)
{
    union {
        const char *constant;
        char *owned;
    } folder = {loop->shared.folder};
    mock_server_free(loop->shared.server);
    free(folder.owned);
    free(loop->order);
    free(loop->slots);
    free(loop->fds);
}

static void fill_report(const struct runner_options *options,
                        struct run_report *report)
{
    report->profile = options->profile->id;
    report->profile_source = options->profile->source;
    report->version = RETRYSPEC_VERSION;
    report->seed = options->seed;
    report->jobs = options->jobs;
    report->argv = options->argv;
}

bool runner_run_scenarios(const struct runner_options *options,
                          struct run_report *report, struct error *error)
{
    int64_t started_ns = clock_monotonic_ns();
    struct loop loop = {.options = options,
                        .report = report,
                        .error = error,
                        .shared = {.options = options,
                                   .report = report,
                                   .level = !level0_is(options->argv)}};
    fill_report(options, report);
    bool is_open = open_loop(&loop);
    if (is_open) {
        run_loop(&loop);
    }
    hand_over(&loop);
    report->interrupted = is_stopped(&loop);
    report->took_ns = clock_monotonic_ns() - started_ns;
    close_loop(&loop);
    return is_open && !loop.has_failed;
}

static bool check_scenarios(const struct runner_options *options,
                            struct error *error)
{
    bool is_fine = true;
    for (size_t i = 0; i < options->scenario_count; i++) {
        const struct scenario *scenario = options->scenarios[i];
        for (size_t j = 0; j < i; j++) {
            if (strcmp(scenario->id, options->scenarios[j]->id) == 0) {
                error_add(error, PROBLEM_INPUT,
                          "two scenarios have the id %s: %s and %s",
                          scenario->id, options->scenarios[j]->file,
                          scenario->file);
                is_fine = false;
            }
        }
        if (!level0_is(options->argv)) {
            is_fine &= adapter_check_plan(scenario, error);
        }
    }
    return is_fine;
}

bool runner_run(const struct runner_options *options, struct run_report *report,
                struct error *error)
{
    fill_report(options, report);
    if (!check_scenarios(options, error)) {
        return false;
    }
    if (!options->is_smoke_skipped && !runner_smoke(options, error)) {
        report->interrupted = options->stop && *options->stop != 0;
        return false;
    }
    return runner_run_scenarios(options, report, error);
}

void runner_report_free(struct run_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        job_report_free(report->scenarios[i]);
    }
    free(report->scenarios);
    report->scenarios = NULL;
    report->count = 0;
}
