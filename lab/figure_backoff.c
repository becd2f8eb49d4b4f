#include <inttypes.h>

#include "lab/figure.h"
#include "model/units.h"

enum { BINS = 24 };

/* Of the space that a retry has, that all series together fill. */
#define FILLED 0.84

/* A share from which on a single value is drawn as a point. */
#define ATOM 0.02

struct violin {
    const struct delays *delays;
    double centre, half_width;
    int64_t min_ns, max_ns;
    double atom_min, atom_max; /* shares of the ends; 0: no atom */
};

static struct violin violin_of(const struct delays *delays)
{
    struct violin violin = {
        .delays = delays,
        .min_ns = delays->ns[0],
        .max_ns = delays->ns[delays->count - 1],
    };
    double at_min = delays_share_at(delays, violin.min_ns);
    double at_max = delays_share_at(delays, violin.max_ns);
    violin.atom_min = at_min >= ATOM ? at_min : 0;
    violin.atom_max =
        at_max >= ATOM && violin.max_ns > violin.min_ns ? at_max : 0;
    return violin;
}

static bool is_atom(const struct violin *violin, int64_t ns)
{
    return (violin->atom_min > 0 && ns == violin->min_ns) ||
           (violin->atom_max > 0 && ns == violin->max_ns);
}

static size_t count_bins(const struct violin *violin, size_t bins[BINS])
{
    double span = (double)(violin->max_ns - violin->min_ns);
    size_t most = 0;
    for (size_t i = 0; i < BINS; i++)
        bins[i] = 0;
    for (size_t i = 0; i < violin->delays->count; i++) {
        int64_t ns = violin->delays->ns[i];
        if (is_atom(violin, ns))
            continue;
        size_t bin = (size_t)((double)(ns - violin->min_ns) / span * BINS);
        size_t count = ++bins[bin < BINS ? bin : BINS - 1];
        most = count > most ? count : most;
    }
    return most;
}

/* The outline of a histogram that stands upright: up its left side in steps,
 * down its right one. */
static size_t write_outline(const struct violin *violin, FILE *data)
{
    size_t bins[BINS], most = count_bins(violin, bins);
    double low = figure_seconds(violin->min_ns);
    double step = (figure_seconds(violin->max_ns) - low) / BINS;
    for (int i = 0; most > 0 && i < 2 * BINS; i++) {
        bool is_left = i < BINS;
        int bin = is_left ? i : 2 * BINS - 1 - i;
        double width = violin->half_width * (double)bins[bin] / (double)most;
        double x = violin->centre + (is_left ? -width : width);
        double from = low + step * (is_left ? bin : bin + 1);
        double to = low + step * (is_left ? bin + 1 : bin);
        fprintf(data, "%.5f %.9f\n%.5f %.9f\n", x, from, x, to);
    }
    fputc('\n', data);
    return most;
}

static void write_numbers(const struct violin *violin, size_t retry, FILE *data)
{
    const struct delays *delays = violin->delays;
    double at_atom = violin->atom_max > 0 ? violin->atom_max : violin->atom_min;
    int64_t atom_ns = violin->atom_max > 0 ? violin->max_ns : violin->min_ns;
    int64_t most_ns =
        delays->most_ns == NS_FOREVER ? -NS_PER_S : delays->most_ns;
    fprintf(data,
            "%.5f %zu %zu %.9f %.9f %.9f %.9f %.9f %.9f %.4f %.9f %.9f %.5f\n",
            violin->centre, retry + 1, delays->count,
            figure_seconds(violin->min_ns),
            figure_seconds(delays_quantile(delays, 0.05)),
            figure_seconds(delays_quantile(delays, 0.5)),
            figure_seconds(delays_quantile(delays, 0.95)),
            figure_seconds(violin->max_ns),
            at_atom > 0 ? figure_seconds(atom_ns) : -1.0, at_atom,
            figure_seconds(delays->least_ns), figure_seconds(most_ns),
            violin->half_width);
}

/* Two blocks a series: outlines, then numbers. */
static void write_series(const struct figure_series *series, size_t place,
                         size_t count, FILE *data)
{
    double room = FILLED / (double)count;
    for (int block = 0; block < 2; block++) {
        fputs(block == 0
                  ? "# x seconds: outlines\n"
                  : "# x retry samples min p5 p50 p95 max atom share least "
                    "most half-width\n",
              data);
        size_t lines = 0;
        for (size_t i = 0; i < series->count; i++) {
            if (series->retries[i].count == 0)
                continue;
            struct violin violin = violin_of(&series->retries[i]);
            violin.half_width = room * 0.46;
            violin.centre =
                (double)(i + 1) - FILLED / 2 + room * ((double)place + 0.5);
            if (block == 0)
                lines += write_outline(&violin, data);
            else
                write_numbers(&violin, i, data);
        }
        figure_end_block(block == 0 ? lines : 1, data);
    }
}

/* Series i: outline, bounds of the law, median and middle 90 %, atoms. */
static void write_violins(const struct figure *figure, size_t i, FILE *script)
{
    const char *colour = figure_colour(i), *ink = figure_ink(figure, INK_TEXT);
    size_t numbers = 2 * i + 1;
    for (int column = 11; column <= 12; column++)
        fprintf(script,
                ", \\\n  data index %zu using ($1-$13):($%d<0?NaN:$%d):"
                "(2*$13):(0) with vectors nohead linewidth 1.4 linecolor "
                "'%s' notitle",
                numbers, column, column, ink);
    fprintf(script,
            ", \\\n  data index %zu using 1:6:5:7 with yerrorbars linecolor "
            "'%s' linewidth 1.2 pointtype 7 pointsize 0.4 notitle"
            ", \\\n  data index %zu using 1:($10>0?$9:NaN) with points "
            "pointtype 13 pointsize 1.6 linecolor '%s' notitle"
            ", \\\n  data index %zu using 1:($10>0&&$10<1?$9:NaN):"
            "(sprintf('%%.0f %%%%',100*$10)) with labels offset 0,0.9 "
            "textcolor '%s' notitle",
            numbers, colour, numbers, colour, numbers, ink);
}

static void write_plot(const struct figure *figure,
                       const struct figure_series *series, size_t count,
                       FILE *script)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(script,
                "%sdata index %zu using 1:2 with filledcurves closed "
                "fillcolor '%s' fillstyle solid 0.5 noborder title ",
                i == 0 ? "plot " : ", \\\n  ", 2 * i, figure_colour(i));
        figure_quoted(series[i].name, script);
    }
    for (size_t i = 0; i < count; i++)
        write_violins(figure, i, script);
    fputc('\n', script);
}

bool figure_backoff(const struct figure *figure,
                    const struct figure_series *series, size_t count,
                    FILE *data, FILE *script)
{
    size_t retries = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < series[i].count; k++)
            retries = series[i].retries[k].count > 0 && k >= retries ? k + 1
                                                                     : retries;
        write_series(&series[i], i, count, data);
    }
    figure_begin(figure, script);
    fprintf(script,
            "set xlabel 'retry'\nset ylabel '%s, in seconds'\n"
            "set xrange [0.4:%.1f]\nset xtics 1 scale 0\n"
            "set offsets 0,0,graph 0.1,0\n%s",
            series[0].is_summed ? "time since the first attempt" : "delay",
            (double)retries + 0.6,
            figure->is_log ? "set logscale y\n" : "set yrange [0:]\n");
    write_plot(figure, series, count, script);
    return !ferror(data) && !ferror(script);
}
