#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/diff_scenarios.h"
#include "cli/out.h"
#include "compare/compare.h"
#include "compare/json.h"
#include "compare/levels.h"
#include "compare/text.h"

static const char usage[] =
    "Usage: retryspec diff PROFILE PROFILE [OPTION...]\n\n"
    "How two policies differ, by what they do: each row is a question that "
    "the\n"
    "engine answers for both. Levels of rules that differ come after them. "
    "The\n"
    "first profile is A, the second B.\n\n"
    "Options:\n"
    "      --request REQUEST  compare for this one, such as \"POST /v1/x\" "
    "(default:\n"
    "                         all that both cover)\n"
    "      --scenarios PATTERN\n"
    "                         play only these to see which show it (default: "
    "all);\n"
    "                         repeatable\n"
    "      --no-scenarios     only the rows\n"
    "      --all              also the rows that are the same\n"
    "      --gap-matrix       the tables that compare tinker (A) with tinkex "
    "(B), and\n"
    "                         what the two profiles say to each row\n"
    "      --json             as JSON\n"
    "  -h, --help             this text\n\n"
    "Examples:\n"
    "  retryspec diff tinker-retry-handler tinkex-http\n"
    "  retryspec diff curl-retry my-profile.jsonc --json\n\n"
    "Exit codes: 0 nothing differs, 1 a row or a level does, 2 wrong usage or "
    "file.\n";

static const struct option options[] = {
    {"request", required_argument, NULL, 'r'},
    {"scenarios", required_argument, NULL, 's'},
    {"no-scenarios", no_argument, NULL, 'S'},
    {"all", no_argument, NULL, 'a'},
    {"gap-matrix", no_argument, NULL, 'g'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct diff_request {
    const char *names[2];
    const char *request;
    struct cli_selection selection;
    const char **patterns; /* room for one per argument */
    bool plays_none, shows_all, shows_matrix, is_json;
};

static int print_json(const struct diff_request *request,
                      const struct comparison *comparison)
{
    cJSON *object = json_comparison(comparison);
    if (request->shows_matrix)
        json_add_matrix(object, comparison);
    return out_json(object);
}

static int diff_print(const struct diff_request *request,
                      const struct comparison *comparison)
{
    struct text_style style = {
        .has_color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
        .shows_all = request->shows_all,
        .width = cli_columns(STDOUT_FILENO),
    };
    struct compare_score score = compare_score(comparison);
    int code = EXIT_SUCCESS;
    if (request->is_json)
        code = print_json(request, comparison);
    else if (request->shows_matrix)
        text_print_matrix(comparison, &style, stdout);
    else
        text_print(comparison, &style, stdout);
    bool differ = score.same < score.rows || comparison->level_count > 0;
    return code != EXIT_SUCCESS ? code : differ ? EXIT_FAILURE : EXIT_SUCCESS;
}

static bool compare_levels(struct comparison *comparison, struct error *error)
{
    struct rule_catalogue *rules = cli_load_rules(error);
    bool is_done = rules && levels_compare(comparison, rules);
    if (rules && !is_done)
        error_add(error, PROBLEM_MEMORY, "out of memory");
    rules_free(rules);
    return is_done;
}

static int diff(const struct diff_request *request)
{
    struct error error = {0};
    struct profile *a = cli_load_profile(request->names[0], &error);
    struct profile *b = cli_load_profile(request->names[1], &error);
    struct comparison *comparison =
        a && b ? compare_run(a, b, request->request, &error) : NULL;
    bool is_done =
        comparison && compare_levels(comparison, &error) &&
        (request->plays_none ||
         diff_scenarios_play(comparison, &request->selection, &error));
    int code = is_done ? diff_print(request, comparison) : cli_fail(&error);
    if (comparison)
        compare_free(comparison);
    if (a)
        profile_free(a);
    if (b)
        profile_free(b);
    return code;
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct diff_request *request)
{
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'r':
            request->request = optarg;
            break;
        case 's':
            request->patterns[request->selection.pattern_count++] = optarg;
            break;
        case 'S':
            request->plays_none = true;
            break;
        case 'a':
            request->shows_all = true;
            break;
        case 'g':
            request->shows_matrix = true;
            request->plays_none = true;
            break;
        case 'j':
            request->is_json = true;
            break;
        default:
            return cli_option_error("diff", c, argv, options);
        }
    }
    request->selection.patterns = request->patterns;
    return -1;
}

int cmd_diff(int argc, char **argv)
{
    struct diff_request request = {
        .patterns = calloc((size_t)argc, sizeof *request.patterns)};
    if (!request.patterns) {
        perror("retryspec diff");
        return EXIT_SYSTEM;
    }
    int code = read_options(argc, argv, &request);
    if (code < 0 && argc - optind != 2) {
        code = cli_usage_error("diff", "two profiles, not %d", argc - optind);
    }
    if (code < 0) {
        request.names[0] = argv[optind];
        request.names[1] = argv[optind + 1];
        code = diff(&request);
    }
    free(request.patterns);
    return code;
}
