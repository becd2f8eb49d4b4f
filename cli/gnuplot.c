#include "cli/gnuplot.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

/* True if it ended well, in time. */
static bool wait_for(pid_t pid)
{
    int status, fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    if (fd < 0 || poll(&poller, 1, PATIENCE_MS) < 1) {
        kill(pid, SIGKILL);
    }
    if (fd >= 0) {
        close(fd);
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int spawn(const char *folder, const char *script, pid_t *pid)
{
    static char name[] = "gnuplot", defaults[] = "-d";
    char *file = strdup(script);
    if (!file) {
        return ENOMEM;
    }
    char *const argv[] = {name, defaults, file, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
    int code = posix_spawnp(pid, "gnuplot", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    free(file);
    return code;
}

enum gnuplot_result gnuplot_run(const char *folder, const char *script)
{
    pid_t pid;
    int code = spawn(folder, script, &pid);
    if (code != 0) {
        return code == ENOENT ? GNUPLOT_IS_MISSING : GNUPLOT_FAILED;
    }
    return wait_for(pid) ? GNUPLOT_DREW : GNUPLOT_FAILED;
}
