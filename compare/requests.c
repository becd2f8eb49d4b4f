#include "compare/requests.h"

#include <string.h>

/* For profiles that name no route. */
static const char *const any_request = "POST /v1/echo";

/* Each layer has up to so many routes that are looked at. */
enum { ROUTES_MAX = 64 };

unsigned requests_cover(const struct profile *profile,
                        const struct request_name *request)
{
    unsigned covers = 0;
    for (size_t i = 0; i < profile->layer_count; i++) {
        bool is_covered =
            layer_covers(&profile->layers[i], request->method, request->path);
        covers |= (unsigned)is_covered << i;
    }
    return covers;
}

/* "POST * /asample" without the blank becomes POST /asample, ANY is POST. */
static bool from_route(const char *route, struct arena *arena,
                       struct request_name *request)
{
    const char *blank = strchr(route, ' ');
    if (!blank)
        return false;
    char *path = arena_strdup(arena, blank + 1);
    char *method = arena_strndup(arena, route, (size_t)(blank - route));
    if (!path || !method)
        return false;
    size_t length = 0;
    for (const char *c = path; *c; c++) {
        if (*c != '*')
            path[length++] = *c;
    }
    path[length] = '\0';
    bool is_any = strcmp(method, "ANY") == 0;
    *request = (struct request_name){is_any ? "POST" : method, path};
    return true;
}

struct finder {
    const struct profile *const *profiles;
    struct arena *arena;
    struct request_list *list;
};

/* Adds a request that both cover, unless one is there that passes the same
 * layers; of such two the longer path is the one without gaps. */
static void add(struct finder *finder, struct request_name request)
{
    struct request_list *list = finder->list;
    unsigned a = requests_cover(finder->profiles[0], &request);
    unsigned b = requests_cover(finder->profiles[1], &request);
    if (a == 0 || b == 0 || list->count == ROUTES_MAX)
        return;
    for (size_t i = 0; i < list->count; i++) {
        struct request_name *other = &list->items[i];
        if (requests_cover(finder->profiles[0], other) != a ||
            requests_cover(finder->profiles[1], other) != b)
            continue;
        if (strlen(request.path) > strlen(other->path))
            *other = request;
        return;
    }
    list->items[list->count++] = request;
}

static void add_routes(struct finder *finder, const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        for (size_t k = 0; k < layer->route_count && k < ROUTES_MAX; k++) {
            struct request_name request;
            if (from_route(layer->routes[k], finder->arena, &request))
                add(finder, request);
        }
    }
}

static bool refuse(const struct profile *const profiles[2], const char *text,
                   struct error *error)
{
    error_add(error, PROBLEM_INPUT,
              "%s \"%s\": layers of both %s and %s must cover it",
              text ? "can't compare for" : "no common request, not even",
              text ? text : any_request, profiles[0]->id, profiles[1]->id);
    return false;
}

bool requests_find(const struct profile *const profiles[2], const char *text,
                   struct arena *arena, struct request_list *list,
                   struct error *error)
{
    struct finder finder = {profiles, arena, list};
    struct request_name request;
    list->count = 0;
    list->items = arena_array(arena, ROUTES_MAX, sizeof *list->items);
    if (!list->items) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    if (text && (!from_route(text, arena, &request) || *request.path != '/')) {
        error_add(error, PROBLEM_INPUT, "\"%s\" is no request such as \"%s\"",
                  text, any_request);
        return false;
    }
    if (text)
        add(&finder, request);
    for (int i = 0; !text && i < 2; i++)
        add_routes(&finder, profiles[i]);
    if (!text && from_route(any_request, arena, &request))
        add(&finder, request);
    return list->count > 0 || refuse(profiles, text, error);
}
