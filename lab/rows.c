#include "lab/rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/jsonc.h"

/* -- writing ---------------------------------------------------------------
 */

static char *print_and_delete(cJSON *object, bool is_good)
{
    char *printed = is_good ? cJSON_PrintUnformatted(object) : NULL;
    char *text = printed ? strdup(printed) : NULL;
    cJSON_free(printed);
    cJSON_Delete(object);
    return text;
}

static bool add_copy(cJSON *object, const char *key, const cJSON *value)
{
    return cJSON_AddItemToObject(object, key, cJSON_Duplicate(value, true));
}

char *rows_header(const struct sweep *sweep)
{
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, sweep->seed);
    cJSON *header = cJSON_CreateObject();
    bool is_good =
        cJSON_AddStringToObject(header, "retryspec", RETRYSPEC_VERSION) &&
        cJSON_AddStringToObject(header, "kind", "explore") &&
        cJSON_AddStringToObject(header, "seed", seed) &&
        cJSON_AddNumberToObject(header, "trials", (double)sweep->trials) &&
        cJSON_AddNumberToObject(header, "points", (double)sweep_points(sweep));
    cJSON *axes = cJSON_AddArrayToObject(header, "vary");
    for (size_t i = 0; axes && i < sweep->axis_count; i++)
        cJSON_AddItemToArray(axes, cJSON_CreateString(sweep->vary[i]));
    is_good = is_good && axes && add_copy(header, "profile", sweep->profile) &&
              add_copy(header, "world", sweep->world);
    return print_and_delete(header, is_good);
}

/* Six digits: what is behind them is noise of the trials. */
static bool add_number(cJSON *object, const char *key, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.6g", value);
    return cJSON_AddRawToObject(object, key, text);
}

static bool add_metric(cJSON *metrics, const char *name,
                       const struct summary *summary)
{
    double margin = summary_margin(summary);
    if (summary->count == 0)
        return cJSON_AddNullToObject(metrics, name);
    cJSON *metric = cJSON_AddObjectToObject(metrics, name);
    return metric && add_number(metric, "mean", summary->mean) &&
           (isnan(margin) || add_number(metric, "margin", margin)) &&
           cJSON_AddNumberToObject(metric, "trials", (double)summary->count);
}

char *rows_line(const struct sweep *sweep, size_t point,
                const struct summary metrics[METRIC_COUNT])
{
    cJSON *line = cJSON_CreateObject();
    bool is_good = cJSON_AddNumberToObject(line, "point", (double)point);
    cJSON *values = cJSON_AddObjectToObject(line, "values");
    cJSON *measured = cJSON_AddObjectToObject(line, "metrics");
    for (size_t i = 0; i < sweep->axis_count; i++) {
        const struct vary_axis *axis = &sweep->axes[i];
        is_good &= cJSON_AddStringToObject(
                       values, axis->path,
                       axis->labels[sweep_value(sweep, point, i)]) != NULL;
    }
    for (size_t i = 0; i < METRIC_COUNT; i++)
        is_good &= add_metric(measured, metric_names[i], &metrics[i]);
    return print_and_delete(line, is_good);
}

/* -- reading ---------------------------------------------------------------
 */

struct row_place {
    const char *file;
    int line;
};

static bool refuse(const struct row_place *place, struct error *error,
                   const char *what)
{
    error_add(error, PROBLEM_INPUT, "%s:%d: %s", place->file, place->line,
              what);
    return false;
}

static bool read_header(struct rows *rows, const char *text,
                        const struct row_place *place, struct error *error)
{
    cJSON *header = cJSON_Parse(text);
    const cJSON *points = cJSON_GetObjectItemCaseSensitive(header, "points");
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(header, "kind");
    bool is_good = cJSON_IsString(kind) &&
                   strcmp(kind->valuestring, "explore") == 0 &&
                   cJSON_IsNumber(points) && points->valuedouble >= 1 &&
                   points->valuedouble <= SWEEP_POINTS_MAX;
    rows->points = is_good ? (size_t)points->valuedouble : 0;
    cJSON_Delete(header);
    if (!is_good)
        return refuse(place, error,
                      "no results of retryspec explore: expected its header");
    rows->header = arena_strdup(&rows->arena, text);
    rows->file = arena_strdup(&rows->arena, place->file);
    rows->lines = arena_array(&rows->arena, rows->points, sizeof *rows->lines);
    rows->files = arena_array(&rows->arena, rows->points, sizeof *rows->files);
    if (rows->header && rows->file && rows->lines && rows->files)
        return true;
    error_add(error, PROBLEM_MEMORY, "out of memory");
    return false;
}

static bool add_header(struct rows *rows, const char *text,
                       const struct row_place *place, struct error *error)
{
    if (!rows->header)
        return read_header(rows, text, place, error);
    if (strcmp(rows->header, text) == 0)
        return true;
    struct problem *problem =
        error_add(error, PROBLEM_INPUT,
                  "%s:%d: these are not results of the same sweep as %s",
                  place->file, place->line, rows->file);
    jsonc_hint(problem, "compare the first lines: version, seed, trials, vary, "
                        "profile and world must be the same");
    return false;
}

/* -1: no line of a point. */
static long point_of(const struct rows *rows, const char *text)
{
    cJSON *line = cJSON_Parse(text);
    const cJSON *point = cJSON_GetObjectItemCaseSensitive(line, "point");
    bool is_good =
        cJSON_IsNumber(point) && point->valuedouble >= 0 &&
        point->valuedouble < (double)rows->points &&
        cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(line, "metrics")) &&
        cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(line, "values"));
    long number = is_good ? (long)point->valuedouble : -1;
    cJSON_Delete(line);
    return number;
}

static bool add_line(struct rows *rows, const char *text,
                     const struct row_place *place, struct error *error)
{
    long point = point_of(rows, text);
    if (point < 0)
        return refuse(place, error, "this is no line of a point");
    if (rows->lines[point]) {
        error_add(error, PROBLEM_INPUT, "%s:%d: point %ld is in %s already",
                  place->file, place->line, point, rows->files[point]);
        return false;
    }
    rows->lines[point] = text;
    rows->files[point] = arena_strdup(&rows->arena, place->file);
    rows->count++;
    return rows->files[point];
}

bool rows_add(struct rows *rows, const char *file, const char *bytes,
              size_t size, size_t *whole, struct error *error)
{
    struct row_place place = {.file = file};
    const char *at = bytes, *end = bytes + size, *stop;
    bool is_good = true;
    while (is_good && at < end &&
           (stop = memchr(at, '\n', (size_t)(end - at)))) {
        char *text = arena_strndup(&rows->arena, at, (size_t)(stop - at));
        place.line++;
        is_good =
            text && (place.line == 1 ? add_header(rows, text, &place, error)
                                     : add_line(rows, text, &place, error));
        at = stop + 1;
    }
    if (whole)
        *whole = (size_t)(at - bytes);
    if (is_good && place.line == 0 && size > 0)
        return refuse(&place, error,
                      "no results of retryspec explore: expected its header");
    return is_good;
}

void rows_deinit(struct rows *rows)
{
    arena_deinit(&rows->arena);
    *rows = (struct rows){0};
}
