#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "compare/compare.h"
#include "compare/json.h"
#include "compare/text.h"

static const char usage[] =
    "Usage: retryspec diff PROFILE PROFILE [OPTION...]\n\n"
    "How two policies differ, by what they do: each row is a question that the "
    "\nengine answers for both. The first profile is A, the second B.\n\n"
    "Options:\n"
    "      --request REQUEST  compare for this one, such as \"POST /v1/x\" "
    "(default:\n"
    "                         all that both cover)\n"
    "      --all              also the rows that are the same\n"
    "      --json             as JSON\n"
    "  -h, --help             this text\n\n"
    "Examples:\n"
    "  retryspec diff tinker-retry-handler tinkex-http\n"
    "  retryspec diff curl-retry my-profile.jsonc --json\n\n"
    "Exit codes: 0 no row differs, 1 some do, 2 wrong usage or file.\n";

static const struct option options[] = {
    {"request", required_argument, NULL, 'r'},
    {"all", no_argument, NULL, 'a'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct diff_request {
    const char *names[2];
    const char *request;
    bool shows_all, is_json;
};

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
        code = out_json(json_comparison(comparison));
    else
        text_print(comparison, &style, stdout);
    bool differ = score.same < score.rows;
    return code != EXIT_SUCCESS ? code : differ ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int diff(const struct diff_request *request)
{
    struct error error = {0};
    struct profile *a = cli_load_profile(request->names[0], &error);
    struct profile *b = cli_load_profile(request->names[1], &error);
    struct comparison *comparison =
        a && b ? compare_run(a, b, request->request, &error) : NULL;
    int code;
    if (comparison) {
        code = diff_print(request, comparison);
        compare_free(comparison);
    } else {
        code = cli_fail(&error);
    }
    if (a)
        profile_free(a);
    if (b)
        profile_free(b);
    return code;
}

int cmd_diff(int argc, char **argv)
{
    struct diff_request request = {0};
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'r':
            request.request = optarg;
            break;
        case 'a':
            request.shows_all = true;
            break;
        case 'j':
            request.is_json = true;
            break;
        default:
            return cli_option_error("diff", c, argv, options);
        }
    }
    if (argc - optind != 2)
        return cli_usage_error("diff", "two profiles, not %d", argc - optind);
    request.names[0] = argv[optind];
    request.names[1] = argv[optind + 1];
    return diff(&request);
}
