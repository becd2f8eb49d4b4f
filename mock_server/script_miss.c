#include "mock_server/script_miss.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "model/units.h"

enum { LOOK = 80 /* bytes of a path that are compared and shown */ };

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (Levenshtein) between the first LOOK bytes of two paths. */
static size_t count_edits(const char *left, const char *right)
{
    size_t width = strnlen(right, LOOK), height = strnlen(left, LOOK);
    size_t row[LOOK + 1];
    for (size_t x = 0; x <= width; x++)
        row[x] = x;
    for (size_t y = 1; y <= height; y++) {
        size_t corner = row[0];
        row[0] = y;
        for (size_t x = 1; x <= width; x++) {
            size_t replaced = corner + (left[y - 1] != right[x - 1]);
            corner = row[x];
            row[x] = min_size(replaced, min_size(row[x], row[x - 1]) + 1);
        }
    }
    return row[width];
}

static bool is_method(const struct route *route, const char *method)
{
    return !route->method || strcmp(route->method, method) == 0;
}

/* Does the path alone match? A route always matches its own method. */
static bool is_path(const struct route *route, const char *path)
{
    return route_matches(route, route->method ? route->method : "GET", path);
}

/* A wrong method is nearer than any wrong path. */
static size_t distance(const struct route *route, const char *method,
                       const char *path)
{
    size_t edits =
        is_path(route, path) ? 0 : 1 + count_edits(path, route->path);
    return 2 * edits + !is_method(route, method);
}

static const struct route *nearest(const struct scenario *scenario,
                                   const char *method, const char *path)
{
    const struct route *best = NULL;
    size_t best_distance = SIZE_MAX;
    for (size_t i = 0; i < scenario->route_count; i++) {
        size_t far = distance(&scenario->routes[i], method, path);
        if (far < best_distance) {
            best_distance = far;
            best = &scenario->routes[i];
        }
    }
    return best;
}

char *script_miss_explain(const struct scenario *scenario, const char *method,
                          const char *path, char text[400])
{
    const struct route *route = nearest(scenario, method, path);
    if (!route) {
        snprintf(text, 400, "the scenario has no route");
        return text;
    }
    bool is_same_method = is_method(route, method);
    const char *wanted = route->method ? route->method : "ANY";
    size_t used = (size_t)snprintf(
        text, 400,
        "%.16s %.*s matches no route; nearest is %s \"%s %.*s\":", method, LOOK,
        path, route->where, wanted, LOOK, route->path);
    if (!is_same_method)
        used += (size_t)snprintf(text + used, 400 - used,
                                 " method %.16s is not %s", method, wanted);
    if (!is_path(route, path))
        snprintf(text + used, 400 - used, "%s path %.*s is not %.*s",
                 is_same_method ? "" : ",", LOOK / 2, path, LOOK / 2,
                 route->path);
    return text;
}

char *script_miss_no_reply(const struct route *route, int64_t since_ns,
                           char text[400])
{
    char span[UNITS_TEXT_MAX];
    if (route->is_windowed)
        snprintf(
            text, 400, "no window of %s is open %s after the first request",
            route->where, units_format_seconds(since_ns, span, sizeof span));
    else
        snprintf(text, 400,
                 "the steps of %s are used up and after_last is \"fail\"",
                 route->where);
    return text;
}

char *script_miss_body(const char *reason)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "error", "retryspec has no reply");
    cJSON_AddStringToObject(object, "reason", reason);
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return text;
}
