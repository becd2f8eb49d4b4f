/* The part of the profile reader for what is said of whole calls. */
#include <string.h>

#include "model/fields.h"
#include "model/profile_read.h"

enum { HANDLERS_MAX = 1000000 };

static const char *const queue_state_keys[] = {"state", "reason", "debounce",
                                               NULL};

/* Cuts "POST /v1/x" into its method and its path. False if it is no request:
 * unlike a route, it names one path. */
static bool split_request(char *text, struct follow_up *follow_up)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t method = strspn(text, letters);
    if (method == 0 || text[method] != ' ' || text[method + 1] != '/' ||
        strpbrk(text + method + 1, " ?#*") || strncmp(text, "ANY ", 4) == 0) {
        return false;
    }
    text[method] = '\0';
    *follow_up = (struct follow_up){text, text + method + 1};
    return true;
}

/* Nobody would retry it, nor limit its time. */
static bool is_covered(const struct profile *profile)
{
    const struct follow_up *follow_up = &profile->follow_up;
    for (size_t i = 0; i < profile->layer_count; i++) {
        if (layer_covers(&profile->layers[i], follow_up->method,
                         follow_up->path)) {
            return true;
        }
    }
    return false;
}

/* Routes that did not read are not there to ask. */
static bool has_all_routes(const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        for (size_t r = 0; r < profile->layers[i].route_count; r++) {
            if (!profile->layers[i].routes[r]) {
                return false;
            }
        }
    }
    return true;
}

static void read_follow_up(const struct jsonc_value *root,
                           struct profile *profile)
{
    const char *text = NULL;
    struct jsonc_value at;
    if (!fields_text(root, "follow_up", &profile->arena, &text) ||
        !jsonc_get(root, "follow_up", &at)) {
        return;
    }
    char *words = arena_strdup(&profile->arena, text);
    if (!words) {
        fields_out_of_memory(&at);
    } else if (!split_request(words, &profile->follow_up)) {
        fields_expected(&at, "a method and a path without query or *, such as "
                             "\"POST /v1/result\"");
    } else if (has_all_routes(profile) && !is_covered(profile)) {
        jsonc_hint(jsonc_problem(&at, "no layer covers %s %s",
                                 profile->follow_up.method,
                                 profile->follow_up.path),
                   "add it to the \"routes\" of a layer");
    }
}

static void read_queue_state(const struct jsonc_value *root,
                             struct profile *profile)
{
    struct queue_state *queue = &profile->queue_state;
    struct jsonc_value at;
    if (!jsonc_get(root, "queue_state", &at) ||
        !fields_open(&at, queue_state_keys)) {
        return;
    }
    if (fields_need(&at, "state")) {
        profile_read_pointer(&at, "state", &profile->arena, &queue->state);
    }
    profile_read_pointer(&at, "reason", &profile->arena, &queue->reason);
    fields_duration(&at, "debounce", &queue->debounce_ns);
}

void profile_read_calls(const struct jsonc_value *root, struct profile *profile)
{
    read_follow_up(root, profile);
    read_queue_state(root, profile);
    fields_int(root, "handler_cache", (struct fields_range){1, HANDLERS_MAX},
               &profile->handler_cache);
}
