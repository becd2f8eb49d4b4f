#include "cli/run_html.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports/html.h"
#include "reports/plots.h"

enum {
    GNUPLOT_PATIENCE_MS = 60000,
    PICTURE_BYTES_MAX = 16 << 20,
    PATH_SIZE = 512
};

static const char no_gnuplot[] =
    "There are no plots: gnuplot was not found. The Debian package "
    "gnuplot-nox brings it.";
static const char bad_gnuplot[] =
    "There are no plots: gnuplot was there, but did not draw them.";

struct studio {
    char folder[PATH_SIZE];
    char **svgs; /* PLOT_KINDS for each scenario */
    size_t count;
    const char *problem;
};

static char *path_in(const struct studio *studio, const char *name,
                     char path[2 * PATH_SIZE])
{
    snprintf(path, (size_t)2 * PATH_SIZE, "%s/%s", studio->folder, name);
    return path;
}

/* -- gnuplot ----------------------------------------------------------------
 */

static bool write_script(const struct studio *studio,
                         const struct run_report *report)
{
    char path[2 * PATH_SIZE];
    FILE *script = fopen(path_in(studio, "plots.gp", path), "we");
    if (!script) {
        return false;
    }
    bool is_written = plots_write(report, script);
    return fclose(script) == 0 && is_written;
}

/* True if it ended well, in time. */
static bool wait_for(pid_t pid)
{
    int status, fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    if (fd < 0 || poll(&poller, 1, GNUPLOT_PATIENCE_MS) < 1) {
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

static int spawn(const struct studio *studio, pid_t *pid)
{
    static char name[] = "gnuplot", defaults[] = "-d", script[] = "plots.gp";
    char *const argv[] = {name, defaults, script, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, studio->folder);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
    int code = posix_spawnp(pid, "gnuplot", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

static void draw(struct studio *studio, const struct run_report *report)
{
    pid_t pid;
    if (!write_script(studio, report)) {
        studio->problem = bad_gnuplot;
        return;
    }
    int code = spawn(studio, &pid);
    if (code != 0) {
        studio->problem = code == ENOENT ? no_gnuplot : bad_gnuplot;
    } else if (!wait_for(pid)) {
        studio->problem = bad_gnuplot;
    }
}

/* -- pictures ---------------------------------------------------------------
 */

/* NULL: there is none. */
static char *read_picture(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return NULL;
    }
    char *bytes = NULL;
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size > 0 && size < PICTURE_BYTES_MAX) {
        bytes = calloc(1, (size_t)size + 1);
        rewind(file);
    }
    if (bytes && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

/* Takes the pictures in, and the files away. */
static void collect(struct studio *studio)
{
    char name[PLOT_NAME_MAX], path[2 * PATH_SIZE];
    for (size_t i = 0; i < studio->count; i++) {
        for (int kind = 0; kind < PLOT_KINDS; kind++) {
            path_in(studio, plots_name((enum plot_kind)kind, i, name), path);
            if (studio->svgs && !studio->problem) {
                studio->svgs[i * PLOT_KINDS + (size_t)kind] =
                    read_picture(path);
            }
            unlink(path);
        }
    }
    unlink(path_in(studio, "plots.gp", path));
    rmdir(studio->folder);
}

static void studio_init(struct studio *studio, const struct run_report *report)
{
    const char *parent = getenv("TMPDIR");
    *studio = (struct studio){.count = report->count};
    snprintf(studio->folder, sizeof studio->folder, "%s/retryspec-XXXXXX",
             parent && *parent ? parent : "/tmp");
    studio->svgs = calloc(report->count * PLOT_KINDS + 1, sizeof *studio->svgs);
    if (!mkdtemp(studio->folder)) {
        studio->problem = bad_gnuplot;
        return;
    }
    draw(studio, report);
    collect(studio);
}

static void studio_deinit(struct studio *studio)
{
    for (size_t i = 0; studio->svgs && i < studio->count * PLOT_KINDS; i++) {
        free(studio->svgs[i]);
    }
    free(studio->svgs);
}

bool run_html_write(const struct run_report *report, FILE *out)
{
    struct studio studio;
    studio_init(&studio, report);
    union {
        char **from;
        const char *const *to;
    } svgs = {studio.svgs}; /* C can't add const at two levels */
    const struct report_pictures pictures = {svgs.to, studio.problem};
    bool is_written = report_html(report, &pictures, out);
    studio_deinit(&studio);
    return is_written;
}
