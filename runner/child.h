/* One process of the client under test, in a session of its own, with
 * /dev/null as stdin and its stdout and stderr captured.
 *
 * It is collected late: until child_reap() its process id, group and session
 * can't be taken by anybody else, so that a signal never hits a stranger. */
#ifndef RETRYSPEC_RUNNER_CHILD_H
#define RETRYSPEC_RUNNER_CHILD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "runner/output.h"

struct child_options {
    const char *const *argv;    /* NULL-ended; argv[0] is looked up in PATH */
    char *const *environment;   /* NULL-ended */
    const struct rlimit *files; /* limit of open files; NULL: ours */
    struct output *output;      /* borrowed until child_reap */
};

struct child {
    pid_t pid;
    int pidfd;
    int pipes[OUTPUT_STREAMS]; /* -1 once they ended */
    struct output *output;
    bool is_over;     /* the process has ended; child_step saw it */
    bool is_signaled; /* `code` is a signal, else an exit code */
    int code;
};

enum { CHILD_FDS_MAX = 1 + OUTPUT_STREAMS };

/* Children that lose their parent become ours, so that none escapes. Once per
 * program. */
void child_adopt_orphans(void);

/* 0, or the errno of what failed, exec included. */
int child_start(struct child *child, const struct child_options *options);

/* Descriptors to wait for. Returns their number, at most CHILD_FDS_MAX. */
size_t child_fds(const struct child *child, struct pollfd *fds);

/* Reads what was printed, looks whether the process ended. Never blocks. */
void child_step(struct child *child);

/* Signals the process group. */
void child_signal(const struct child *child, int number);

/* Kills the process group and waits until the process is over. */
void child_kill(struct child *child);

/* Takes what is left in the pipes, closes all and collects the process. It must
 * be over. */
void child_reap(struct child *child);

#endif
