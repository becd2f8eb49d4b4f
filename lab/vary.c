#include "lab/vary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/jsonc.h"
#include "model/units.h"

enum { POINTS_DEFAULT = 5 };

static bool out_of_memory(struct error *error)
{
    error_add(error, PROBLEM_MEMORY, "out of memory");
    return false;
}

/* -- one value -------------------------------------------------------------
 */

static bool is_json(const char *text)
{
    cJSON *item = cJSON_ParseWithOpts(text, NULL, true);
    cJSON_Delete(item);
    return item;
}

/* "sym:0.25" is {"symmetric": 0.25}; any other word before a number is itself
 * the key. NULL if it is no such thing, or without memory. */
static char *law_json(const char *text, struct arena *arena)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text || !is_json(colon + 1))
        return NULL;
    int length = (int)(colon - text);
    bool is_short = length == 3 && strncmp(text, "sym", 3) == 0;
    size_t room = strlen(text) + 32;
    char *json = arena_alloc(arena, room);
    if (json)
        snprintf(json, room, "{\"%.*s\":%s}", is_short ? 9 : length,
                 is_short ? "symmetric" : text, colon + 1);
    return json;
}

static char *string_json(const char *text, struct arena *arena)
{
    cJSON *item = cJSON_CreateString(text);
    char *printed = item ? cJSON_PrintUnformatted(item) : NULL;
    char *json = printed ? arena_strdup(arena, printed) : NULL;
    cJSON_free(printed);
    cJSON_Delete(item);
    return json;
}

static const char *value_json(const char *text, struct arena *arena)
{
    if (is_json(text))
        return text;
    const char *law = law_json(text, arena);
    return law ? law : string_json(text, arena);
}

/* -- lists and ranges ------------------------------------------------------
 */

struct values {
    const char **labels, **json;
    size_t count;
    struct arena *arena;
};

static bool add(struct values *values, const char *label)
{
    const char *json = label ? value_json(label, values->arena) : NULL;
    if (!json || values->count == VARY_VALUES_MAX)
        return false;
    values->labels[values->count] = label;
    values->json[values->count++] = json;
    return true;
}

/* The end of a list's item: a comma outside brackets and strings. */
static const char *item_end(const char *at)
{
    int depth = 0;
    bool is_quoted = false;
    for (; *at && (*at != ',' || depth > 0 || is_quoted); at++) {
        is_quoted ^= *at == '"' && at[-1] != '\\';
        depth += !is_quoted && (*at == '{' || *at == '[');
        depth -= !is_quoted && (*at == '}' || *at == ']');
    }
    return at;
}

struct range {
    double from, to;
    bool is_time, is_log, is_whole;
    size_t points;
};

static bool read_end(const char *text, double *value, bool *is_time)
{
    int64_t ns;
    char *end;
    *is_time = units_parse_duration(text, &ns);
    *value = *is_time ? (double)ns : strtod(text, &end);
    return *is_time || (end != text && !*end && isfinite(*value));
}

static bool read_scale(char *text, struct range *range)
{
    for (char *word = strtok(text, ":"); word; word = strtok(NULL, ":")) {
        char *end;
        unsigned long points = strtoul(word, &end, 10);
        if (strcmp(word, "log") == 0)
            range->is_log = true;
        else if (!*end && points >= 2 && points <= VARY_VALUES_MAX)
            range->points = points;
        else if (strcmp(word, "lin") != 0)
            return false;
    }
    return true;
}

/* "1s..60s:log:9", taken apart in place. */
static bool read_range(char *text, struct range *range)
{
    bool is_time;
    char *dots = strstr(text, ".."), *scale = strchr(text, ':');
    *range = (struct range){.points = POINTS_DEFAULT};
    if (scale)
        *scale++ = '\0';
    *dots = '\0';
    range->is_whole = !strchr(text, '.') && !strchr(dots + 2, '.');
    return read_end(text, &range->from, &range->is_time) &&
           read_end(dots + 2, &range->to, &is_time) &&
           range->is_time == is_time && (!scale || read_scale(scale, range)) &&
           range->from < range->to && (!range->is_log || range->from > 0);
}

/* To four digits: a point of a range is a round number, the same one on every
 * machine. */
static double rounded(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.3e", value);
    return strtod(text, NULL);
}

static const char *point_label(const struct range *range, size_t i,
                               struct arena *arena)
{
    char text[UNITS_TEXT_MAX];
    double share = (double)i / (double)(range->points - 1);
    double value = range->is_log
                       ? range->from * pow(range->to / range->from, share)
                       : range->from + (range->to - range->from) * share;
    value = i == range->points - 1 ? range->to : rounded(value);
    if (range->is_time)
        units_format_duration((int64_t)value, text, sizeof text);
    else
        snprintf(text, sizeof text, "%.6g",
                 range->is_whole ? round(value) : value);
    return arena_strdup(arena, text);
}

static bool add_range(struct values *values, char *text)
{
    struct range range;
    if (!read_range(text, &range))
        return false;
    const char *last = "";
    for (size_t i = 0; i < range.points; i++) {
        const char *label = point_label(&range, i, values->arena);
        bool is_new = !label || strcmp(label, last) != 0; /* whole numbers */
        if (is_new && !add(values, label))
            return false;
        last = label;
    }
    return true;
}

static bool is_range(const char *text)
{
    return strstr(text, "..") && text[0] != '"' && text[0] != '{';
}

static bool add_items(struct values *values, const char *at)
{
    for (;; at++) {
        const char *end = item_end(at);
        char *item = arena_strndup(values->arena, at, (size_t)(end - at));
        if (!item || !*item ||
            !(is_range(item) ? add_range(values, item) : add(values, item)))
            return false;
        at = end;
        if (!*at)
            return true;
    }
}

bool vary_read(const char *text, struct arena *arena, struct vary_axis *axis,
               struct error *error)
{
    const char *equals = strchr(text, '=');
    struct values values = {
        .labels = arena_array(arena, VARY_VALUES_MAX, sizeof *values.labels),
        .json = arena_array(arena, VARY_VALUES_MAX, sizeof *values.json),
        .arena = arena,
    };
    if (!values.labels || !values.json)
        return out_of_memory(error);
    if (!equals || equals == text || !add_items(&values, equals + 1)) {
        struct problem *problem =
            error_add(error, PROBLEM_INPUT, "can't vary by \"%.80s\"", text);
        jsonc_hint(problem,
                   "such as backoff.cap=1s..60s:log:9 or "
                   "jitter=none,full,sym:0.25; at most %d values",
                   VARY_VALUES_MAX);
        return false;
    }
    *axis = (struct vary_axis){
        .path = arena_strndup(arena, text, (size_t)(equals - text)),
        .labels = values.labels,
        .json = values.json,
        .count = values.count,
    };
    return axis->path || out_of_memory(error);
}
