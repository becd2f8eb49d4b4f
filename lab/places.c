#include "lab/places.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/vary.h"
#include "model/jsonc.h"
#include "model/units.h"

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
    struct arena arena = {0};
    struct error ignored = {0};
    bool has_one = false;
    for (const cJSON *i = vary ? vary->child : NULL; i; i = i->next) {
        struct vary_axis varied;
        has_one |= cJSON_IsString(i) &&
                   vary_read(i->valuestring, &arena, &varied, &ignored) &&
                   strcmp(varied.path, axis) == 0 && varied.count == 1;
    }
    arena_deinit(&arena);
    cJSON_Delete(header);
    return has_one;
}

/* One of --where, so it has one value too. */
static bool is_chosen(const struct figure_axes *axes, const char *axis)
{
    size_t length = strlen(axis);
    for (size_t i = 0; i < axes->where_count; i++) {
        if (strncmp(axes->where[i], axis, length) == 0 &&
            axes->where[i][length] == '=')
            return true;
    }
    return false;
}

static void name_series(const struct rows *rows, const cJSON *values,
                        const struct figure_axes *axes,
                        char name[PLACE_NAME_SIZE])
{
    size_t used = 0;
    name[0] = '\0';
    for (const cJSON *i = values->child; i; i = i->next) {
        if (strcmp(i->string, axes->x) == 0 || used >= PLACE_NAME_SIZE ||
            (axes->y && strcmp(i->string, axes->y) == 0) ||
            is_chosen(axes, i->string) || has_one_value(rows, i->string))
            continue;
        int size = snprintf(name + used, PLACE_NAME_SIZE - used, "%s%s %s",
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

/* -1: no such axis. 0: another value. */
static int fits_where(const cJSON *values, const char *where)
{
    size_t length = strcspn(where, "=");
    for (const cJSON *i = values ? values->child : NULL; i; i = i->next) {
        if (strlen(i->string) == length &&
            strncmp(i->string, where, length) == 0)
            return cJSON_IsString(i) &&
                   strcmp(i->valuestring, where + length + 1) == 0;
    }
    return -1;
}

static void read_value(const cJSON *value, int axis, struct place *place)
{
    *(axis == 0 ? &place->x : &place->y) =
        value_of(value->valuestring, &place->is_time[axis]);
    snprintf(place->label[axis], PLACE_NAME_SIZE, "%s", value->valuestring);
}

static bool fill(const struct rows *rows, const cJSON *line,
                 const struct figure_axes *axes, struct place *place,
                 struct error *error)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(line, "values");
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(line, "metrics");
    const cJSON *metric =
        cJSON_GetObjectItemCaseSensitive(metrics, axes->metric);
    const char *const paths[] = {axes->x, axes->y};
    for (int i = 0; i < (axes->y ? 2 : 1); i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(values, paths[i]);
        if (!cJSON_IsString(value))
            return refuse(error, "axis", paths[i],
                          i == 0 ? "--x takes a path of its --vary"
                                 : "--y takes a path of its --vary");
        read_value(value, i, place);
    }
    if (!metric)
        return refuse(error, "metric", axes->metric,
                      "docs/lab.md names them all");
    place->mean = number_of(metric, "mean");
    place->margin = number_of(metric, "margin");
    name_series(rows, values, axes, place->series);
    return true;
}

enum reading { READ, LEFT_OUT, BAD };

static enum reading read_place(const struct rows *rows, size_t point,
                               const struct figure_axes *axes,
                               struct place *place, struct error *error)
{
    cJSON *line = cJSON_Parse(rows->lines[point]);
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(line, "values");
    enum reading reading = READ;
    for (size_t i = 0; reading == READ && i < axes->where_count; i++) {
        int fits = fits_where(values, axes->where[i]);
        if (fits < 0)
            refuse(error, "axis", axes->where[i],
                   "--where takes a path of its --vary and one of its values");
        reading = fits < 0 ? BAD : fits == 0 ? LEFT_OUT : READ;
    }
    if (reading == READ && !fill(rows, line, axes, place, error))
        reading = BAD;
    cJSON_Delete(line);
    return reading;
}

struct place *places_read(const struct rows *rows,
                          const struct figure_axes *axes, size_t *count,
                          struct error *error)
{
    struct place *places = calloc(rows->points, sizeof *places);
    enum reading reading = READ;
    *count = 0;
    if (!places)
        error_add(error, PROBLEM_MEMORY, "out of memory");
    for (size_t i = 0; places && reading != BAD && i < rows->points; i++) {
        if (!rows->lines[i])
            continue;
        reading = read_place(rows, i, axes, &places[*count], error);
        *count += reading == READ;
    }
    if (places && reading != BAD && *count == 0)
        error_add(error, PROBLEM_INPUT, "%s has no %s", rows->file,
                  axes->where_count > 0 ? "point where that is so"
                                        : "point yet");
    if (places && reading != BAD && *count > 0)
        return places;
    free(places);
    return NULL;
}
