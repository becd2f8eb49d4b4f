#include "compare/levels.h"

static enum level level_of(const struct profile *profile,
                           const struct rule *rule)
{
    enum level own = profile_level(profile, rule->id);
    return own == LEVEL_PROFILE ? rule->level : own;
}

bool levels_compare(struct comparison *comparison,
                    const struct rule_catalogue *rules)
{
    struct arena *arena = &comparison->arena;
    struct compare_level *levels =
        arena_array(arena, rules->count, sizeof *levels);
    for (size_t i = 0; levels && i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        struct compare_level level = {
            .rule = arena_strdup(arena, rule->id),
            .title = arena_strdup(arena, rule->title),
            .a = level_of(comparison->a, rule),
            .b = level_of(comparison->b, rule),
        };
        if (!level.rule || !level.title) {
            return false;
        }
        if (level.a != level.b) {
            levels[comparison->level_count++] = level;
        }
    }
    comparison->levels = levels;
    return levels != NULL;
}
