#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/list_profiles.h"
#include "cli/out.h"
#include "model/units.h"

static const char usage[] =
    "Usage: retryspec list [OPTION...] [PATTERN...]\n"
    "       retryspec list --profiles [--json] [PATTERN...]\n\n"
    "Lists scenarios: id, expected time, number of checks, tags, title. A "
    "pattern is\nan id, may hold * and ?, or is the path of a file; \"@file\" "
    "holds one a line.\n\n"
    "Options:\n"
    "      --tag TAG          only those with this tag; repeatable: any of "
    "them\n"
    "      --edition EDITION  only those of this edition or older, such as "
    "2026.1\n"
    "      --profiles         the profiles instead\n"
    "      --json             as JSON\n"
    "  -h, --help             this text\n\n"
    "Examples:\n"
    "  retryspec list\n"
    "  retryspec list --tag quick 'retry-after/*'\n"
    "  retryspec list --profiles 'tinker-*'\n";

static const struct option options[] = {
    {"tag", required_argument, NULL, 't'},
    {"edition", required_argument, NULL, 'e'},
    {"profiles", no_argument, NULL, 'p'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct list_request {
    struct cli_selection selection;
    const char **tags; /* room for one per argument */
    bool wants_profiles, is_json;
};

/* -- scenarios ------------------------------------------------------------- */

static int id_width(const struct cli_scenarios *scenarios)
{
    size_t width = strlen("id");
    for (size_t i = 0; i < scenarios->count; i++) {
        size_t length = strlen(scenarios->items[i]->id);
        width = length > width ? length : width;
    }
    return (int)width;
}

static void join_tags(const struct scenario *scenario, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < scenario->tag_count && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i > 0 ? "," : "", scenario->tags[i]);
    }
}

static void print_scenarios(const struct cli_scenarios *scenarios)
{
    int width = id_width(scenarios);
    int64_t takes_ns = 0;
    printf("%-*s  %6s  checks  %-24s title\n", width, "id", "takes", "tags");
    for (size_t i = 0; i < scenarios->count; i++) {
        const struct scenario *scenario = scenarios->items[i];
        char takes[UNITS_TEXT_MAX], tags[256];
        units_format_duration(scenario->takes_ns, takes, sizeof takes);
        join_tags(scenario, tags, sizeof tags);
        printf("%-*s  %6s  %6zu  %-24s %s\n", width, scenario->id, takes,
               scenario->check_count, tags, scenario->title);
        takes_ns = units_add(takes_ns, scenario->takes_ns);
    }
    char total[UNITS_TEXT_MAX];
    printf("%zu scenario%s, about %s one after the other\n", scenarios->count,
           scenarios->count == 1 ? "" : "s",
           units_format_duration(takes_ns, total, sizeof total));
}

static cJSON *scenario_to_json(const struct scenario *scenario)
{
    cJSON *object = cJSON_CreateObject();
    out_json_text(object, "id", scenario->id);
    out_json_text(object, "title", scenario->title);
    out_json_text(object, "edition", scenario->edition);
    cJSON *tags = cJSON_AddArrayToObject(object, "tags");
    for (size_t i = 0; i < scenario->tag_count; i++) {
        cJSON_AddItemToArray(tags, cJSON_CreateString(scenario->tags[i]));
    }
    cJSON_AddNumberToObject(object, "takes_s",
                            (double)scenario->takes_ns / (double)NS_PER_S);
    cJSON_AddBoolToObject(object, "exclusive", scenario->is_exclusive);
    cJSON *checks = cJSON_AddArrayToObject(object, "checks");
    for (size_t i = 0; i < scenario->check_count; i++) {
        cJSON_AddItemToArray(checks,
                             cJSON_CreateString(scenario->checks[i].rule));
    }
    return object;
}

static int list_json(const struct cli_scenarios *scenarios)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < scenarios->count; i++) {
        cJSON_AddItemToArray(array, scenario_to_json(scenarios->items[i]));
    }
    return out_json(array);
}

static int list_scenarios(const struct list_request *request)
{
    struct error error = {0};
    struct cli_scenarios scenarios;
    if (!cli_select(&request->selection, &scenarios, &error)) {
        return cli_fail(&error);
    }
    int code = EXIT_SUCCESS;
    if (request->is_json) {
        code = list_json(&scenarios);
    } else if (scenarios.count > 0) {
        print_scenarios(&scenarios);
    }
    if (scenarios.count == 0) {
        fputs("retryspec list: no scenario is left after all filters\n",
              stderr);
        code = EXIT_NOTHING;
    }
    cli_scenarios_free(&scenarios);
    return code;
}

/* -- the command ----------------------------------------------------------- */

static int list(int argc, char **argv, struct list_request *request)
{
    struct cli_selection *selection = &request->selection;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 't':
            request->tags[selection->tag_count++] = optarg;
            break;
        case 'e':
            selection->edition = optarg;
            break;
        case 'p':
            request->wants_profiles = true;
            break;
        case 'j':
            request->is_json = true;
            break;
        default:
            return cli_option_error("list", c, argv, options);
        }
    }
    selection->tags = request->tags;
    selection->patterns = (const char *const *)(argv + optind);
    selection->pattern_count = (size_t)(argc - optind);
    if (!request->wants_profiles) {
        return list_scenarios(request);
    }
    if (selection->tag_count || selection->edition) {
        return cli_usage_error("list",
                               "--profiles takes no --tag or --edition");
    }
    return list_profiles(&(struct list_profiles_request){
        .patterns = selection->patterns,
        .pattern_count = selection->pattern_count,
        .is_json = request->is_json,
    });
}

int cmd_list(int argc, char **argv)
{
    struct list_request request = {
        .tags = calloc((size_t)argc, sizeof *request.tags)};
    if (!request.tags) {
        perror("retryspec list");
        return EXIT_SYSTEM;
    }
    int code = list(argc, argv, &request);
    free(request.tags);
    return code;
}
