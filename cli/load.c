/* Loaders of what a user names: a shipped file by id, else a file on disk. */
#include "cli/cli.h"
#include "cli/source.h"

struct profile *cli_load_profile(const char *name, struct error *error)
{
    struct source source;
    if (!source_open(SHIPPED_PROFILE, name, &source, error)) {
        return NULL;
    }
    struct profile *profile =
        profile_read(source.path, source.bytes, source.size, error);
    if (profile) {
        profile->is_shipped = source.is_shipped;
    }
    source_close(&source);
    return profile;
}

struct scenario *cli_load_scenario(const char *name, struct error *error)
{
    struct source source;
    if (!source_open(SHIPPED_SCENARIO, name, &source, error)) {
        return NULL;
    }
    struct scenario *scenario =
        scenario_read(source.path, source.bytes, source.size, error);
    if (scenario) {
        scenario->is_shipped = source.is_shipped;
    }
    source_close(&source);
    return scenario;
}

struct rule_catalogue *cli_load_rules(struct error *error)
{
    struct source source;
    source_open_shipped(shipped_find(SHIPPED_RULES, "rules"), &source);
    return rules_read(source.path, source.bytes, source.size, error);
}
