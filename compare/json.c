#include "compare/json.h"

#include <string.h>

#include "compare/matrix.h"

static void add_text(cJSON *object, const char *key, const char *text)
{
    if (text)
        cJSON_AddStringToObject(object, key, text);
}

/* "S1-87, S0-49" as an array. */
static void add_list(cJSON *object, const char *key, const char *text)
{
    cJSON *array = cJSON_AddArrayToObject(object, key);
    while (text && *text) {
        char word[32];
        size_t length = strcspn(text, ",");
        size_t kept = length < sizeof word ? length : sizeof word - 1;
        memcpy(word, text, kept);
        word[kept] = '\0';
        cJSON_AddItemToArray(array, cJSON_CreateString(word));
        text += length;
        text += strspn(text, ", ");
    }
}

static void add_profile(cJSON *object, const char *key,
                        const struct profile *profile)
{
    cJSON *item = cJSON_AddObjectToObject(object, key);
    add_text(item, "profile", profile->id);
    add_text(item, "title", profile->title);
    add_text(item, "source", profile->source);
}

static cJSON *row_to_json(const struct compare_row *row)
{
    struct aspect_description aspect = compare_describe(row->aspect);
    cJSON *object = cJSON_CreateObject();
    add_text(object, "id", aspect.id);
    add_text(object, "title", aspect.title);
    add_text(object, "group", aspect_group_words[aspect.group]);
    add_text(object, "verdict", row_verdict_json_words[row->verdict]);
    add_text(object, "severity", severity_words[row->severity]);
    add_text(object, "a", row->a.words);
    add_text(object, "b", row->b.words);
    add_text(object, "contrast", row->contrast);
    add_list(object, "requirements", aspect.requirements);
    return object;
}

static cJSON *part_to_json(const struct compare_part *part)
{
    cJSON *object = cJSON_CreateObject();
    add_text(object, "method", part->method);
    add_text(object, "path", part->path);
    add_text(object, "failure", part->failure);
    cJSON *rows = cJSON_AddArrayToObject(object, "rows");
    for (size_t i = 0; i < part->count; i++)
        cJSON_AddItemToArray(rows, row_to_json(&part->rows[i]));
    return object;
}

static cJSON *scenario_to_json(const struct compare_scenario *scenario)
{
    cJSON *object = cJSON_CreateObject();
    add_text(object, "scenario", scenario->id);
    add_list(object, "a_breaks", scenario->rules_a);
    add_list(object, "b_breaks", scenario->rules_b);
    return object;
}

static void add_levels(cJSON *object, const struct comparison *comparison)
{
    cJSON *array = cJSON_AddArrayToObject(object, "levels");
    for (size_t i = 0; i < comparison->level_count; i++) {
        const struct compare_level *level = &comparison->levels[i];
        cJSON *item = cJSON_CreateObject();
        add_text(item, "rule", level->rule);
        add_text(item, "a", level_json_word(level->a));
        add_text(item, "b", level_json_word(level->b));
        cJSON_AddItemToArray(array, item);
    }
}

static void add_scenarios(cJSON *object, const struct comparison *comparison)
{
    if (comparison->scenarios_played == 0)
        return;
    cJSON *item = cJSON_AddObjectToObject(object, "scenarios");
    cJSON_AddNumberToObject(item, "played",
                            (double)comparison->scenarios_played);
    cJSON *array = cJSON_AddArrayToObject(item, "telling");
    for (size_t i = 0; i < comparison->scenario_count; i++)
        cJSON_AddItemToArray(array,
                             scenario_to_json(&comparison->scenarios[i]));
}

cJSON *json_comparison(const struct comparison *comparison)
{
    struct compare_score score = compare_score(comparison);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "retryspec", 1);
    add_profile(object, "a", comparison->a);
    add_profile(object, "b", comparison->b);
    cJSON_AddNumberToObject(object, "rows", (double)score.rows);
    cJSON_AddNumberToObject(object, "same", (double)score.same);
    cJSON_AddNumberToObject(object, "score", compare_percent(score));
    cJSON *parts = cJSON_AddArrayToObject(object, "requests");
    for (size_t i = 0; i < comparison->part_count; i++)
        cJSON_AddItemToArray(parts, part_to_json(&comparison->parts[i]));
    add_levels(object, comparison);
    add_scenarios(object, comparison);
    return object;
}

/* -- the gap matrix -------------------------------------------------------- */

static cJSON *matrix_row_to_json(const struct matrix_row *row,
                                 const struct comparison *comparison)
{
    const struct compare_row *told;
    enum row_verdict verdict = matrix_verdict(row, comparison, &told);
    cJSON *object = cJSON_CreateObject();
    add_text(object, "requirement", row->requirement);
    add_text(object, "title", row->title);
    add_text(object, "document", row_verdict_json_words[row->document]);
    add_text(object, "verdict", row_verdict_json_words[verdict]);
    if (told) {
        add_text(object, "row", compare_describe(told->aspect).id);
        add_text(object, "a", told->a.words);
        add_text(object, "b", told->b.words);
    }
    add_text(object, "note", row->note);
    return object;
}

void json_add_matrix(cJSON *object, const struct comparison *comparison)
{
    struct compare_score score = matrix_score(comparison);
    cJSON *matrix = cJSON_AddObjectToObject(object, "gap_matrix");
    cJSON_AddNumberToObject(matrix, "rows", (double)score.rows);
    cJSON_AddNumberToObject(matrix, "same", (double)score.same);
    cJSON_AddNumberToObject(matrix, "score", compare_percent(score));
    cJSON *tables = cJSON_AddArrayToObject(matrix, "tables");
    for (const struct matrix_table *table = matrix_tables; table->title;
         table++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(tables, item);
        add_text(item, "title", table->title);
        cJSON *rows = cJSON_AddArrayToObject(item, "rows");
        for (size_t i = 0; i < table->count; i++)
            cJSON_AddItemToArray(
                rows, matrix_row_to_json(&table->rows[i], comparison));
    }
}
