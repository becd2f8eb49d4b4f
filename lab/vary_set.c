/* Where a path fits in a file, and what is put there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/vary.h"
#include "model/jsonc.h"

/* A step of a path: a key, and an element of the list there; -1: all. */
struct key {
    char name[64];
    int index;
};

struct search {
    struct key keys[VARY_KEYS_MAX];
    int count;
    const char *json;
    bool adds; /* the last key where it is missing */
    int found;
};

/* -- the path --------------------------------------------------------------
 */

static bool read_key(const char **at, struct key *key)
{
    size_t length = strcspn(*at, ".[");
    if (length == 0 || length >= sizeof key->name)
        return false;
    memcpy(key->name, *at, length);
    key->name[length] = '\0';
    key->index = -1;
    *at += length;
    if (**at == '[') {
        char *end;
        unsigned long index = strtoul(*at + 1, &end, 10);
        if (*end != ']' || index > 1000)
            return false;
        key->index = (int)index;
        *at = end + 1;
    }
    return true;
}

static bool read_path(const char *path, struct search *search)
{
    for (const char *at = path;; at++) {
        if (search->count == VARY_KEYS_MAX ||
            !read_key(&at, &search->keys[search->count++]))
            return false;
        if (!*at)
            return true;
        if (*at != '.')
            return false;
    }
}

/* -- the search ------------------------------------------------------------
 */

static void put(struct search *search, cJSON *object, const char *name)
{
    cJSON *value = cJSON_Parse(search->json);
    bool is_there = cJSON_GetObjectItemCaseSensitive(object, name);
    bool is_put =
        value &&
        (is_there ? cJSON_ReplaceItemInObjectCaseSensitive(object, name, value)
                  : cJSON_AddItemToObject(object, name, value));
    if (is_put)
        search->found++;
    else
        cJSON_Delete(value);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the file, JSONC_DEPTH_MAX */
static void follow(struct search *search, cJSON *at, int k);

/* What is behind key k, which may be a list. */
static void enter(struct search *search, cJSON *value, int k)
{
    int index = search->keys[k].index;
    if (!cJSON_IsArray(value)) {
        follow(search, value, k + 1);
        return;
    }
    for (int i = 0; i < cJSON_GetArraySize(value); i++) {
        if (index < 0 || index == i)
            follow(search, cJSON_GetArrayItem(value, i), k + 1);
    }
}

static void follow(struct search *search, cJSON *at, int k)
{
    const struct key *key = &search->keys[k];
    if (!cJSON_IsObject(at))
        return;
    cJSON *value = cJSON_GetObjectItemCaseSensitive(at, key->name);
    if (k == search->count - 1) {
        if (value || (search->adds && k > 0))
            put(search, at, key->name);
    } else if (value) {
        enter(search, value, k);
    }
}

/* Begins the path at every object of the file. */
static void begin_everywhere(struct search *search, cJSON *at)
{
    for (cJSON *child = at ? at->child : NULL; child; child = child->next)
        begin_everywhere(search, child);
    follow(search, at, 0);
}
/* NOLINTEND(misc-no-recursion) */

static int set_in(cJSON *root, struct search search, bool adds)
{
    search.adds = adds;
    begin_everywhere(&search, root);
    return search.found;
}

/* A key alone that is nowhere is one that a back-off may have. */
static void in_backoff(struct search *search)
{
    if (search->count == 1) {
        search->keys[1] = search->keys[0];
        search->keys[0] = (struct key){.name = "backoff", .index = -1};
        search->count = 2;
    }
}

/* -- both files ------------------------------------------------------------
 */

static const char *without(const char *prefix, const char *path)
{
    size_t length = strlen(prefix);
    return strncmp(path, prefix, length) == 0 ? path + length : NULL;
}

static bool refuse(const struct vary_axis *axis, const char *why,
                   const char *hint, struct error *error)
{
    struct problem *problem = error_add(
        error, PROBLEM_INPUT, "can't vary \"%.80s\": %s", axis->path, why);
    jsonc_hint(problem, "%s", hint);
    return false;
}

bool vary_set(const struct vary_axis *axis, size_t index,
              const struct vary_files *files, struct error *error)
{
    const char *in_profile = without("profile.", axis->path);
    const char *in_world = without("world.", axis->path);
    const char *path = in_profile ? in_profile : in_world;
    struct search search = {.json = axis->json[index]};
    if (!read_path(path ? path : axis->path, &search))
        return refuse(axis, "that is no path",
                      "keys joined by dots, such as backoff.cap or "
                      "layers[0].budget.attempts",
                      error);
    cJSON *profile = in_world ? NULL : files->profile;
    cJSON *world = in_profile ? NULL : files->world;
    int in_first = set_in(profile, search, false);
    int in_second = set_in(world, search, false);
    if (in_first + in_second == 0) {
        in_backoff(&search);
        in_first = set_in(profile, search, true);
        in_second = set_in(world, search, true);
    }
    if (in_first > 0 && in_second > 0)
        return refuse(axis, "profile and world both have it",
                      "begin the path with \"profile.\" or \"world.\"", error);
    if (in_first + in_second == 0)
        return refuse(axis, "neither the profile nor the world has it",
                      "\"retryspec show\" prints the profile; of a key that is "
                      "missing name the object it belongs in, as in "
                      "budget.attempts",
                      error);
    return true;
}
