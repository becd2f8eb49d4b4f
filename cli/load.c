/* Loaders of what a user names: a shipped file by id, else a file on disk. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/rule_names.h"
#include "cli/source.h"

/* A misspelt rule would silently keep its level, or be judged after all. */
static bool check_rules(const struct source *source,
                        const struct profile *profile, struct error *error)
{
    struct jsonc doc;
    int problems_before = error->count + error->dropped;
    if (source->is_shipped ||
        profile->level_count + profile->not_applicable_count == 0) {
        return true;
    }
    struct rule_catalogue *rules = cli_load_rules(error);
    if (rules &&
        jsonc_open(&doc, source->path, source->bytes, source->size, error)) {
        struct jsonc_value root = jsonc_root(&doc);
        rule_names_check_profile(&root, profile, rules);
        jsonc_close(&doc);
    }
    rules_free(rules);
    return error->count + error->dropped == problems_before;
}

struct profile *cli_load_profile(const char *name, struct error *error)
{
    struct source source;
    if (!source_open(SHIPPED_PROFILE, name, &source, error)) {
        return NULL;
    }
    struct profile *profile =
        profile_read(source.path, source.bytes, source.size, error);
    if (profile && check_rules(&source, profile, error)) {
        profile->is_shipped = source.is_shipped;
    } else {
        profile_free(profile);
        profile = NULL;
    }
    source_close(&source);
    return profile;
}

struct scenario *cli_read_variant(const struct source *source, size_t index,
                                  size_t *count, struct error *error)
{
    const struct scenario_text text = {source->path, source->bytes,
                                       source->size};
    struct scenario *scenario =
        scenario_read_variant(&text, index, count, error);
    if (scenario) {
        scenario->is_shipped = source->is_shipped;
    }
    return scenario;
}

/* Of a file with a matrix, the one that is named. */
static struct scenario *read_named(const struct source *source,
                                   const char *name, struct error *error)
{
    char first[SHIPPED_ID_MAX] = "";
    size_t count = 1;
    for (size_t i = 0; i < count; i++) {
        struct scenario *scenario = cli_read_variant(source, i, &count, error);
        if (!scenario || count == 1 || strcmp(scenario->id, name) == 0) {
            return scenario;
        }
        if (i == 0) {
            snprintf(first, sizeof first, "%s", scenario->id);
        }
        scenario_free(scenario);
    }
    struct problem *problem =
        error_add(error, PROBLEM_INPUT, "\"%s\" names no single scenario of %s",
                  name, source->path);
    snprintf(problem->hint, sizeof problem->hint,
             "it holds %zu, such as \"%.120s\"", count, first);
    return NULL;
}

struct scenario *cli_load_scenario(const char *name, struct error *error)
{
    struct source source;
    if (!source_open(SHIPPED_SCENARIO, name, &source, error)) {
        return NULL;
    }
    struct scenario *scenario = read_named(&source, name, error);
    source_close(&source);
    return scenario;
}

struct rule_catalogue *cli_load_rules(struct error *error)
{
    struct source source;
    source_open_shipped(shipped_find(SHIPPED_RULES, "rules"), &source);
    return rules_read(source.path, source.bytes, source.size, error);
}
