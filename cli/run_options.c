#include "cli/run_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/option_values.h"

/* Options without a letter. */
enum {
    OPTION_EDITION = 256,
    OPTION_ONLY,
    OPTION_SKIP,
    OPTION_TAG,
    OPTION_STRICT,
    OPTION_SEED,
    OPTION_TIMEOUT,
    OPTION_REPORT,
    OPTION_OUT,
    OPTION_SKIP_SMOKE,
    OPTION_INCONCLUSIVE,
    OPTION_COLOR,
    OPTION_PROGRESS,
    OPTION_LATENCY,
    OPTION_LIMIT,
    OPTION_BASELINE_UPDATE,
    OPTION_REPEAT,
    OPTION_SCENARIO,
    OPTION_JSON,
    OPTION_FALSE_ALARM,
};

const struct option run_options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"edition", required_argument, NULL, OPTION_EDITION},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"skip", required_argument, NULL, OPTION_SKIP},
    {"tag", required_argument, NULL, OPTION_TAG},
    {"false-alarm", required_argument, NULL, OPTION_FALSE_ALARM},
    {"strict", no_argument, NULL, OPTION_STRICT},
    {"baseline", required_argument, NULL, 'b'},
    {"baseline-update", no_argument, NULL, OPTION_BASELINE_UPDATE},
    {"repeat", required_argument, NULL, OPTION_REPEAT},
    {"jobs", required_argument, NULL, 'j'},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"out", required_argument, NULL, OPTION_OUT},
    {"skip-smoke", no_argument, NULL, OPTION_SKIP_SMOKE},
    {"inconclusive", required_argument, NULL, OPTION_INCONCLUSIVE},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"color", required_argument, NULL, OPTION_COLOR},
    {"progress", required_argument, NULL, OPTION_PROGRESS},
    {"help", no_argument, NULL, 'h'},
    {0},
};

const struct option smoke_options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"out", required_argument, NULL, OPTION_OUT},
    {"help", no_argument, NULL, 'h'},
    {0},
};

const struct option sim_options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"edition", required_argument, NULL, OPTION_EDITION},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"skip", required_argument, NULL, OPTION_SKIP},
    {"tag", required_argument, NULL, OPTION_TAG},
    {"false-alarm", required_argument, NULL, OPTION_FALSE_ALARM},
    {"strict", no_argument, NULL, OPTION_STRICT},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"latency", required_argument, NULL, OPTION_LATENCY},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"out", required_argument, NULL, OPTION_OUT},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"color", required_argument, NULL, OPTION_COLOR},
    {"help", no_argument, NULL, 'h'},
    {0},
};

const struct option judge_options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"scenario", required_argument, NULL, OPTION_SCENARIO},
    {"false-alarm", required_argument, NULL, OPTION_FALSE_ALARM},
    {"strict", no_argument, NULL, OPTION_STRICT},
    {"inconclusive", required_argument, NULL, OPTION_INCONCLUSIVE},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"json", no_argument, NULL, OPTION_JSON},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"color", required_argument, NULL, OPTION_COLOR},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static const char *const progress_words[] = {
    [PROGRESS_AUTO] = "auto",
    [PROGRESS_BAR] = "bar",
    [PROGRESS_COUNTER] = "counter",
    [PROGRESS_NONE] = "none",
    NULL,
};
static const char *const color_words[] = {
    [COLOR_AUTO] = "auto",
    [COLOR_ALWAYS] = "always",
    [COLOR_NEVER] = "never",
    NULL,
};
static const char *const report_words[] = {
    [REPORT_TEXT] = "text",
    [REPORT_JSON] = "json",
    [REPORT_JUNIT] = "junit",
    [REPORT_TAP] = "tap",
    [REPORT_MARKDOWN] = "markdown",
    [REPORT_GITHUB] = "github",
    [REPORT_BADGE] = "badge",
    [REPORT_HTML] = "html",
    NULL,
};
static const char *const inconclusive_words[] = {"fail", "pass", NULL};

/* -- values -----------------------------------------------------------------
 */

struct reader {
    struct run_request *request;
    const char *command;
};

static struct option_text text_of(const struct reader *reader,
                                  const char *option, const char *value)
{
    return (struct option_text){reader->command, option, value};
}

static int read_choice(const struct reader *reader, const char *option,
                       const char *value, const char *const *words)
{
    const struct option_text text = text_of(reader, option, value);
    return option_values_choice(&text, words);
}

static int read_report(const struct reader *reader, const char *value)
{
    struct run_request *request = reader->request;
    char word[32];
    size_t length = strcspn(value, "=");
    snprintf(word, sizeof word, "%.*s", (int)length, value);
    int format = read_choice(reader, "--report", word, report_words);
    if (format < 0) {
        return EXIT_USAGE;
    }
    if (request->report_count == RUN_REPORTS_MAX) {
        return cli_usage_error(reader->command, "more than %d reports",
                               RUN_REPORTS_MAX);
    }
    const char *path = value[length] == '=' ? value + length + 1 : "-";
    if (!*path) {
        return cli_usage_error(
            reader->command, "--report %s: the file's name is missing", value);
    }
    request->reports[request->report_count++] =
        (struct report_request){(enum report_format)format, path};
    return 0;
}

static int read_jobs(const struct reader *reader, const char *value)
{
    const struct option_text text = text_of(reader, "--jobs", value);
    int jobs = option_values_count(&text, RUN_JOBS_MAX);
    reader->request->jobs = jobs;
    return jobs < 0 ? EXIT_USAGE : 0;
}

static int read_repeat(const struct reader *reader, const char *value)
{
    const struct option_text text = text_of(reader, "--repeat", value);
    int repeats = option_values_count(&text, RUN_REPEATS_MAX);
    reader->request->repeats = repeats;
    return repeats < 0 ? EXIT_USAGE : 0;
}

static int read_seed(const struct reader *reader, const char *value)
{
    if (cli_parse_seed(value, &reader->request->seed)) {
        return 0;
    }
    return cli_usage_error(
        reader->command, "--seed %s: it is a number such as 7 or 0x1f", value);
}

/* Of the virtual world. A message that takes years would take the sums with it.
 */
static int read_latency(const struct reader *reader, const char *value)
{
    struct run_request *request = reader->request;
    request->has_latency = true;
    const struct option_text text = text_of(reader, "--latency", value);
    int code = option_values_duration(&text, &request->latency_ns);
    if (code == 0 && request->latency_ns > RUN_LATENCY_MAX_NS) {
        return cli_usage_error(reader->command,
                               "--latency %s: it is 1h at most", value);
    }
    return code;
}

static int read_positive(const struct reader *reader, const char *option,
                         const char *value, int64_t *ns)
{
    const struct option_text text = text_of(reader, option, value);
    return option_values_positive(&text, ns);
}

static int read_false_alarm(const struct reader *reader, const char *value)
{
    const struct option_text text = text_of(reader, "--false-alarm", value);
    return option_values_rate(&text, FALSE_ALARM_LEAST, FALSE_ALARM_MOST,
                              &reader->request->false_alarm);
}

/* -- options ----------------------------------------------------------------
 */

/* Those that hold words of a list. */
static int read_words(const struct reader *reader, int option,
                      const char *value)
{
    struct run_request *request = reader->request;
    int index;
    switch (option) {
    case OPTION_INCONCLUSIVE:
        index =
            read_choice(reader, "--inconclusive", value, inconclusive_words);
        request->passes_inconclusive = index == 1;
        break;
    case OPTION_COLOR:
        index = read_choice(reader, "--color", value, color_words);
        request->color = index < 0 ? COLOR_AUTO : (enum color_when)index;
        break;
    default:
        index = read_choice(reader, "--progress", value, progress_words);
        request->progress =
            index < 0 ? PROGRESS_AUTO : (enum progress_kind)index;
    }
    return index < 0 ? EXIT_USAGE : 0;
}

static int read_value(const struct reader *reader, int option,
                      const char *value)
{
    struct run_request *request = reader->request;
    struct cli_selection *selection = &request->selection;
    switch (option) {
    case 'p':
        request->profile = value;
        return 0;
    case 'b':
        request->baseline = value;
        return 0;
    case OPTION_REPEAT:
        return read_repeat(reader, value);
    case OPTION_OUT:
        request->out = value;
        return 0;
    case OPTION_SCENARIO:
        request->scenario = value;
        return 0;
    case OPTION_EDITION:
        selection->edition = value;
        return 0;
    case OPTION_ONLY:
        request->patterns[selection->pattern_count++] = value;
        return 0;
    case OPTION_SKIP:
        request->skips[selection->skip_count++] = value;
        return 0;
    case OPTION_TAG:
        request->tags[selection->tag_count++] = value;
        return 0;
    case 'j':
        return read_jobs(reader, value);
    case OPTION_SEED:
        return read_seed(reader, value);
    case OPTION_TIMEOUT:
        return read_positive(reader, "--timeout", value, &request->timeout_ns);
    case OPTION_LATENCY:
        return read_latency(reader, value);
    case OPTION_LIMIT:
        return read_positive(reader, "--limit", value, &request->limit_ns);
    case OPTION_FALSE_ALARM:
        return read_false_alarm(reader, value);
    case OPTION_REPORT:
        return read_report(reader, value);
    default:
        return read_words(reader, option, value);
    }
}

static bool *switch_of(struct run_request *request, int option)
{
    switch (option) {
    case OPTION_STRICT:
        return &request->is_strict;
    case OPTION_SKIP_SMOKE:
        return &request->is_smoke_skipped;
    case OPTION_BASELINE_UPDATE:
        return &request->updates_baseline;
    case 'v':
        return &request->is_verbose;
    case 'q':
        return &request->is_quiet;
    default:
        return &request->wants_help;
    }
}

static int read_options(const struct reader *reader, int argc, char **argv,
                        const struct option *options)
{
    const char *letters = options == run_options     ? ":p:b:j:vqh"
                          : options == smoke_options ? ":p:h"
                                                     : ":p:vqh";
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, letters, options, NULL)) != -1;) {
        int code = 0;
        if (c == '?' || c == ':') {
            return cli_option_error(reader->command, c, argv, options);
        }
        if (optarg) {
            code = read_value(reader, c, optarg);
        } else if (c == OPTION_JSON) {
            code = read_report(reader, "json");
        } else {
            *switch_of(reader->request, c) = true;
        }
        if (code) {
            return code;
        }
    }
    return 0;
}

/* -- the whole line ---------------------------------------------------------
 */

/* Everything from the first "--" on is the client's and never looked at: its
 * own options must not be taken for ours. */
static int find_command(int argc, char **argv)
{
    int at = 1;
    while (at < argc && strcmp(argv[at], "--") != 0) {
        at++;
    }
    return at;
}

static int default_jobs(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1) {
        return 1;
    }
    return processors < RUN_JOBS_DEFAULT_MAX ? (int)processors
                                             : RUN_JOBS_DEFAULT_MAX;
}

static bool set_defaults(struct run_request *request, int argc)
{
    size_t room = (size_t)argc + 1;
    *request = (struct run_request){.profile = "http-generic",
                                    .out = "retryspec-out",
                                    .seed = 1,
                                    .false_alarm = FALSE_ALARM_USUAL,
                                    .jobs = default_jobs()};
    request->patterns = calloc(room, sizeof *request->patterns);
    request->skips = calloc(room, sizeof *request->skips);
    request->tags = calloc(room, sizeof *request->tags);
    request->selection.patterns = request->patterns;
    request->selection.skips = request->skips;
    request->selection.tags = request->tags;
    return request->patterns && request->skips && request->tags;
}

/* Of `judge`: one trace. */
static int check_trace(struct run_request *request, const char *command)
{
    size_t count = request->selection.pattern_count;
    if (request->wants_help || count == 1) {
        request->trace = request->patterns[0];
        return 0;
    }
    return cli_usage_error(command,
                           count == 0 ? "which trace?" : "one trace at a time");
}

static int check(const struct run_request *request, const char *command,
                 bool has_dashes)
{
    if (request->is_simulated && has_dashes) {
        return cli_usage_error(command,
                               "it runs no command: its clients are the "
                               "profile's own; for yours: retryspec run");
    }
    if (request->wants_help || request->argv[0] || request->is_simulated) {
        return 0;
    }
    if (!has_dashes && request->selection.pattern_count > 0) {
        return cli_usage_error(
            command,
            "which command is to be tested? Put it after \"--\": retryspec %s "
            "-- %s ...",
            command, request->patterns[0]);
    }
    return cli_usage_error(command, "which command is to be tested? It stands "
                                    "after \"--\"");
}

int run_request_read(struct run_request *request, int argc, char **argv,
                     const struct option *options)
{
    struct reader reader = {.request = request, .command = argv[0]};
    if (!set_defaults(request, argc)) {
        fputs("retryspec: out of memory\n", stderr);
        return EXIT_SYSTEM;
    }
    bool is_stored = options == judge_options;
    request->is_simulated = options == sim_options;
    request->out = is_stored || request->is_simulated ? NULL : request->out;
    request->profile = is_stored ? NULL : request->profile;
    int end = find_command(argc, argv);
    bool has_dashes = end < argc;
    char **command = has_dashes ? argv + end + 1 : argv + argc;
    union {
        char **from;
        const char *const *to;
    } cast = {command}; /* C can't add const at both levels */
    request->argv = cast.to;
    char *saved = argv[end];
    argv[end] = NULL; /* getopt_long looks no further */
    int code = read_options(&reader, end, argv, options);
    argv[end] = saved;
    if (code) {
        return code;
    }
    for (int i = optind; i < end; i++) {
        request->patterns[request->selection.pattern_count++] = argv[i];
    }
    return is_stored ? check_trace(request, argv[0])
                     : check(request, argv[0], has_dashes);
}

void run_request_deinit(struct run_request *request)
{
    free(request->patterns);
    free(request->skips);
    free(request->tags);
}

bool run_request_takes_stdout(const struct run_request *request)
{
    for (size_t i = 0; i < request->report_count; i++) {
        /* GitHub looks for its commands between the lines for people. */
        if (request->reports[i].format != REPORT_TEXT &&
            request->reports[i].format != REPORT_GITHUB &&
            strcmp(request->reports[i].path, "-") == 0) {
            return true;
        }
    }
    return false;
}
