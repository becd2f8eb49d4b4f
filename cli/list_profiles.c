#include "cli/list_profiles.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/shipped.h"
#include "client/retry.h"

/* Ids in order of the alphabet, so that families stand together: what is
 * before the first dash is the family. */
struct listing {
    const char **ids;
    size_t count;
};

static bool is_same_family(const char *a, const char *b)
{
    size_t length = strcspn(a, "-");
    return strcspn(b, "-") == length && strncmp(a, b, length) == 0;
}

/* Is it alone of its family? `i` may be past the end. */
static bool is_alone(const struct listing *listing, size_t i)
{
    const char *const *ids = listing->ids;
    return !(i > 0 && is_same_family(ids[i - 1], ids[i])) &&
           !(i + 1 < listing->count && is_same_family(ids[i], ids[i + 1]));
}

/* A blank line around each family; those who are alone stand together. */
static bool has_break(const struct listing *listing, size_t i)
{
    return i > 0 && !is_same_family(listing->ids[i - 1], listing->ids[i]) &&
           !(is_alone(listing, i - 1) && is_alone(listing, i));
}

/* -- which ones ------------------------------------------------------------ */

static bool is_wanted(const struct list_profiles_request *request,
                      const char *id)
{
    for (size_t i = 0; i < request->pattern_count; i++) {
        if (fnmatch(request->patterns[i], id, 0) == 0) {
            return true;
        }
    }
    return request->pattern_count == 0;
}

static void add_no_match(const char *pattern, struct error *error)
{
    struct problem *problem = error_add(
        error, PROBLEM_INPUT, "pattern \"%s\" matches no profile", pattern);
    struct arena arena = {0};
    const char *nearest = shipped_nearest(SHIPPED_PROFILE, pattern, &arena);
    if (nearest && !strpbrk(pattern, "*?")) {
        snprintf(problem->hint, sizeof problem->hint, "did you mean \"%s\"?",
                 nearest);
    } else {
        snprintf(problem->hint, sizeof problem->hint,
                 "\"retryspec list --profiles\" names them all");
    }
    arena_deinit(&arena);
}

/* A pattern that matches nothing is never silently ignored. */
static bool check_patterns(const struct list_profiles_request *request,
                           const char *const *ids, struct error *error)
{
    for (size_t i = 0; i < request->pattern_count; i++) {
        bool matches = false;
        for (size_t k = 0; ids[k] && !matches; k++) {
            matches = fnmatch(request->patterns[i], ids[k], 0) == 0;
        }
        if (!matches) {
            add_no_match(request->patterns[i], error);
        }
    }
    return !error_is_set(error);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool choose(const struct list_profiles_request *request,
                   struct arena *arena, struct listing *listing,
                   struct error *error)
{
    const char *const *ids = shipped_ids(SHIPPED_PROFILE, arena);
    size_t count = 0;
    while (ids && ids[count]) {
        count++;
    }
    listing->ids = arena_array(arena, count + 1, sizeof *listing->ids);
    if (!ids || !listing->ids) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_wanted(request, ids[i])) {
            listing->ids[listing->count++] = ids[i];
        }
    }
    qsort(listing->ids, listing->count, sizeof *listing->ids, compare_ids);
    return check_patterns(request, ids, error);
}

/* -- printing -------------------------------------------------------------- */

static cJSON *profile_to_json(const struct profile *profile)
{
    cJSON *object = cJSON_CreateObject();
    out_json_text(object, "id", profile->id);
    out_json_text(object, "title", profile->title);
    out_json_text(object, "source", profile->source);
    cJSON_AddNumberToObject(object, "layers", (double)profile->layer_count);
    if (profile->follow_up.path) {
        char follow_up[512];
        snprintf(follow_up, sizeof follow_up, "%s %s",
                 profile->follow_up.method, profile->follow_up.path);
        out_json_text(object, "follow_up", follow_up);
    }
    return object;
}

/* Prints one, or adds it to the array. */
static bool print_profile(const char *id, int width, cJSON *array)
{
    struct error error = {0};
    struct profile *profile = cli_load_profile(id, &error);
    if (!profile) {
        cli_fail(&error);
        return false;
    }
    if (array) {
        cJSON_AddItemToArray(array, profile_to_json(profile));
    } else {
        printf("%-*s  %6zu  %s\n", width, profile->id, profile->layer_count,
               profile->title ? profile->title : "");
    }
    profile_free(profile);
    return true;
}

static bool print_all(const struct listing *listing, cJSON *array)
{
    size_t width = strlen("id");
    for (size_t i = 0; i < listing->count; i++) {
        size_t length = strlen(listing->ids[i]);
        width = length > width ? length : width;
    }
    if (!array) {
        printf("%-*s  layers  title\n", (int)width, "id");
    }
    for (size_t i = 0; i < listing->count; i++) {
        if (!array && has_break(listing, i)) {
            putchar('\n');
        }
        if (!print_profile(listing->ids[i], (int)width, array)) {
            return false;
        }
    }
    return true;
}

int list_profiles(const struct list_profiles_request *request)
{
    struct arena arena = {0};
    struct listing listing = {0};
    struct error error = {0};
    if (!choose(request, &arena, &listing, &error)) {
        arena_deinit(&arena);
        return cli_fail(&error);
    }
    cJSON *array = request->is_json ? cJSON_CreateArray() : NULL;
    bool is_fine = print_all(&listing, array);
    int code = request->is_json ? out_json(array) : EXIT_SUCCESS;
    if (is_fine && !request->is_json) {
        printf("%zu profile%s\n", listing.count, listing.count == 1 ? "" : "s");
    }
    arena_deinit(&arena);
    return is_fine ? code : EXIT_SYSTEM;
}
