#include "model/profile.h"

#include <stdlib.h>
#include <string.h>

#include "model/scenario.h"

void profile_free(struct profile *profile)
{
    if (!profile) {
        return;
    }
    arena_deinit(&profile->arena);
    free(profile);
}

/* A pattern is a method, one space and a path pattern; "ANY" is any method. */
static bool pattern_covers(const char *pattern, const char *method,
                           const char *path)
{
    const char *space = strchr(pattern, ' ');
    size_t length = (size_t)(space - pattern);
    bool is_any = strncmp(pattern, "ANY ", 4) == 0;
    if (!is_any &&
        (strlen(method) != length || strncmp(pattern, method, length) != 0)) {
        return false;
    }
    const struct route route = {.path = space + 1};
    return route_matches(&route, method, path);
}

bool layer_covers(const struct layer *layer, const char *method,
                  const char *path)
{
    for (size_t i = 0; i < layer->route_count; i++) {
        if (pattern_covers(layer->routes[i], method, path)) {
            return true;
        }
    }
    return layer->route_count == 0;
}
