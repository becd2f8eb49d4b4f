#include "cli/run_html.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/gnuplot.h"
#include "cli/text_file.h"
#include "reports/html.h"
#include "reports/plots.h"

enum { PATH_SIZE = 512 };

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

static void draw(struct studio *studio, const struct run_report *report)
{
    if (!write_script(studio, report)) {
        studio->problem = bad_gnuplot;
        return;
    }
    switch (gnuplot_run(studio->folder, "plots.gp")) {
    case GNUPLOT_DREW:
        return;
    case GNUPLOT_IS_MISSING:
        studio->problem = "There are no plots: " GNUPLOT_MISSING;
        return;
    case GNUPLOT_FAILED:
        studio->problem = bad_gnuplot;
        return;
    }
}

/* -- pictures ---------------------------------------------------------------
 */

/* Takes the pictures in, and the files away. */
static void collect(struct studio *studio)
{
    char name[PLOT_NAME_MAX], path[2 * PATH_SIZE];
    for (size_t i = 0; i < studio->count; i++) {
        for (int kind = 0; kind < PLOT_KINDS; kind++) {
            path_in(studio, plots_name((enum plot_kind)kind, i, name), path);
            if (studio->svgs && !studio->problem) {
                studio->svgs[i * PLOT_KINDS + (size_t)kind] =
                    text_file_read(path);
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
