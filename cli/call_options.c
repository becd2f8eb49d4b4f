#include "cli/call_options.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "cli/call_events.h"
#include "cli/cli.h"
#include "model/units.h"

enum { COUNT_MAX = 1000000, CONCURRENCY_MAX = 10000, CLIENTS_MAX = 10000 };

enum option_id {
    OPTION_CALLS = 1,
    OPTION_CLIENTS,
    OPTION_SESSIONS,
    OPTION_OVERRIDE,
    OPTION_CONCURRENCY,
    OPTION_SEED,
    OPTION_METHOD,
    OPTION_DATA,
    OPTION_GIVE_UP,
    OPTION_JSON,
    OPTION_EVENTS,
    OPTION_DIALECT,
};

static const struct option options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"calls", required_argument, NULL, OPTION_CALLS},
    {"clients", required_argument, NULL, OPTION_CLIENTS},
    {"sessions", required_argument, NULL, OPTION_SESSIONS},
    {"override", required_argument, NULL, OPTION_OVERRIDE},
    {"concurrency", required_argument, NULL, OPTION_CONCURRENCY},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"method", required_argument, NULL, OPTION_METHOD},
    {"data", required_argument, NULL, OPTION_DATA},
    {"give-up", required_argument, NULL, OPTION_GIVE_UP},
    {"json", no_argument, NULL, OPTION_JSON},
    {"events", required_argument, NULL, OPTION_EVENTS},
    {"dialect", required_argument, NULL, OPTION_DIALECT},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static int read_count(const char *option, const char *text, int64_t max,
                      int64_t *count)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || value < 1 || value > max) {
        return cli_usage_error("call", "%s %s: it is a number from 1 to %lld",
                               option, text, (long long)max);
    }
    *count = value;
    return 0;
}

static int read_method(struct call_request *request, const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (!*text || text[strspn(text, letters)]) {
        return cli_usage_error(
            "call", "--method %s: it is in capital letters, such as POST",
            text);
    }
    request->method = text;
    return 0;
}

static int read_give_up(struct call_request *request, const char *text)
{
    if (units_parse_duration(text, &request->give_up_ns) &&
        request->give_up_ns > 0) {
        return 0;
    }
    return cli_usage_error(
        "call", "--give-up %s: it is a duration such as 500ms or 10s", text);
}

static int read_seed(struct call_request *request, const char *text)
{
    request->has_seed = cli_parse_seed(text, &request->seed);
    if (request->has_seed) {
        return 0;
    }
    return cli_usage_error("call",
                           "--seed %s: it is a number such as 7 or 0x1f", text);
}

static int read_data(struct call_request *request, const char *text)
{
    const char *end = text;
    cJSON *value = cJSON_ParseWithOpts(text, &end, true);
    if (!value) {
        return cli_usage_error("call", "--data is not JSON, from \"%.40s\" on",
                               end);
    }
    cJSON_Delete(value);
    request->data = text;
    return 0;
}

/* What a plan decides when there is one. */
static int read_workload(struct call_request *request, int option)
{
    switch (option) {
    case OPTION_CALLS:
        request->plan_option = "--calls";
        return read_count("--calls", optarg, COUNT_MAX, &request->calls);
    case OPTION_CLIENTS:
        request->plan_option = "--clients";
        return read_count("--clients", optarg, CLIENTS_MAX, &request->clients);
    case OPTION_CONCURRENCY:
        request->plan_option = "--concurrency";
        return read_count("--concurrency", optarg, CONCURRENCY_MAX,
                          &request->concurrency);
    case OPTION_METHOD:
        request->plan_option = "--method";
        return read_method(request, optarg);
    case OPTION_DATA:
        request->plan_option = "--data";
        return read_data(request, optarg);
    case OPTION_GIVE_UP:
        request->plan_option = "--give-up";
        return read_give_up(request, optarg);
    }
    return EXIT_USAGE;
}

static int read_option(struct call_request *request, int option)
{
    switch (option) {
    case 'p':
        request->profile = optarg;
        return 0;
    case OPTION_SEED:
        return read_seed(request, optarg);
    case OPTION_SESSIONS:
        return read_count("--sessions", optarg, CLIENTS_MAX,
                          &request->sessions);
    case OPTION_OVERRIDE:
        return call_override_add(&request->overrides, optarg);
    case OPTION_JSON:
        request->is_json = true;
        return 0;
    case OPTION_EVENTS:
        request->events = optarg;
        return 0;
    case OPTION_DIALECT:
        return call_events_read_dialect(optarg, &request->dialect);
    case 'v':
        request->is_verbose = true;
        return 0;
    case 'h':
        request->wants_help = true;
        return 0;
    }
    return read_workload(request, option);
}

static int check_url(const char *url)
{
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        const char *hint = strstr(url, "://") ? "" : ", did you mean http://";
        return cli_usage_error("call", "\"%s\" is no http URL%s%s%s", url, hint,
                               *hint ? url : "", *hint ? "?" : "");
    }
    for (const unsigned char *c = (const unsigned char *)url; *c; c++) {
        if (*c <= ' ' || *c == 0x7f) {
            return cli_usage_error(
                "call", "byte 0x%02x in the URL, write %%%02X", *c, *c);
        }
    }
    return 0;
}

static int check(struct call_request *request)
{
    if (request->dialect >= 0 && !request->events) {
        return cli_usage_error("call", "--dialect needs --events FILE");
    }
    if (request->dialect < 0) {
        request->dialect = 0;
    }
    if (!request->url && request->plan_option) {
        return cli_usage_error("call",
                               "%s needs a URL; with a plan in "
                               "RETRYSPEC_PLAN the plan says it",
                               request->plan_option);
    }
    if (!request->url) {
        return 0;
    }
    int code = check_url(request->url);
    return code != 0 ? code
                     : call_override_check(&request->overrides, request->calls);
}

int call_options_read(struct call_request *request, int argc, char **argv)
{
    *request = (struct call_request){
        .calls = 1, .concurrency = 1, .clients = 1, .seed = 1, .dialect = -1};
    opterr = 0;
    optind = 1;
    int option;
    while ((option = getopt_long(argc, argv, ":p:vh", options, NULL)) != -1) {
        int code = option == '?' || option == ':'
                       ? cli_option_error("call", option, argv, options)
                       : read_option(request, option);
        if (code != 0 || request->wants_help) {
            return code;
        }
    }
    if (argc - optind > 1) {
        return cli_usage_error("call", "one URL at a time");
    }
    request->url = argv[optind];
    if (!request->method) {
        request->method = request->data ? "POST" : "GET";
    }
    return check(request);
}
