/* One run of one scenario: its folder, trace, mock server and client. */
#ifndef RETRYSPEC_RUNNER_JOB_H
#define RETRYSPEC_RUNNER_JOB_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "mock_server/server.h"
#include "model/trace.h"
#include "runner/child.h"
#include "runner/cpu_wait.h"
#include "runner/level0.h"
#include "runner/output.h"
#include "runner/runner.h"

/* What all jobs of a run share. */
struct job_shared {
    const struct runner_options *options;
    struct mock_server *server;
    const struct run_report *report; /* for verdict.json */
    struct rlimit files;             /* of children; the server raises ours */
    int level;
    const char *folder; /* options->out, absolute */
};

/* A sequence of processes, one after the other. An adapter is one lane with
 * one process. */
struct lane {
    struct child child;
    bool is_running; /* `child` was started and not collected */
    int64_t client, call, next_call, stride;
    /* When the child is told to end, as its caller gives up, and when it is
     * killed; monotonic, NS_FOREVER: never. */
    int64_t give_up_ns, kill_ns;
    bool has_given_up;
};

enum job_phase {
    JOB_RUNNING,
    JOB_STOPPING, /* TERM was sent to all, or KILL */
    JOB_SETTLING, /* the client has ended; late packets may come */
    JOB_OVER,
};

struct job {
    const struct job_shared *shared;
    const struct scenario *scenario;
    struct arena arena;
    const char *folder;  /* as the user named it */
    const char *results; /* absolute path */
    const char *mark;    /* variable by which leftovers are known */
    int trace_fd;
    struct trace_writer *writer;
    struct mock_run *run; /* NULL: not served */
    struct output output;
    struct cpu_wait *waits;
    int64_t looked_ns; /* at what the client waits for a CPU; monotonic */
    char **environment;
    struct lane lanes[LEVEL0_LANES_MAX];
    size_t lane_count;
    const char *refusal;     /* why it is not run; NULL */
    char start_problem[256]; /* why its client did not start; "" */
    enum job_phase phase;
    int64_t origin_ns; /* zero of its trace on the monotonic clock */
    int64_t started_ns, deadline_ns, kill_ns, ended_ns; /* monotonic */
    int64_t given_ns; /* from its first request on */
    bool has_begun;   /* there was one */
    bool is_spawned, is_stopped, is_interrupted, has_given_up;
    int start_errno;
    bool is_signaled; /* the worst end of its processes */
    int code;
};

enum { JOB_FDS_MAX = LEVEL0_LANES_MAX * CHILD_FDS_MAX };

/* Serves the scenario and starts the client; a client that does not start is a
 * finding, not an error. NULL and a problem if the system says no. */
struct job *job_start(const struct job_shared *shared,
                      const struct scenario *scenario, struct error *error);

/* Descriptors to wait for. Returns their number, at most JOB_FDS_MAX. */
size_t job_fds(const struct job *job, struct pollfd *fds);

/* Does what is due. Never blocks. */
void job_step(struct job *job, int64_t now_ns);

/* When job_step is due at the latest. */
int64_t job_wake_ns(const struct job *job, int64_t now_ns);

/* Ends the client early; the job is over soon. */
void job_interrupt(struct job *job, int64_t now_ns);

/* Closes the server's run and the trace, reads the trace back, judges it and
 * writes verdict.json. The job must be over. NULL and a problem if the system
 * says no. Free the report with job_report_free. */
struct scenario_report *job_finish(struct job *job, struct error *error);

/* With its trace. */
void job_report_free(struct scenario_report *report);

/* Kills the client if it still runs. */
void job_free(struct job *job);

#endif
