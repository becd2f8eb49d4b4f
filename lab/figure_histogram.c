#include <math.h>

#include "lab/figure.h"
#include "model/units.h"

enum { BINS = 20 };

/* A share from which on a single value stands for itself. */
#define ATOM 0.02

/* One retry of all series. */
struct panel {
    const struct figure_series *series;
    size_t count, retry;
    int64_t least_ns, most_ns; /* of all of them */
    double highest;            /* bin */
};

static const struct delays *delays_of(const struct panel *panel, size_t i)
{
    const struct figure_series *series = &panel->series[i];
    return panel->retry < series->count && series->retries[panel->retry].count
               ? &series->retries[panel->retry]
               : NULL;
}

static struct panel panel_of(const struct figure_series *series, size_t count,
                             size_t retry)
{
    struct panel panel = {.series = series, .count = count, .retry = retry};
    bool has_any = false;
    for (size_t i = 0; i < count; i++) {
        const struct delays *delays = delays_of(&panel, i);
        if (!delays)
            continue;
        int64_t least_ns = delays->ns[0], most_ns;
        most_ns = delays->ns[delays->count - 1];
        if (!has_any || least_ns < panel.least_ns)
            panel.least_ns = least_ns;
        if (!has_any || most_ns > panel.most_ns)
            panel.most_ns = most_ns;
        has_any = true;
    }
    return panel;
}

/* The end of a run of equal delays that begins at `from`. */
static size_t run_end(const struct delays *delays, size_t from)
{
    size_t to = from + 1;
    while (to < delays->count && delays->ns[to] == delays->ns[from])
        to++;
    return to;
}

static bool is_atom(const struct delays *delays, size_t equal)
{
    return (double)equal >= ATOM * (double)delays->count;
}

/* Without the atoms, as steps over what the calls had: nothing is drawn beyond
 * it. */
static void write_bins(struct panel *panel, const struct delays *delays,
                       FILE *data)
{
    size_t bins[BINS] = {0}, lines = 0;
    double least = figure_seconds(delays->ns[0]);
    double width =
        (figure_seconds(delays->ns[delays->count - 1]) - least) / BINS;
    for (size_t i = 0, to; i < delays->count; i = to) {
        to = run_end(delays, i);
        if (is_atom(delays, to - i))
            continue;
        size_t bin = (size_t)((figure_seconds(delays->ns[i]) - least) / width);
        bins[bin < BINS ? bin : BINS - 1] += to - i;
    }
    fputs("# seconds percent-a-second\n", data);
    for (size_t i = 0; i < BINS && width > 0; i++, lines++) {
        double density =
            100.0 * (double)bins[i] / (double)delays->count / width;
        double from = least + (double)i * width;
        fprintf(data, "%.9f %.4f\n%.9f %.4f\n", from, density, from + width,
                density);
        panel->highest = fmax(panel->highest, density);
    }
    figure_end_block(lines, data);
}

static void write_atoms(const struct delays *delays, FILE *data)
{
    size_t count = 0;
    fputs("# seconds percent: single values\n", data);
    for (size_t i = 0, to; i < delays->count; i = to) {
        to = run_end(delays, i);
        if (!is_atom(delays, to - i))
            continue;
        fprintf(data, "%.9f %.4f\n", figure_seconds(delays->ns[i]),
                100.0 * (double)(to - i) / (double)delays->count);
        count++;
    }
    figure_end_block(count, data);
}

/* Bounds of the law, as arrows on the axis. */
static void write_bounds(const struct panel *panel, FILE *script)
{
    fputs("unset arrow\n", script);
    for (size_t i = 0; i < panel->count; i++) {
        const struct delays *delays = delays_of(panel, i);
        for (int k = 0; delays && k < 2; k++) {
            int64_t at_ns = k == 0 ? delays->least_ns : delays->most_ns;
            if (at_ns != NS_FOREVER)
                fprintf(script,
                        "set arrow from %.9f,graph 0 to %.9f,graph 1 nohead "
                        "linewidth 1 dashtype 3 linecolor '%s'\n",
                        figure_seconds(at_ns), figure_seconds(at_ns),
                        figure_colour(i));
        }
    }
}

/* Two or three tics on a narrow axis. */
static double step_of(double span)
{
    double step = pow(10, floor(log10(span / 2.5)));
    double ratio = span / 2.5 / step;
    return step * (ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : 5);
}

/* Blocks of bins and of atoms by turns; `index` is the next one. */
static void write_panel(const struct figure *figure, struct panel *panel,
                        size_t *index, FILE *data, FILE *script)
{
    size_t first = *index;
    double margin = 0.06 * figure_seconds(panel->most_ns - panel->least_ns);
    margin += panel->most_ns > panel->least_ns
                  ? 0
                  : 0.5 * figure_seconds(panel->most_ns) + 0.001;
    for (size_t i = 0; i < panel->count; i++) {
        const struct delays *delays = delays_of(panel, i);
        if (!delays)
            continue;
        write_bins(panel, delays, data);
        write_atoms(delays, data);
        *index += 2;
    }
    write_bounds(panel, script);
    double top = panel->highest > 0 ? 1.35 * panel->highest : 1;
    fprintf(
        script,
        "set title 'retry %zu' offset 0,-0.8\nset xrange [%.9f:%.9f]\n"
        "set yrange [0:%.4f]\nset xtics nomirror %.9g\nset ytics nomirror "
        "%.9g\n",
        panel->retry + 1, figure_seconds(panel->least_ns) - margin,
        figure_seconds(panel->most_ns) + margin, top,
        step_of(figure_seconds(panel->most_ns - panel->least_ns) + 2 * margin),
        step_of(top));
    const char *before = "plot ";
    for (size_t i = 0; i < panel->count; i++) {
        if (!delays_of(panel, i))
            continue;
        fprintf(
            script,
            "%sdata index %zu using 1:2 with filledcurves y1=0 fillcolor "
            "'%s' fillstyle solid 0.45 noborder notitle"
            ", \\\n  data index %zu using 1:(%.4f) with impulses linewidth "
            "3 linecolor '%s' notitle"
            ", \\\n  data index %zu using 1:(%.4f):(sprintf('%%.0f "
            "%%%%',$2)) with labels right offset -0.4,0 textcolor '%s' notitle",
            before, first, figure_colour(i), first + 1, 0.9 * top,
            figure_colour(i), first + 1, 0.86 * top,
            figure_ink(figure, INK_TEXT));
        before = ", \\\n  ";
        first += 2;
    }
    fputc('\n', script);
}

/* Of all panels, which have none of their own. */
static void write_key(const struct figure_series *series, size_t count,
                      FILE *script)
{
    fputs("set origin 0,0\nset size 1,1\nset multiplot\nunset border\nunset "
          "tics\nunset xlabel\nset xrange [0:1]\nset yrange [0:1]\n",
          script);
    for (size_t i = 0; i < count; i++) {
        fprintf(script,
                "%s-1 with filledcurves y1=-2 fillcolor '%s' fillstyle solid "
                "0.45 noborder title ",
                i == 0 ? "plot " : ", \\\n  ", figure_colour(i));
        figure_quoted(series[i].name, script);
    }
    fputs("\nunset label\nunset key\nset border 3\nset tics "
          "nomirror\n",
          script);
}

static size_t retries_of(const struct figure_series *series, size_t count)
{
    size_t retries = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < series[i].count && k < FIGURE_PANELS_MAX; k++)
            retries = series[i].retries[k].count > 0 && k >= retries ? k + 1
                                                                     : retries;
    }
    return retries;
}

bool figure_histogram(const struct figure *figure,
                      const struct figure_series *series, size_t count,
                      FILE *data, FILE *script)
{
    size_t panels = retries_of(series, count), index = 0;
    size_t columns = panels > 1 && panels < 4 ? panels : 4;
    size_t rows = (panels + columns - 1) / columns;
    bool is_page = figure->format == FIGURE_PAGE;
    double bottom = is_page ? 0.13 : 0.19, top = is_page ? 0.87 : 0.85;
    double left = 0.075, right = 0.99;
    double width = (right - left) / (double)columns;
    double height = (top - bottom) / (double)rows;
    figure_begin(figure, script);
    fprintf(script,
            "set label 9 '%% of the calls a second of delay' at screen "
            "0.022,screen %.3f center rotate\n",
            (bottom + top) / 2);
    write_key(series, count, script);
    for (size_t i = 0; i < panels; i++) {
        struct panel panel = panel_of(series, count, i);
        size_t row = i / columns + 1;
        double x = left + width * (double)(i % columns);
        double y = top - height * (double)row;
        fprintf(script,
                "set lmargin at screen %.4f\nset rmargin at screen %.4f\n"
                "set bmargin at screen %.4f\nset tmargin at screen %.4f\n"
                "set xlabel '%s'\n",
                x + 0.022, x + width - 0.02, y + (is_page ? 0.075 : 0.055),
                y + height - 0.045,

                row == rows ? "seconds" : "");
        write_panel(figure, &panel, &index, data, script);
    }
    fputs("unset multiplot\n", script);
    return !ferror(data) && !ferror(script);
}
