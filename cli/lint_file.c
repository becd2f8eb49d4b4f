#include "cli/lint_file.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/rule_names.h"
#include "client/retry.h"
#include "model/jsonc.h"
#include "model/profile.h"
#include "model/scenario.h"
#include "model/world.h"

const char *const lint_kind_words[] = {
    [LINT_UNKNOWN] = "unknown", [LINT_SCENARIO] = "scenario",
    [LINT_PROFILE] = "profile", [LINT_WORLD] = "world",
    [LINT_RULES] = "rules",
};

/* A key that only one kind has says which it is, so that a file with other
 * errors is still read by the right reader. */
static enum lint_kind detect_kind(const struct jsonc_value *root)
{
    static const struct {
        const char *key;
        enum lint_kind kind;
    } marks[] = {
        {"world", LINT_WORLD},     {"arrivals", LINT_WORLD},
        {"profile", LINT_PROFILE}, {"layers", LINT_PROFILE},
        {"rules", LINT_RULES},     {"id", LINT_SCENARIO},
        {"server", LINT_SCENARIO}, {"workload", LINT_SCENARIO},
        {"checks", LINT_SCENARIO},
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        struct jsonc_value value;
        if (jsonc_get(root, marks[i].key, &value)) {
            return marks[i].kind;
        }
    }
    return LINT_UNKNOWN;
}

static void add_unknown_kind(const struct jsonc_value *root)
{
    struct problem *problem = jsonc_problem(
        root, "neither a scenario, a profile, a world nor a rule catalogue");
    snprintf(problem->hint, sizeof problem->hint,
             "a scenario has \"id\" and \"server\", a profile \"profile\" and "
             "\"layers\", a world \"world\", a catalogue \"rules\"");
}

static void lint_scenario(struct lint_file *file, struct jsonc_value *root,
                          const struct rule_catalogue *rules)
{
    const struct source *source = &file->source;
    size_t count = 1;
    struct scenario *scenario =
        cli_read_variant(source, 0, &count, &file->problems);
    for (size_t i = 1; scenario && i < count; i++) {
        scenario_free(scenario);
        scenario = cli_read_variant(source, i, &count, &file->problems);
    }
    if (!scenario) {
        return;
    }
    snprintf(file->id, sizeof file->id, "%s", scenario->id);
    if (count > 1) {
        *strrchr(file->id, '/') = '\0'; /* the file's, without the matrix */
    }
    rule_names_check_scenario(root, scenario, rules);
    scenario_free(scenario);
}

static void lint_profile(struct lint_file *file, struct jsonc_value *root,
                         const struct rule_catalogue *rules)
{
    const struct source *source = &file->source;
    struct profile *profile = profile_read(source->path, source->bytes,
                                           source->size, &file->problems);
    if (!profile) {
        return;
    }
    snprintf(file->id, sizeof file->id, "%s", profile->id);
    rule_names_check_profile(root, profile, rules);
    profile_free(profile);
}

static void lint_world(struct lint_file *file)
{
    const struct source *source = &file->source;
    struct world *world =
        world_read(source->path, source->bytes, source->size, &file->problems);
    if (world) {
        snprintf(file->id, sizeof file->id, "%s", world->id);
        world_free(world);
    }
}

static void lint_rules(struct lint_file *file)
{
    const struct source *source = &file->source;
    rules_free(
        rules_read(source->path, source->bytes, source->size, &file->problems));
}

void lint_file_check(struct lint_file *file, const struct rule_catalogue *rules)
{
    struct jsonc doc;
    const struct source *source = &file->source;
    if (!jsonc_open(&doc, source->path, source->bytes, source->size,
                    &file->problems)) {
        return;
    }
    struct jsonc_value root = jsonc_root(&doc);
    file->kind = detect_kind(&root);
    switch (file->kind) {
    case LINT_UNKNOWN:
        add_unknown_kind(&root);
        break;
    case LINT_SCENARIO:
        lint_scenario(file, &root, rules);
        break;
    case LINT_PROFILE:
        lint_profile(file, &root, rules);
        break;
    case LINT_WORLD:
        lint_world(file);
        break;
    case LINT_RULES:
        lint_rules(file);
        break;
    }
    jsonc_close(&doc);
}
