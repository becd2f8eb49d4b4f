#include "model/profile.h"

#include <stdlib.h>
#include <string.h>

#include "model/path_pattern.h"

void profile_free(struct profile *profile)
{
    if (!profile) {
        return;
    }
    arena_deinit(&profile->arena);
    free(profile);
}

enum level profile_level(const struct profile *profile, const char *rule)
{
    for (size_t i = 0; i < profile->level_count; i++) {
        if (strcmp(profile->levels[i].rule, rule) == 0) {
            return profile->levels[i].level;
        }
    }
    return LEVEL_PROFILE;
}

/* A route is a method, one space and a path pattern; "ANY" is any method. */
static bool route_covers(const char *route, const char *method,
                         const char *path)
{
    size_t length = strlen(method);
    if (strncmp(route, method, length) != 0 || route[length] != ' ') {
        length = 3;
        if (strncmp(route, "ANY ", length + 1) != 0) {
            return false;
        }
    }
    return path_pattern_matches(route + length + 1, path);
}

bool layer_covers(const struct layer *layer, const char *method,
                  const char *path)
{
    for (size_t i = 0; i < layer->route_count; i++) {
        if (route_covers(layer->routes[i], method, path)) {
            return true;
        }
    }
    return layer->route_count == 0;
}
