#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/figure.h"
#include "lab/places.h"

enum { CELLS_MAX = 100, NUMBERS_MAX = 14, TICS_MAX = 12 };

/* The values of an axis, in ascending order or that of the sweep. */
struct ticks {
    const struct place *places[CELLS_MAX];
    int axis;
    size_t count;
};

static double value_of(const struct place *place, int axis)
{
    return axis == 0 ? place->x : place->y;
}

static size_t tick_of(const struct ticks *ticks, const struct place *place)
{
    size_t i = 0;
    while (i < ticks->count && strcmp(ticks->places[i]->label[ticks->axis],
                                      place->label[ticks->axis]) != 0)
        i++;
    return i;
}

/* Numbers are put in order; words stay as the sweep has them. */
static void insert(struct ticks *ticks, const struct place *place)
{
    size_t i = ticks->count++;
    double value = value_of(place, ticks->axis);
    for (; i > 0 && value_of(ticks->places[i - 1], ticks->axis) > value; i--)
        ticks->places[i] = ticks->places[i - 1];
    ticks->places[i] = place;
}

static bool ticks_init(struct ticks *ticks, const struct place *places,
                       size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (tick_of(ticks, &places[i]) < ticks->count)
            continue;
        if (ticks->count == CELLS_MAX) {
            error_add(error, PROBLEM_INPUT,
                      "an axis of colours has at most %d values", CELLS_MAX);
            return false;
        }
        insert(ticks, &places[i]);
    }
    return true;
}

/* Every value, or as many as there is room for. */
static void write_ticks(const struct ticks *ticks, FILE *script)
{
    size_t step = (ticks->count + TICS_MAX - 1) / TICS_MAX;
    size_t letters = 0;
    for (size_t i = 0; i < ticks->count; i += step)
        letters += strlen(ticks->places[i]->label[ticks->axis]) + 2;
    bool is_tilted = ticks->axis == 0 && letters > 90;
    fprintf(script, "set %ctics scale 0 %s(", "xy"[ticks->axis],
            is_tilted ? "rotate by -25 " : "");
    for (size_t i = 0; i < ticks->count; i += step) {
        fputs(i > 0 ? ", " : "", script);
        figure_quoted(ticks->places[i]->label[ticks->axis], script);
        fprintf(script, " %zu", i + 1);
    }
    fprintf(script, ")\nset %crange [0.5:%zu.5]\n", "xy"[ticks->axis],
            ticks -> count);
}

/* All other axes must have one value, or two points would be one cell. */
static bool has_one_series(const struct place *places, size_t count,
                           struct error *error)
{
    for (size_t i = 1; i < count; i++) {
        if (strcmp(places[i].series, places[0].series) == 0)
            continue;
        error_add(error, PROBLEM_INPUT,
                  "two points would share a cell, %s and %s: --where "
                  "PATH=VALUE chooses one",
                  places[0].series, places[i].series);
        return false;
    }
    return true;
}

struct scale {
    double least, most;
    bool is_log;
};

static struct scale scale_of(const struct place *places, size_t count,
                             bool is_log)
{
    struct scale scale = {HUGE_VAL, -HUGE_VAL, is_log};
    for (size_t i = 0; i < count; i++) {
        double mean = places[i].mean;
        if (isnan(mean) || (is_log && mean <= 0))
            continue;
        scale.least = fmin(scale.least, mean);
        scale.most = fmax(scale.most, mean);
    }
    return scale;
}

/* Letters are white on the dark half of the palette. */
static bool is_dark(const struct scale *scale, double mean)
{
    double least = scale->is_log ? log(scale->least) : scale->least;
    double most = scale->is_log ? log(scale->most) : scale->most;
    double at = scale->is_log ? log(mean) : mean;
    return most > least && (at - least) / (most - least) < 0.6;
}

static void write_cells(const struct place *places, size_t count,
                        const struct ticks ticks[2], const struct scale *scale,
                        FILE *data)
{
    fputs("# column row mean margin is-dark has-value\n", data);
    for (size_t i = 0; i < count; i++) {
        const struct place *place = &places[i];
        bool has_none =
            isnan(place->mean) || (scale->is_log && place->mean <= 0);
        fprintf(data, "%zu %zu ", tick_of(&ticks[0], place) + 1,
                tick_of(&ticks[1], place) + 1);
        if (has_none)
            fputs("0 0 0 0", data);
        else
            fprintf(data, "%.6g %.6g %d 1", place->mean,
                    isnan(place->margin) ? 0 : place->margin,
                    is_dark(scale, place->mean));
        fprintf(data, " # %s %s\n", place->label[0], place->label[1]);
    }
    fputs("\n\n", data);
}

static void write_plot(const struct ticks ticks[2], FILE *script)
{
    fputs("plot data using ($6==1?$1:NaN):2:(0.5):(0.5):3 with boxxyerror "
          "fillcolor palette fillstyle solid 1 border linecolor '#ffffff' "
          "notitle"
          ", \\\n  data using 1:($6==0?$2:NaN):('none') with labels "
          "textcolor '#606060' notitle",
          script);
    for (int dark = 0; dark < 2 && ticks[0].count <= NUMBERS_MAX &&
                       ticks[1].count <= NUMBERS_MAX;
         dark++)
        fprintf(script,
                ", \\\n  data using 1:($6==1&&$5==%d?$2:NaN):"
                "(sprintf('%%.3g',$3)) with labels textcolor '%s' notitle",
                dark, dark ? "#ffffff" : "#000001");
    fputc('\n', script);
}

/* 1, 2 and 5 of each power of ten in reach. */
static void write_log_ticks(const struct scale *scale, FILE *script)
{
    static const double steps[] = {1, 2, 5};
    const char *before = "set cbtics (";
    fputs("set logscale cb\n", script);
    int last = (int)floor(log10(scale->most));
    for (int exponent = (int)floor(log10(scale->least)); exponent <= last;
         exponent++) {
        for (int i = 0; i < 3; i++) {
            double at = steps[i] * pow(10, exponent);
            if (at < scale->least || at > scale->most)
                continue;
            fprintf(script, "%s'%g' %g", before, at, at);
            before = ", ";
        }
    }
    fputs(before[0] == ',' ? ")\n" : "", script);
}

static void write_colours(const struct figure *figure,
                          const struct figure_axes *axes,
                          const struct scale *scale, FILE *script)
{
    fputs("set palette defined (0 '#440154', 0.25 '#3b528b', 0.5 '#21918c', "
          "0.75 '#5ec962', 1 '#fde725')\n"
          "set grid noytics\nset key off\nset rmargin at screen 0.84\n"
          "set colorbox user origin screen 0.865,graph 0 size screen "
          "0.03,graph 1\n",
          script);
    if (figure->is_log && scale->least <= scale->most)
        write_log_ticks(scale, script);
    fprintf(script,
            "set object rectangle from graph 0,graph 0 to graph 1,graph 1 "
            "fillcolor '%s' fillstyle solid noborder behind\n",
            figure_ink(figure, INK_SHADE));
    const char *const names[] = {axes->x, axes->y, axes->metric};
    for (int i = 0; i < 3; i++) {
        static const char *const labels[] = {"x", "y", "cb"};
        fprintf(script, "set %slabel ", labels[i]);
        figure_quoted(names[i], script);
        fputs(i == 2 ? " offset 1.5,0\n" : "\n", script);
    }
}

bool figure_heat(const struct figure *figure, const struct rows *rows,
                 const struct figure_axes *axes, FILE *data, FILE *script,
                 struct error *error)
{
    size_t count;
    struct place *places = places_read(rows, axes, &count, error);
    struct ticks ticks[2] = {{.axis = 0}, {.axis = 1}};
    bool is_good = places && has_one_series(places, count, error) &&
                   ticks_init(&ticks[0], places, count, error) &&
                   ticks_init(&ticks[1], places, count, error);
    if (is_good) {
        struct scale scale = scale_of(places, count, figure->is_log);
        figure_begin(figure, script);
        write_colours(figure, axes, &scale, script);
        write_ticks(&ticks[0], script);
        write_ticks(&ticks[1], script);
        write_cells(places, count, ticks, &scale, data);
        write_plot(ticks, script);
        is_good = !ferror(data) && !ferror(script);
    }
    free(places);
    return is_good;
}
