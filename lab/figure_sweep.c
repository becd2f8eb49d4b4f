#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/figure.h"
#include "lab/places.h"

/* Values that are no numbers stand side by side, in the order of the sweep. */
static void name_categories(struct place *places, size_t count, FILE *script)
{
    double next = 0;
    fputs("set xtics (", script);
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (strcmp(places[k].label[0], places[i].label[0]) != 0)
            k++;
        places[i].x = k < i ? places[k].x : ++next;
        if (k < i)
            continue;
        fputs(next > 1 ? ", " : "", script);
        figure_quoted(places[i].label[0], script);
        fprintf(script, " %g", next);
    }
    fprintf(script, ")\nset xrange [0.5:%g]\n", next + 0.5);
}

static bool has_words(const struct place *places, size_t count)
{
    bool has_any = false;
    for (size_t i = 0; i < count; i++)
        has_any |= isnan(places[i].x);
    return has_any;
}

/* Does a place of another one's series come before this one? */
static bool is_first(const struct place *places, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(places[i].series, places[index].series) == 0)
            return false;
    }
    return true;
}

static int by_x(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    int series = strcmp(one->series, other->series);
    return series ? series : (one->x > other->x) - (one->x < other->x);
}

static void write_series(const struct place *places, size_t count,
                         const char *series, FILE *data)
{
    size_t lines = 0;
    fputs("# x mean margin\n", data);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(places[i].series, series) != 0 || isnan(places[i].mean))
            continue;
        fprintf(data, "%.9g %.6g %.6g\n", places[i].x, places[i].mean,
                isnan(places[i].margin) ? 0 : places[i].margin);
        lines++;
    }
    figure_end_block(lines, data);
}

/* Far apart by ratio: then a log scale shows more. */
static bool is_wide(const struct place *places, size_t count)
{
    double least = HUGE_VAL, most = 0;
    for (size_t i = 0; i < count; i++) {
        least = fmin(least, places[i].x);
        most = fmax(most, places[i].x);
    }
    return least > 0 && most / least >= 20;
}

/* Beside the first and the last value. */
#define LOG_MARGIN 1.12

/* The values themselves, if they are few: they say more than powers of ten. */
static void write_log_axis(const struct place *places, size_t count,
                           FILE *script)
{
    enum { TICS_MAX = 12 };
    size_t tics = 1; /* of the first series: others have the same values */
    while (tics < count && places[tics].x > places[tics - 1].x)
        tics++;
    fprintf(script, "set logscale x\nset xrange [%.9g:%.9g]\n",
            places[0].x / LOG_MARGIN, places[tics - 1].x * LOG_MARGIN);
    for (size_t i = 0; tics <= TICS_MAX && i < tics; i++)
        fprintf(script,
                places[i].x < 1000 ? "%s'%.3g' %.9g%s" : "%s'%.0f' %.9g%s",
                i == 0 ? "set xtics scale 1,0 (" : ", ", places[i].x,
                places[i].x, i + 1 == tics ? ")\n" : "");
}

static void write_figure(const struct place *places, size_t count, FILE *data,
                         FILE *script)
{
    size_t series = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_first(places, i))
            continue;
        write_series(places, count, places[i].series, data);
        fprintf(script,
                "%sdata index %zu using 1:2:3 with yerrorlines linewidth 1.6 "
                "pointtype %zu pointsize 0.7 dashtype %d linecolor '%s' "
                "title ",
                series == 0 ? "plot " : ", \\\n  ", series,
                series < 6 ? 2 * series + 5 : series, figure_dash(series),
                figure_colour(series));
        figure_quoted(places[i].series, script);
        series++;
    }
    fputc('\n', script);
}

static bool is_seconds(const char *metric)
{
    size_t length = strlen(metric);
    return length > 2 && strcmp(metric + length - 2, "_s") == 0;
}

static void write_axes(const struct figure_axes *axes, bool is_time,
                       FILE *script)
{
    fputs("set xlabel ", script);
    figure_quoted(axes->x, script);
    fputs(is_time ? ".', in seconds'\nset ylabel " : "\nset ylabel ", script);
    figure_quoted(axes->metric, script);
    fputs(is_seconds(axes->metric) ? ".', in seconds'\n" : "\n", script);
}

bool figure_sweep(const struct figure *figure, const struct rows *rows,
                  const struct figure_axes *axes, FILE *data, FILE *script,
                  struct error *error)
{
    size_t count;
    struct place *places = places_read(rows, axes, &count, error);
    if (!places)
        return false;
    bool is_by_words = has_words(places, count);
    figure_begin(figure, script);
    if (is_by_words)
        name_categories(places, count, script);
    qsort(places, count, sizeof *places, by_x);
    write_axes(axes, !is_by_words && places[0].is_time[0], script);
    if (!is_by_words && is_wide(places, count))
        write_log_axis(places, count, script);
    fputs(figure->is_log ? "set logscale y\n" : "set yrange [0<*:]\n", script);
    write_figure(places, count, data, script);
    free(places);
    return !ferror(data) && !ferror(script);
}
