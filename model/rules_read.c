#include <stdlib.h>
#include <string.h>

#include "model/fields.h"
#include "model/level.h"
#include "model/verdict.h"

enum { RULES_MAX = 1024, TOLERANCES_MAX = 16 };

static void read_tolerances(const struct jsonc_value *at, struct arena *arena,
                            struct rule *rule)
{
    static const char *const keys[] = {"from", "allows", NULL};
    struct fields_list list;
    if (!fields_need(at, "tolerances") ||
        !fields_list(at, "tolerances", (struct fields_range){0, TOLERANCES_MAX},
                     &list)) {
        return;
    }
    struct rule_tolerance *items =
        fields_array(at, arena, list.count, sizeof *items);
    for (size_t i = 0; items && i < list.count; i++) {
        struct jsonc_value item = jsonc_at(&list.at, (int)i);
        int index = 0;
        if (!fields_open(&item, keys)) {
            continue;
        }
        if (fields_need(&item, "from") &&
            fields_choice(&item, "from", tolerance_words, &index)) {
            items[i].source = (enum tolerance_source)index;
        }
        fields_need_line(&item, "allows", arena, &items[i].allows);
    }
    rule->tolerances = items;
    rule->tolerance_count = items ? list.count : 0;
}

static void read_rule(const struct jsonc_value *at, struct arena *arena,
                      struct rule *rule)
{
    static const char *const keys[] = {
        "id",     "level",  "title",    "text",       "computed",
        "source", "causes", "includes", "tolerances", NULL};
    struct jsonc_value level;
    if (!fields_open(at, keys)) {
        return;
    }
    fields_need_line(at, "id", arena, &rule->id);
    if (jsonc_need(at, "level", &level)) {
        level_read(&level, &rule->level);
    }
    fields_need_line(at, "title", arena, &rule->title);
    fields_need_line(at, "text", arena, &rule->text);
    fields_need_line(at, "source", arena, &rule->source);
    fields_need_line(at, "computed", arena, &rule->computed);
    fields_need_line(at, "causes", arena, &rule->causes);
    fields_line(at, "includes", arena, &rule->includes);
    read_tolerances(at, arena, rule);
}

/* An id names one rule: reports and baselines rely on it. */
static void check_unique(const struct rule_catalogue *rules, size_t index,
                         const struct jsonc_value *at)
{
    const char *id = rules->rules[index].id;
    struct jsonc_value value;
    for (size_t i = 0; id && i < index; i++) {
        const char *earlier = rules->rules[i].id;
        if (earlier && strcmp(earlier, id) == 0 &&
            jsonc_get(at, "id", &value)) {
            fields_expected(&value, "another id than that of rules[%zu]", i);
        }
    }
}

static void read_rules(const struct jsonc_value *root,
                       struct rule_catalogue *rules)
{
    struct fields_list list;
    if (!fields_need(root, "rules") ||
        !fields_list(root, "rules", (struct fields_range){1, RULES_MAX},
                     &list)) {
        return;
    }
    rules->rules =
        fields_array(root, &rules->arena, list.count, sizeof *rules->rules);
    if (!rules->rules) {
        return;
    }
    rules->count = list.count;
    for (size_t i = 0; i < list.count; i++) {
        struct jsonc_value at = jsonc_at(&list.at, (int)i);
        read_rule(&at, &rules->arena, &rules->rules[i]);
        check_unique(rules, i, &at);
    }
}

static void read_root(const struct jsonc_value *root,
                      struct rule_catalogue *rules)
{
    static const char *const keys[] = {"retryspec", "rules", NULL};
    if (!fields_open(root, keys)) {
        return;
    }
    fields_version(root);
    read_rules(root, rules);
}

struct rule_catalogue *rules_read(const char *file, const char *bytes,
                                  size_t size, struct error *error)
{
    struct rule_catalogue *rules = calloc(1, sizeof *rules);
    if (!rules) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return NULL;
    }
    int problems_before = error->count + error->dropped;
    struct jsonc doc;
    if (jsonc_open(&doc, file, bytes, size, error)) {
        struct jsonc_value root = jsonc_root(&doc);
        read_root(&root, rules);
        jsonc_close(&doc);
    }
    if (error->count + error->dropped == problems_before) {
        return rules;
    }
    rules_free(rules);
    return NULL;
}

void rules_free(struct rule_catalogue *rules)
{
    if (!rules) {
        return;
    }
    arena_deinit(&rules->arena);
    free(rules);
}

const struct rule *rules_find(const struct rule_catalogue *rules,
                              const char *id)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (strcmp(rules->rules[i].id, id) == 0) {
            return &rules->rules[i];
        }
    }
    return NULL;
}
