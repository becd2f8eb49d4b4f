/* Loaders of what a user names: a shipped file by id, else a file on disk. */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/shipped.h"

static bool looks_like_path(const char *name)
{
    size_t length = strlen(name);
    return name[0] == '.' || name[0] == '/' ||
           (length > 5 && strcmp(name + length - 5, ".json") == 0) ||
           (length > 6 && strcmp(name + length - 6, ".jsonc") == 0);
}

static void add_unknown(enum shipped_kind kind, const char *name,
                        struct error *error)
{
    bool is_profile = kind == SHIPPED_PROFILE;
    const char *word = is_profile ? "profile" : "scenario";
    if (looks_like_path(name)) {
        error_add(error, PROBLEM_INPUT, "there is no file \"%s\"", name);
        return;
    }
    struct problem *problem =
        error_add(error, PROBLEM_INPUT, "there is no %s \"%s\"", word, name);
    struct arena arena = {0};
    const char *nearest = shipped_nearest(kind, name, &arena);
    if (nearest) {
        snprintf(problem->hint, sizeof problem->hint, "did you mean \"%s\"?",
                 nearest);
    } else {
        snprintf(problem->hint, sizeof problem->hint,
                 "\"retryspec list%s\" names them all",
                 is_profile ? " --profiles" : "");
    }
    arena_deinit(&arena);
}

struct profile *cli_load_profile(const char *name, struct error *error)
{
    const struct embedded_file *file = shipped_find(SHIPPED_PROFILE, name);
    if (file) {
        char path[SHIPPED_ID_MAX];
        return profile_read(shipped_path(file, path), file->bytes, file->size,
                            error);
    }
    if (access(name, F_OK) == 0) {
        return profile_read_file(name, error);
    }
    add_unknown(SHIPPED_PROFILE, name, error);
    return NULL;
}

struct scenario *cli_load_scenario(const char *name, struct error *error)
{
    const struct embedded_file *file = shipped_find(SHIPPED_SCENARIO, name);
    if (file) {
        char path[SHIPPED_ID_MAX];
        return scenario_read(shipped_path(file, path), file->bytes, file->size,
                             error);
    }
    if (access(name, F_OK) == 0) {
        return scenario_read_file(name, error);
    }
    add_unknown(SHIPPED_SCENARIO, name, error);
    return NULL;
}

struct rule_catalogue *cli_load_rules(struct error *error)
{
    const struct embedded_file *file = shipped_find(SHIPPED_RULES, "rules");
    char path[SHIPPED_ID_MAX];
    return rules_read(shipped_path(file, path), file->bytes, file->size, error);
}
