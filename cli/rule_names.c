#include "cli/rule_names.h"

const char **rule_names_list(const struct rule_catalogue *rules,
                             struct arena *arena)
{
    const char **ids = arena_array(arena, rules->count + 1, sizeof *ids);
    for (size_t i = 0; ids && i < rules->count; i++) {
        ids[i] = rules->rules[i].id;
    }
    return ids;
}

const char *rule_names_nearest(const char *id,
                               const struct rule_catalogue *rules)
{
    struct arena arena = {0};
    const char **ids = rule_names_list(rules, &arena);
    const char *nearest = ids ? jsonc_nearest(id, ids) : NULL;
    arena_deinit(&arena);
    return nearest;
}

static void check(const struct jsonc_value *at, const char *id,
                  const struct rule_catalogue *rules)
{
    if (rules_find(rules, id)) {
        return;
    }
    struct problem *problem = jsonc_problem(at, "there is no rule \"%s\"", id);
    const char *nearest = rule_names_nearest(id, rules);
    if (nearest) {
        jsonc_hint(problem, "did you mean \"%s\"?", nearest);
    } else {
        jsonc_hint(problem, "\"retryspec explain\" names them all");
    }
}

/* `list` is an array of rule ids, or of objects with a "rule". */
static void check_element(const struct jsonc_value *list, size_t index,
                          const char *id, const struct rule_catalogue *rules)
{
    struct jsonc_value at = jsonc_at(list, (int)index), inner;
    bool is_object = cJSON_IsObject(at.item) && jsonc_get(&at, "rule", &inner);
    check(is_object ? &inner : &at, id, rules);
}

void rule_names_check_scenario(const struct jsonc_value *root,
                               const struct scenario *scenario,
                               const struct rule_catalogue *rules)
{
    struct jsonc_value checks;
    bool has_any = jsonc_get(root, "checks", &checks);
    for (size_t i = 0; has_any && i < scenario->check_count; i++) {
        check_element(&checks, i, scenario->checks[i].rule, rules);
    }
}

void rule_names_check_profile(const struct jsonc_value *root,
                              const struct profile *profile,
                              const struct rule_catalogue *rules)
{
    struct jsonc_value at;
    bool has_any = jsonc_get(root, "not_applicable", &at);
    for (size_t i = 0; has_any && i < profile->not_applicable_count; i++) {
        check_element(&at, i, profile->not_applicable[i].rule, rules);
    }
    has_any = jsonc_get(root, "levels", &at);
    for (size_t i = 0; has_any && i < profile->level_count; i++) {
        struct jsonc_value member = jsonc_member(&at, (int)i);
        check(&member, profile->levels[i].rule, rules);
    }
}
