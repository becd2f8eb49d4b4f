#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/rule_names.h"
#include "judge/applies.h"
#include "judge/likely.h"

static const char usage[] =
    "Usage: retryspec explain [OPTION...] [--misreadings | RULE...]\n\n"
    "Prints what a rule asks, where it comes from, how it is computed and "
    "what\n"
    "usually breaks it. Without a rule: the list of all.\n\n"
    "Options:\n"
    "  -p, --profile NAME|FILE\n"
    "                     with the levels that this profile gives, and what it "
    "takes\n"
    "                     for not applicable\n"
    "      --misreadings  the likely causes that a verdict may name, in the "
    "order in\n"
    "                     which they are tried\n"
    "      --json         as JSON\n"
    "  -h, --help         this text\n\n"
    "Examples:\n"
    "  retryspec explain\n"
    "  retryspec explain RA-1\n"
    "  retryspec explain RA-1 -p my-profile.jsonc\n";

static const struct option options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"json", no_argument, NULL, 'j'},
    {"misreadings", no_argument, NULL, 'm'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct explain_request {
    const struct rule_catalogue *rules;
    const struct profile *profile; /* NULL: the catalogue alone */
    bool is_json;
};

/* As a verdict under the profile would have it. */
static enum level level_of(const struct explain_request *request,
                           const struct rule *rule)
{
    enum level own = request->profile
                         ? profile_level(request->profile, rule->id)
                         : LEVEL_PROFILE;
    return own == LEVEL_PROFILE ? rule->level : own;
}

static const char *excuse_of(const struct explain_request *request,
                             const struct rule *rule)
{
    return request->profile ? applies_profile_reason(request->profile, rule->id)
                            : NULL;
}

/* What the profile says of the rule itself. */
static void print_profile(const struct explain_request *request,
                          const struct rule *rule, int indent)
{
    char text[200];
    const char *excuse = excuse_of(request, rule);
    if (request->profile && level_of(request, rule) != rule->level) {
        snprintf(text, sizeof text, "%s: %s instead of the catalogue's %s",
                 request->profile->id,
                 level_people_word(level_of(request, rule)),
                 level_people_word(rule->level));
        out_wrapped("level", indent, text);
    }
    if (excuse) {
        out_wrapped("n/a", indent, excuse);
    }
}

static void print_tolerances(const struct rule *rule, int indent)
{
    char text[300];
    for (size_t i = 0; i < rule->tolerance_count; i++) {
        const struct rule_tolerance *tolerance = &rule->tolerances[i];
        snprintf(text, sizeof text, "%s: %s",
                 tolerance_words[tolerance->source], tolerance->allows);
        out_wrapped(i == 0 ? "allows" : "", indent, text);
    }
}

static void print_rule(const struct explain_request *request,
                       const struct rule *rule)
{
    enum { INDENT = 10 };
    printf("%s  %s  %s\n\n", rule->id,
           level_people_word(level_of(request, rule)), rule->title);
    out_wrapped("", INDENT, rule->text);
    print_profile(request, rule, INDENT);
    if (rule->includes) {
        out_wrapped("includes", INDENT, rule->includes);
    }
    out_wrapped("source", INDENT, rule->source);
    out_wrapped("computed", INDENT, rule->computed);
    print_tolerances(rule, INDENT);
    out_wrapped("causes", INDENT, rule->causes);
}

static void add_tolerances(cJSON *object, const struct rule *rule)
{
    cJSON *array = cJSON_AddArrayToObject(object, "tolerances");
    for (size_t i = 0; i < rule->tolerance_count; i++) {
        const struct rule_tolerance *tolerance = &rule->tolerances[i];
        cJSON *item = cJSON_CreateObject();
        out_json_text(item, "from", tolerance_words[tolerance->source]);
        out_json_text(item, "allows", tolerance->allows);
        cJSON_AddItemToArray(array, item);
    }
}

static cJSON *rule_to_json(const struct explain_request *request,
                           const struct rule *rule)
{
    cJSON *object = cJSON_CreateObject();
    const char *excuse = excuse_of(request, rule);
    out_json_text(object, "id", rule->id);
    out_json_text(object, "level", level_json_word(level_of(request, rule)));
    out_json_text(object, "title", rule->title);
    out_json_text(object, "text", rule->text);
    out_json_text(object, "source", rule->source);
    out_json_text(object, "computed", rule->computed);
    add_tolerances(object, rule);
    out_json_text(object, "causes", rule->causes);
    if (rule->includes) {
        out_json_text(object, "includes", rule->includes);
    }
    if (excuse) {
        out_json_text(object, "not_applicable", excuse);
    }
    return object;
}

static void print_list(const struct explain_request *request)
{
    for (size_t i = 0; i < request->rules->count; i++) {
        const struct rule *rule = &request->rules->rules[i];
        printf("%-8s %-6s  %s\n", rule->id,
               level_people_word(level_of(request, rule)), rule->title);
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
    const char *nearest = rule_names_nearest(id, rules);
    if (nearest) {
        return cli_usage_error("explain",
                               "there is no rule \"%s\", did you mean \"%s\"?",
                               id, nearest);
    }
    return cli_usage_error("explain", "there is no rule \"%s\"", id);
}

static int explain_all(const struct explain_request *request)
{
    if (!request->is_json) {
        print_list(request);
        return EXIT_SUCCESS;
    }
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < request->rules->count; i++) {
        cJSON_AddItemToArray(array,
                             rule_to_json(request, &request->rules->rules[i]));
    }
    return out_json(array);
}

static int explain(const struct explain_request *request, char **ids)
{
    if (!*ids) {
        return explain_all(request);
    }
    for (char **id = ids; *id; id++) {
        if (!find_rule(request->rules, *id)) {
            return unknown_rule(request->rules, *id);
        }
    }
    cJSON *array = request->is_json ? cJSON_CreateArray() : NULL;
    for (char **id = ids; *id; id++) {
        const struct rule *rule = find_rule(request->rules, *id);
        if (request->is_json) {
            cJSON_AddItemToArray(array, rule_to_json(request, rule));
        } else {
            fputs(id == ids ? "" : "\n", stdout);
            print_rule(request, rule);
        }
    }
    return request->is_json ? out_json(array) : EXIT_SUCCESS;
}

/* `profile_name` NULL: none. */
static int explain_under(const char *profile_name, bool is_json, char **ids)
{
    struct error error = {0};
    struct rule_catalogue *rules = cli_load_rules(&error);
    struct profile *profile =
        profile_name ? cli_load_profile(profile_name, &error) : NULL;
    const struct explain_request request = {rules, profile, is_json};
    int code = error_is_set(&error) ? cli_fail(&error) : explain(&request, ids);
    profile_free(profile);
    rules_free(rules);
    return code;
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
    const char *profile = NULL;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":p:h", options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        }
        if (c != 'j' && c != 'm' && c != 'p') {
            return cli_option_error("explain", c, argv, options);
        }
        profile = c == 'p' ? optarg : profile;
        is_json |= c == 'j';
        lists_misreadings |= c == 'm';
    }
    if (lists_misreadings) {
        return argv[optind]
                   ? cli_usage_error("explain", "--misreadings takes no rule")
                   : list_misreadings(is_json);
    }
    return explain_under(profile, is_json, argv + optind);
}
