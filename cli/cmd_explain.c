#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "judge/likely.h"
#include "model/arena.h"
#include "model/jsonc.h"

static const char usage[] =
    "Usage: retryspec explain [--json] [--misreadings | RULE...]\n\n"
    "Prints what a rule asks, where it comes from, how it is computed and "
    "what\n"
    "usually breaks it. Without a rule: the list of all.\n\n"
    "Options:\n"
    "      --misreadings  the likely causes that a verdict may name, in the "
    "order in\n"
    "                     which they are tried\n"
    "      --json         as JSON\n"
    "  -h, --help         this text\n\n"
    "Examples:\n"
    "  retryspec explain\n"
    "  retryspec explain RA-1\n";

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'},
    {"misreadings", no_argument, NULL, 'm'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static const char *level_word(enum level level)
{
    return level == LEVEL_SHOULD ? "SHOULD" : "MUST";
}

static void print_rule(const struct rule *rule)
{
    enum { INDENT = 10 };
    printf("%s  %s  %s\n\n", rule->id, level_word(rule->level), rule->title);
    out_wrapped("", INDENT, rule->text);
    if (rule->includes) {
        out_wrapped("includes", INDENT, rule->includes);
    }
    out_wrapped("source", INDENT, rule->source);
    out_wrapped("computed", INDENT, rule->computed);
    out_wrapped("causes", INDENT, rule->causes);
}

static cJSON *rule_to_json(const struct rule *rule)
{
    cJSON *object = cJSON_CreateObject();
    out_json_text(object, "id", rule->id);
    out_json_text(object, "level",
                  rule->level == LEVEL_SHOULD ? "should" : "must");
    out_json_text(object, "title", rule->title);
    out_json_text(object, "text", rule->text);
    out_json_text(object, "source", rule->source);
    out_json_text(object, "computed", rule->computed);
    out_json_text(object, "causes", rule->causes);
    if (rule->includes) {
        out_json_text(object, "includes", rule->includes);
    }
    return object;
}

static void print_list(const struct rule_catalogue *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        printf("%-8s %-6s  %s\n", rule->id, level_word(rule->level),
               rule->title);
    }
}

/* Also "ra-1": people type it so. */
static const struct rule *find_rule(const struct rule_catalogue *rules,
                                    const char *id)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (strcasecmp(rules->rules[i].id, id) == 0) {
            return &rules->rules[i];
        }
    }
    return NULL;
}

static int unknown_rule(const struct rule_catalogue *rules, const char *id)
{
    struct arena arena = {0};
    const char **ids = arena_array(&arena, rules->count + 1, sizeof *ids);
    for (size_t i = 0; ids && i < rules->count; i++) {
        ids[i] = rules->rules[i].id;
    }
    const char *nearest = ids ? jsonc_nearest(id, ids) : NULL;
    arena_deinit(&arena);
    if (nearest) {
        return cli_usage_error("explain",
                               "there is no rule \"%s\", did you mean \"%s\"?",
                               id, nearest);
    }
    return cli_usage_error("explain", "there is no rule \"%s\"", id);
}

static int explain_all(const struct rule_catalogue *rules, bool is_json)
{
    if (!is_json) {
        print_list(rules);
        return EXIT_SUCCESS;
    }
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < rules->count; i++) {
        cJSON_AddItemToArray(array, rule_to_json(&rules->rules[i]));
    }
    return out_json(array);
}

static int explain(const struct rule_catalogue *rules, char **ids, bool is_json)
{
    if (!*ids) {
        return explain_all(rules, is_json);
    }
    for (char **id = ids; *id; id++) {
        if (!find_rule(rules, *id)) {
            return unknown_rule(rules, *id);
        }
    }
    cJSON *array = is_json ? cJSON_CreateArray() : NULL;
    for (char **id = ids; *id; id++) {
        const struct rule *rule = find_rule(rules, *id);
        if (is_json) {
            cJSON_AddItemToArray(array, rule_to_json(rule));
        } else {
            fputs(id == ids ? "" : "\n", stdout);
            print_rule(rule);
        }
    }
    return is_json ? out_json(array) : EXIT_SUCCESS;
}

static int list_misreadings(bool is_json)
{
    cJSON *array = is_json ? cJSON_CreateArray() : NULL;
    const char *text;
    for (size_t i = 0; (text = likely_text(i)); i++) {
        if (is_json) {
            cJSON_AddItemToArray(array, cJSON_CreateString(text));
        } else {
            puts(text);
        }
    }
    return is_json ? out_json(array) : EXIT_SUCCESS;
}

int cmd_explain(int argc, char **argv)
{
    bool is_json = false, lists_misreadings = false;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        }
        if (c != 'j' && c != 'm') {
            return cli_option_error("explain", c, argv, options);
        }
        is_json |= c == 'j';
        lists_misreadings |= c == 'm';
    }
    if (lists_misreadings) {
        return argv[optind]
                   ? cli_usage_error("explain", "--misreadings takes no rule")
                   : list_misreadings(is_json);
    }
    struct error error = {0};
    struct rule_catalogue *rules = cli_load_rules(&error);
    if (!rules) {
        return cli_fail(&error);
    }
    int code = explain(rules, argv + optind, is_json);
    rules_free(rules);
    return code;
}
