#include "runner/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Bytes read from one pipe in one step, so that a flood of output does not
 * make the mock server late. */
enum { READ_SIZE = 64 * 1024, READS_PER_STEP = 4 };

void child_adopt_orphans(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* -- in the new process --------------------------------------------------- */

struct launch {
    const struct child_options *options;
    int pipes[OUTPUT_STREAMS]; /* write ends */
    int report;                /* closed by a successful exec */
};

static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Ignored signals stay ignored across exec; a shell pipe needs this one. */
    signal(SIGPIPE, SIG_DFL);
}

static bool redirect(const struct launch *launch)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
           dup2(launch->pipes[OUTPUT_STDOUT], STDOUT_FILENO) >= 0 &&
           dup2(launch->pipes[OUTPUT_STDERR], STDERR_FILENO) >= 0;
}

static char **plain_argv(const char *const *argv)
{
    union {
        const char *const *from;
        char **to;
    } cast = {argv}; /* exec takes no const, and writes nothing */
    return cast.to;
}

static _Noreturn void become_client(const struct launch *launch, pid_t runner)
{
    const struct child_options *options = launch->options;
    setsid();
    reset_signals();
    /* A runner that is killed takes its client along. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != runner) {
        _exit(1);
    }
    if (options->files) {
        setrlimit(RLIMIT_NOFILE, options->files);
    }
    if (redirect(launch)) {
        execvpe(options->argv[0], plain_argv(options->argv),
                options->environment);
    }
    int failure = errno;
    ssize_t written = write(launch->report, &failure, sizeof failure);
    _exit(written == sizeof failure ? 1 : 2);
}

/* -- in the runner -------------------------------------------------------- */

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* The errno of a failed exec, 0 after a successful one. */
static int read_report(int report)
{
    int failure = 0;
    ssize_t size;
    do {
        size = read(report, &failure, sizeof failure);
    } while (size < 0 && errno == EINTR);
    return size == sizeof failure ? failure : 0;
}

static int open_pipes(struct child *child, struct launch *launch)
{
    for (int stream = 0; stream < OUTPUT_STREAMS; stream++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            return errno;
        }
        child->pipes[stream] = ends[0];
        launch->pipes[stream] = ends[1];
        if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
            return errno;
        }
    }
    return 0;
}

static int fork_and_exec(struct child *child, struct launch *launch)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        return errno;
    }
    launch->report = report[1];
    pid_t runner = getpid();
    child->pid = fork();
    if (child->pid == 0) {
        become_client(launch, runner);
    }
    int failure = child->pid < 0 ? errno : 0;
    close(report[1]);
    if (!failure) {
        failure = read_report(report[0]);
    }
    close(report[0]);
    if (!failure) {
        child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
        failure = child->pidfd < 0 ? errno : 0;
    }
    return failure;
}

int child_start(struct child *child, const struct child_options *options)
{
    struct launch launch = {.options = options, .pipes = {-1, -1}};
    *child = (struct child){
        .pid = -1, .pidfd = -1, .pipes = {-1, -1}, .output = options->output};
    int failure = open_pipes(child, &launch);
    if (!failure) {
        failure = fork_and_exec(child, &launch);
    }
    close_fd(&launch.pipes[OUTPUT_STDOUT]);
    close_fd(&launch.pipes[OUTPUT_STDERR]);
    if (failure) {
        if (child->pid > 0) {
            kill(child->pid, SIGKILL);
            waitpid(child->pid, NULL, 0);
        }
        close_fd(&child->pipes[OUTPUT_STDOUT]);
        close_fd(&child->pipes[OUTPUT_STDERR]);
    }
    return failure;
}

size_t child_fds(const struct child *child, struct pollfd *fds)
{
    size_t count = 0;
    if (!child->is_over) {
        fds[count++] = (struct pollfd){.fd = child->pidfd, .events = POLLIN};
    }
    for (int stream = 0; stream < OUTPUT_STREAMS; stream++) {
        if (child->pipes[stream] >= 0) {
            fds[count++] =
                (struct pollfd){.fd = child->pipes[stream], .events = POLLIN};
        }
    }
    return count;
}

static void read_pipe(struct child *child, enum output_stream stream)
{
    static char bytes[READ_SIZE];
    int *fd = &child->pipes[stream];
    for (int i = 0; i < READS_PER_STEP && *fd >= 0; i++) {
        ssize_t size = read(*fd, bytes, sizeof bytes);
        if (size > 0) {
            output_add(child->output, stream, bytes, (size_t)size);
            continue;
        }
        if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
            close_fd(fd);
        }
        return;
    }
}

/* WNOWAIT leaves the process uncollected. */
static void look_for_end(struct child *child, int flags)
{
    siginfo_t info = {0};
    flags |= WEXITED | WNOWAIT;
    if (waitid(P_PID, (id_t)child->pid, &info, flags) != 0 ||
        info.si_pid == 0) {
        return;
    }
    child->is_over = true;
    child->is_signaled = info.si_code != CLD_EXITED;
    child->code = info.si_status;
}

void child_step(struct child *child)
{
    read_pipe(child, OUTPUT_STDOUT);
    read_pipe(child, OUTPUT_STDERR);
    if (!child->is_over) {
        look_for_end(child, WNOHANG);
    }
}

void child_signal(const struct child *child, int number)
{
    assert(child->pid > 0);
    kill(-child->pid, number);
}

void child_kill(struct child *child)
{
    child_signal(child, SIGKILL);
    while (!child->is_over) {
        look_for_end(child, 0);
    }
}

void child_reap(struct child *child)
{
    assert(child->is_over);
    read_pipe(child, OUTPUT_STDOUT);
    read_pipe(child, OUTPUT_STDERR);
    close_fd(&child->pipes[OUTPUT_STDOUT]);
    close_fd(&child->pipes[OUTPUT_STDERR]);
    close_fd(&child->pidfd);
    waitpid(child->pid, NULL, 0);
    child->pid = -1;
}
