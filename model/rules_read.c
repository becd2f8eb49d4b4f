#include <stdlib.h>
#include <string.h>

#include "model/jsonc.h"
#include "model/verdict.h"

enum { RULES_MAX = 1024 };

/* In the order of enum level, without LEVEL_PROFILE. */
static const char *const level_words[] = {"must", "should", NULL};

static bool read_version(const struct jsonc_value *root)
{
    struct jsonc_value value;
    int64_t version = 0;
    return jsonc_need(root, "retryspec", &value) &&
           jsonc_int(&value, 1, 1, &version);
}

static void read_text(struct arena *arena, const struct jsonc_value *at,
                      const char *key, const char **out)
{
    struct jsonc_value value;
    if (jsonc_need(at, key, &value) && jsonc_string(&value, arena, out) &&
        !**out) {
        jsonc_problem(&value, "found an empty text");
    }
}

static void read_level(const struct jsonc_value *at, enum level *level)
{
    struct jsonc_value value;
    int index = 0;
    if (jsonc_need(at, "level", &value) &&
        jsonc_choice(&value, level_words, &index)) {
        *level = index == 0 ? LEVEL_MUST : LEVEL_SHOULD;
    }
}

static void read_rule(struct arena *arena, const struct jsonc_value *at,
                      struct rule *rule)
{
    static const char *const keys[] = {"id",       "level",  "title",  "text",
                                       "computed", "source", "causes", NULL};
    jsonc_expect_object(at, keys);
    if (!cJSON_IsObject(at->item)) {
        return;
    }
    read_text(arena, at, "id", &rule->id);
    read_level(at, &rule->level);
    read_text(arena, at, "title", &rule->title);
    read_text(arena, at, "text", &rule->text);
    read_text(arena, at, "source", &rule->source);
    read_text(arena, at, "computed", &rule->computed);
    read_text(arena, at, "causes", &rule->causes);
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
            jsonc_problem(&value, "the id \"%s\" is already that of rules[%zu]",
                          id, i);
        }
    }
}

static void read_rules(struct rule_catalogue *rules,
                       const struct jsonc_value *root)
{
    struct jsonc_value list;
    if (!jsonc_need(root, "rules", &list)) {
        return;
    }
    int count = jsonc_length(&list);
    if (count < 0) {
        return;
    }
    if (count == 0 || count > RULES_MAX) {
        jsonc_problem(&list, "found %d rules, expected 1 to %d", count,
                      RULES_MAX);
        return;
    }
    rules->rules =
        arena_array(&rules->arena, (size_t)count, sizeof *rules->rules);
    if (!rules->rules) {
        error_add(root->doc->error, PROBLEM_MEMORY, "out of memory");
        return;
    }
    rules->count = (size_t)count;
    for (int i = 0; i < count; i++) {
        struct jsonc_value at = jsonc_at(&list, i);
        read_rule(&rules->arena, &at, &rules->rules[i]);
        check_unique(rules, (size_t)i, &at);
    }
}

struct rule_catalogue *rules_read(const char *file, const char *bytes,
                                  size_t size, struct error *error)
{
    static const char *const keys[] = {"retryspec", "rules", NULL};
    struct rule_catalogue *rules = calloc(1, sizeof *rules);
    if (!rules) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return NULL;
    }
    int problems_before = error->count + error->dropped;
    struct jsonc doc;
    if (jsonc_open(&doc, file, bytes, size, error)) {
        struct jsonc_value root = jsonc_root(&doc);
        if (jsonc_expect_object(&root, keys) && read_version(&root)) {
            read_rules(rules, &root);
        }
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
