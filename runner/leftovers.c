#include "runner/leftovers.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that forks while it is looked for is caught by the next round. */
enum { ROUNDS_MAX = 8, KILLS_MAX = 1024, ENVIRONMENT_MAX = 256 * 1024 };

struct process {
    pid_t pid;
    char state;
    int parent, session;
    unsigned long long started; /* clock ticks since boot */
};

/* A file of /proc/PID; its size, 0 if it can't be read. */
static size_t read_proc(pid_t pid, const char *name, char *bytes, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    size_t used = 0;
    ssize_t got;
    while (used < size && (got = read(fd, bytes + used, size - used)) > 0) {
        used += (size_t)got;
    }
    close(fd);
    return used;
}

/* proc(5): the name in parentheses may itself hold blanks and parentheses. */
static bool process_read(pid_t pid, struct process *process)
{
    char text[1024];
    size_t size = read_proc(pid, "stat", text, sizeof text - 1);
    text[size] = '\0';
    const char *rest = strrchr(text, ')');
    *process = (struct process){.pid = pid};
    return rest && sscanf(rest + 1,
                          " %c %d %*d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                          "%*s %*s %*s %*s %*s %*s %llu",
                          &process->state, &process->parent, &process->session,
                          &process->started) == 4;
}

static bool has_mark(pid_t pid, const char *mark)
{
    static char bytes[ENVIRONMENT_MAX];
    size_t size = read_proc(pid, "environ", bytes, sizeof bytes);
    size_t length = strlen(mark) + 1; /* with its NUL */
    const char *at = bytes;
    while (at < bytes + size) {
        size_t left = (size_t)(bytes + size - at);
        if (left >= length && memcmp(at, mark, length) == 0) {
            return true;
        }
        at += strnlen(at, left) + 1;
    }
    return false;
}

static bool is_leader(const struct leftovers_search *search, pid_t pid)
{
    for (size_t i = 0; i < search->leader_count; i++) {
        if (search->leaders[i] == pid) {
            return true;
        }
    }
    return false;
}

struct sweep {
    const struct leftovers_search *search;
    struct process runner;
    pid_t killed[KILLS_MAX]; /* a killed process lives on for a moment */
    size_t killed_count;
};

/* What is older than the runner can't come from its children; the test spares
 * a look at the environment of everything on the machine. */
static bool is_leftover(const struct sweep *sweep,
                        const struct process *process)
{
    if (process->pid == sweep->runner.pid ||
        process->started < sweep->runner.started ||
        is_leader(sweep->search, process->pid)) {
        return false;
    }
    return is_leader(sweep->search, process->session) ||
           has_mark(process->pid, sweep->search->mark);
}

/* Kills through a descriptor, and only if the process is still the same one:
 * its id may have gone to another since it was read. */
static bool kill_same(const struct process *process)
{
    int pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (pidfd < 0) {
        return false;
    }
    struct process now;
    bool is_killed =
        process_read(process->pid, &now) && now.started == process->started &&
        syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0;
    close(pidfd);
    return is_killed;
}

static bool is_dead(const struct process *process)
{
    return process->state == 'Z' || process->state == 'X';
}

static void sweep_kill(struct sweep *sweep, const struct process *process)
{
    for (size_t i = 0; i < sweep->killed_count; i++) {
        if (sweep->killed[i] == process->pid) {
            return;
        }
    }
    if (sweep->killed_count < KILLS_MAX && kill_same(process)) {
        sweep->killed[sweep->killed_count++] = process->pid;
    }
}

static void sweep_visit(struct sweep *sweep, pid_t pid)
{
    struct process process;
    if (!process_read(pid, &process) || !is_leftover(sweep, &process)) {
        return;
    }
    if (!is_dead(&process)) {
        sweep_kill(sweep, &process);
    } else if (process.parent == sweep->runner.pid) {
        waitpid(pid, NULL, WNOHANG);
    }
}

static void sweep_round(struct sweep *sweep)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    while (proc && (entry = readdir(proc))) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            sweep_visit(sweep, (pid_t)atoi(entry->d_name));
        }
    }
    if (proc) {
        closedir(proc);
    }
}

int64_t leftovers_kill(const struct leftovers_search *search)
{
    struct sweep sweep = {.search = search};
    if (!process_read(getpid(), &sweep.runner)) {
        return 0;
    }
    size_t before;
    int rounds = 0;
    do {
        before = sweep.killed_count;
        sweep_round(&sweep);
    } while (sweep.killed_count > before && ++rounds < ROUNDS_MAX);
    return (int64_t)sweep.killed_count;
}

void leftovers_collect(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}
