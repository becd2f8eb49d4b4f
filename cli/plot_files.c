#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <unistd.h>

#include "cli/gnuplot.h"
#include "cli/plot.h"

static const struct {
    const char *ending;
    enum figure_format format;
} formats[] = {{".svg", FIGURE_SVG},
               {".png", FIGURE_PNG},
               {".pdf", FIGURE_PDF},
               {".html", FIGURE_PAGE}};

/* Names of the files beside the figure: those of the second figure of a page
 * end in -2. */
static void name_files(struct plot *plot, int length)
{
    char number[24] = "";
    size_t before = 0;
    if (plot->figure.format == FIGURE_PAGE) {
        snprintf(plot->page, PLOT_PATH_SIZE, "%s", plot->picture);
        before = plot->is_added ? plot_page_count(plot->page) : 0;
    }
    if (before > 0)
        snprintf(number, sizeof number, "-%zu", before + 1);
    snprintf(plot->data_path, PLOT_PATH_SIZE, "%.*s%s.dat", length,
             plot->picture, number);
    snprintf(plot->script_path, PLOT_PATH_SIZE, "%.*s%s.gp", length,
             plot->picture, number);
    if (plot->page[0])
        snprintf(plot->picture, PLOT_PATH_SIZE, "%.*s%s.html.svg", length,
                 plot->page, number);
}

static bool choose_format(struct plot *plot)
{
    char fallback[64];
    snprintf(fallback, sizeof fallback, "%s.svg", plot->kind);
    snprintf(plot->picture, sizeof plot->picture, "%s",
             plot->out ? plot->out : fallback);
    const char *dot = strrchr(plot->picture, '.');
    for (size_t i = 0; dot && i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(dot, formats[i].ending) != 0)
            continue;
        plot->figure.format = formats[i].format;
        name_files(plot, (int)(dot - plot->picture));
        return true;
    }
    error_add(&plot->error, PROBLEM_INPUT,
              "can't draw \"%s\": expected a name that ends in .svg, .png, "
              ".pdf or .html",
              plot->picture);
    return false;
}

static FILE *create(struct plot *plot, const char *path)
{
    FILE *file = fopen(path, "we");
    if (!file)
        error_add_errno(&plot->error, errno, "can't write %s", path);
    return file;
}

bool plot_open(struct plot *plot)
{
    if (!choose_format(plot))
        return false;
    plot->data = create(plot, plot->data_path);
    plot->script = plot->data ? create(plot, plot->script_path) : NULL;
    plot->figure.picture = basename(plot->picture);
    plot->figure.data = basename(plot->data_path);
    plot->figure.title = plot->title ? plot->title : plot->shown;
    plot->figure.note = plot->note;
    plot->figure.command = plot->command;
    plot->figure.is_log = plot->is_log;
    plot->figure.spans = plot->spans;
    plot->figure.span_count = plot->span_count;
    if (plot->span_count > 0)
        plot_add_note(plot, "outages shaded");
    return plot->script;
}

static bool close_file(FILE **file)
{
    bool is_written = !*file || fclose(*file) == 0;
    *file = NULL;
    return is_written;
}

bool plot_close(struct plot *plot)
{
    bool is_written = close_file(&plot->data);
    is_written = close_file(&plot->script) && is_written;
    if (!is_written)
        error_add_errno(&plot->error, errno, "can't write %s", plot->data_path);
    return is_written;
}

static bool finish(struct plot *plot)
{
    if (!plot->page[0]) {
        printf("%s\n", plot->picture);
        return true;
    }
    bool is_written = plot_page_write(plot);
    unlink(plot->picture); /* it is in the page */
    if (is_written)
        printf("%s\n", plot->page);
    return is_written;
}

bool plot_draw(struct plot *plot)
{
    char folder[PLOT_PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", plot->script_path);
    switch (gnuplot_run(dirname(folder), basename(plot->script_path))) {
    case GNUPLOT_DREW:
        return finish(plot);
    case GNUPLOT_IS_MISSING:
        error_add(&plot->error, PROBLEM_SYSTEM, "no figure: %s",
                  GNUPLOT_MISSING);
        return false;
    case GNUPLOT_FAILED:
        error_add(&plot->error, PROBLEM_SYSTEM,
                  "gnuplot did not draw %s; its script is beside it",
                  plot->picture);
        return false;
    }
    return false;
}
