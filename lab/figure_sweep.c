#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/figure.h"
#include "model/jsonc.h"
#include "model/units.h"

enum { NAME_SIZE = 128 };

/* One point of a sweep, as far as the figure goes. */
struct place {
    double x, mean, margin;
    bool is_time;           /* x */
    char label[NAME_SIZE];  /* x as written */
    char series[NAME_SIZE]; /* the values of the other axes */
};

/* Seconds or a number; NAN for any other value. */
static double value_of(const char *text, bool *is_time)
{
    int64_t ns;
    char *end;
    *is_time = units_parse_duration(text, &ns);
    double value =
        *is_time ? (double)ns / (double)NS_PER_S : strtod(text, &end);
    return *is_time || (end != text && !*end) ? value : NAN;
}

/* Axes of one value are the same for all series, which the caption may say. */
static bool has_one_value(const struct rows *rows, const char *axis)
{
    cJSON *header = cJSON_Parse(rows->header);
    const cJSON *vary = cJSON_GetObjectItemCaseSensitive(header, "vary");
    size_t length = strlen(axis);
    bool has_one = false;
    for (const cJSON *i = vary ? vary->child : NULL; i; i = i->next) {
        const char *text = cJSON_IsString(i) ? i->valuestring : "";
        has_one |= strncmp(text, axis, length) == 0 && text[length] == '=' &&
                   !strpbrk(text, ",") && !strstr(text, "..");
    }
    cJSON_Delete(header);
    return has_one;
}

static void name_series(const struct rows *rows, const cJSON *values,
                        const char *x, char name[NAME_SIZE])
{
    size_t used = 0;
    name[0] = '\0';
    for (const cJSON *i = values->child; i; i = i->next) {
        if (strcmp(i->string, x) == 0 || used >= NAME_SIZE ||
            has_one_value(rows, i->string))
            continue;
        int size = snprintf(name + used, NAME_SIZE - used, "%s%s %s",
                            used > 0 ? ", " : "", i->string,
                            cJSON_IsString(i) ? i->valuestring : "");
        used += size > 0 ? (size_t)size : 0;
    }
}

static double number_of(const cJSON *metric, const char *key)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(metric, key);
    return cJSON_IsNumber(number) ? number->valuedouble : NAN;
}

static bool refuse(struct error *error, const char *what, const char *name,
                   const char *hint)
{
    jsonc_hint(error_add(error, PROBLEM_INPUT, "the sweep has no %s \"%s\"",
                         what, name),
               "%s", hint);
    return false;
}

static bool read_place(const struct rows *rows, size_t point,
                       const struct figure_axes *axes, struct place *place,
                       struct error *error)
{
    const char *text = rows->lines[point];
    cJSON *line = cJSON_Parse(text);
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(line, "values");
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(line, "metrics");
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(values, axes->x);
    const cJSON *metric =
        cJSON_GetObjectItemCaseSensitive(metrics, axes->metric);
    bool has_both = cJSON_IsString(x) && metric;
    if (!cJSON_IsString(x)) {
        refuse(error, "axis", axes->x, "--x takes a path of its --vary");
    } else if (!metric) {
        refuse(error, "metric", axes->metric, "docs/lab.md names them all");
    } else {
        place->x = value_of(x->valuestring, &place->is_time);
        place->mean = number_of(metric, "mean");
        place->margin = number_of(metric, "margin");
        name_series(rows, values, axes->x, place->series);
        snprintf(place->label, NAME_SIZE, "%s", x->valuestring);
    }
    cJSON_Delete(line);
    return has_both;
}

static size_t read_places(const struct rows *rows,
                          const struct figure_axes *axes, struct place *places,
                          struct error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->points; i++) {
        if (!rows->lines[i])
            continue;
        if (!read_place(rows, i, axes, &places[count], error))
            return 0;
        count++;
    }
    if (count == 0)
        error_add(error, PROBLEM_INPUT, "%s has no point yet", rows->file);
    return count;
}

/* Values that are no numbers stand side by side, in the order of the sweep. */
static void name_categories(struct place *places, size_t count, FILE *script)
{
    double next = 0;
    fputs("set xtics (", script);
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (strcmp(places[k].label, places[i].label) != 0)
            k++;
        places[i].x = k < i ? places[k].x : ++next;
        if (k < i)
            continue;
        fputs(next > 1 ? ", " : "", script);
        figure_quoted(places[i].label, script);
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
    fputs("# x mean margin\n", data);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(places[i].series, series) != 0 || isnan(places[i].mean))
            continue;
        fprintf(data, "%.9g %.6g %.6g\n", places[i].x, places[i].mean,
                isnan(places[i].margin) ? 0 : places[i].margin);
    }
    fputs("\n\n", data);
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
                "pointtype %zu pointsize 0.6 linecolor '%s' title ",
                series == 0 ? "plot " : ", \\\n  ", series,
                series < 6 ? 2 * series + 5 : series, figure_colour(series));
        figure_quoted(places[i].series, script);
        series++;
    }
    fputc('\n', script);
}

bool figure_sweep(const struct figure *figure, const struct rows *rows,
                  const struct figure_axes *axes, FILE *data, FILE *script,
                  struct error *error)
{
    struct place *places = calloc(rows->points, sizeof *places);
    if (!places) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    size_t count = read_places(rows, axes, places, error);
    if (count > 0) {
        bool is_by_words = has_words(places, count);
        figure_begin(figure, script);
        if (is_by_words)
            name_categories(places, count, script);
        qsort(places, count, sizeof *places, by_x);
        fputs("set xlabel ", script);
        figure_quoted(axes->x, script);
        fputs(!is_by_words && places[0].is_time ? ".', seconds'\nset ylabel "
                                                : "\nset ylabel ",
              script);
        figure_quoted(axes->metric, script);
        fputs(!is_by_words && is_wide(places, count) ? "\nset logscale x\n"
                                                     : "\n",
              script);
        write_figure(places, count, data, script);
    }
    free(places);
    return count > 0 && !ferror(data) && !ferror(script);
}
