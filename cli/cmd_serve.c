#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/serve_summary.h"
#include "mock_server/server.h"
#include "model/units.h"

static const char usage[] =
    "Usage: retryspec serve SCENARIO [OPTION...]\n\n"
    "The mock server alone, for a debugger or a test suite of your own.\n"
    "SCENARIO is the id of a shipped scenario or a file. Prints one line,\n"
    "\"ready http://127.0.0.1:PORT\", and serves until Ctrl-C; then says what\n"
    "was reached and what never was.\n\n"
    "Options:\n"
    "      --port N         listen on this port (default: any that is free)\n"
    "      --bind ADDRESS   listen on this address (127.0.0.1); others can\n"
    "                       reach the server if it is not loopback\n"
    "      --seed N         fixes every draw of delays and chances (1)\n"
    "      --trace FILE|-   write the trace to FILE, or to standard output\n"
    "      --level 0|1      0: any method and path fits every route; 1: as\n"
    "                       the scenario says (1)\n"
    "      --for DURATION   stop by itself, e.g. after 30s\n"
    "      --json           the summary as one line of JSON, to standard\n"
    "                       output\n"
    "  -h, --help           this text\n\n"
    "Examples:\n"
    "  retryspec serve retry-after/429-seconds --port 8080\n"
    "  retryspec serve my.jsonc --trace trace.ndjson --for 60s\n"
    "  retryspec judge trace.ndjson -p http-generic\n\n"
    "Exit codes: 0 served (also when Ctrl-C or --for ended it), 2 wrong usage\n"
    "or file, 3 the system said no, such as a port in use or a full disk.\n";

enum option_id {
    OPTION_PORT = 1,
    OPTION_BIND,
    OPTION_SEED,
    OPTION_TRACE,
    OPTION_LEVEL,
    OPTION_FOR,
    OPTION_JSON,
};

static const struct option options[] = {
    {"port", required_argument, NULL, OPTION_PORT},
    {"bind", required_argument, NULL, OPTION_BIND},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {"level", required_argument, NULL, OPTION_LEVEL},
    {"for", required_argument, NULL, OPTION_FOR},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct serve_request {
    const char *scenario, *bind, *trace;
    uint16_t port;
    uint64_t seed;
    int level;
    int64_t for_ns; /* 0: until a signal */
    bool is_json, wants_help;
};

/* -- the command line -- */

static int read_port(struct serve_request *request, const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);
    if (end == text || *end || text[0] == '-' || port > 65535) {
        return cli_usage_error(
            "serve", "--port %s: it is a number from 0 to 65535", text);
    }
    request->port = (uint16_t)port;
    return 0;
}

static int read_level(struct serve_request *request, const char *text)
{
    if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0) {
        return cli_usage_error("serve", "--level %s: it is 0 or 1", text);
    }
    request->level = text[0] - '0';
    return 0;
}

static int read_for(struct serve_request *request, const char *text)
{
    if (units_parse_duration(text, &request->for_ns) && request->for_ns > 0) {
        return 0;
    }
    return cli_usage_error(
        "serve", "--for %s: it is a duration such as 500ms or 10s", text);
}

static int read_option(struct serve_request *request, int option)
{
    switch (option) {
    case OPTION_PORT:
        return read_port(request, optarg);
    case OPTION_BIND:
        request->bind = optarg;
        return 0;
    case OPTION_SEED:
        return cli_parse_seed(optarg, &request->seed)
                   ? 0
                   : cli_usage_error(
                         "serve", "--seed %s: it is a number such as 7 or 0x1f",
                         optarg);
    case OPTION_TRACE:
        request->trace = optarg;
        return 0;
    case OPTION_LEVEL:
        return read_level(request, optarg);
    case OPTION_FOR:
        return read_for(request, optarg);
    case OPTION_JSON:
        request->is_json = true;
        return 0;
    case 'h':
        request->wants_help = true;
        return 0;
    }
    return EXIT_USAGE;
}

static int read_request(struct serve_request *request, int argc, char **argv)
{
    *request =
        (struct serve_request){.bind = "127.0.0.1", .seed = 1, .level = 1};
    opterr = 0;
    optind = 1;
    int option;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        int code = option == '?' || option == ':'
                       ? cli_option_error("serve", option, argv, options)
                       : read_option(request, option);
        if (code != 0 || request->wants_help) {
            return code;
        }
    }
    if (optind != argc - 1) {
        return cli_usage_error("serve", optind == argc
                                            ? "name a scenario or a file"
                                            : "one scenario at a time");
    }
    request->scenario = argv[optind];
    if (request->is_json && request->trace &&
        strcmp(request->trace, "-") == 0) {
        return cli_usage_error(
            "serve", "--json and --trace - both write to standard output");
    }
    return 0;
}

/* -- serving -- */

struct serving {
    struct scenario *scenario;
    struct mock_server *server;
    struct mock_run *run;
    struct trace_writer *trace;
    int trace_fd;
};

static void on_alarm(int number)
{
    cli_stop = number;
}

static void stop_after(int64_t span_ns)
{
    struct itimerval timer = {
        .it_value = {.tv_sec = span_ns / NS_PER_S,
                     .tv_usec = span_ns % NS_PER_S / NS_PER_US}};
    if (timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0) {
        timer.it_value.tv_usec = 1;
    }
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static bool open_trace(struct serving *serving, const char *path,
                       struct error *error)
{
    serving->trace_fd = -1;
    if (path && strcmp(path, "-") == 0) {
        serving->trace_fd = STDOUT_FILENO;
    } else if (path) {
        serving->trace_fd =
            open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (serving->trace_fd < 0) {
            error_add_errno(error, errno, "can't write %s", path);
            return false;
        }
    }
    serving->trace = trace_writer_create(serving->trace_fd, error);
    return serving->trace != NULL;
}

static bool start(struct serving *serving, const struct serve_request *request,
                  struct error *error)
{
    serving->scenario = cli_load_scenario(request->scenario, error);
    if (!serving->scenario || !open_trace(serving, request->trace, error) ||
        !(serving->server = mock_server_create(error))) {
        return false;
    }
    const struct mock_run_options run_options = {
        .scenario = serving->scenario,
        .seed = request->seed,
        .level = request->level,
        .bind = request->bind,
        .port = request->port,
        .trace = serving->trace,
    };
    serving->run = mock_run_start(serving->server, &run_options, error);
    if (!serving->run) {
        return false;
    }
    int64_t age_ns =
        clock_ns(CLOCK_MONOTONIC) - mock_run_origin_ns(serving->run);
    const struct trace_run run = {
        .scenario = serving->scenario->id,
        .seed = request->seed,
        .level = request->level,
        .wall_ns = clock_ns(CLOCK_REALTIME) - age_ns,
        .url = mock_run_url(serving->run),
    };
    trace_write_run(serving->trace, &run);
    return true;
}

static void announce(const struct serving *serving,
                     const struct serve_request *request)
{
    const struct scenario *scenario = serving->scenario;
    printf("ready %s\n", mock_run_url(serving->run));
    fflush(stdout);
    fprintf(stderr, "%s: %s\nseed %" PRIu64 "\n", scenario->id,
            scenario->title ? scenario->title : "", request->seed);
    fprintf(stderr, "try: curl -i -X %s %s%s\n", scenario->workload.method,
            mock_run_url(serving->run), scenario->workload.path);
    if (request->for_ns == 0) {
        fprintf(stderr, "Ctrl-C stops it\n");
    }
}

/* The run's last lines; false if the trace could not be written. */
static bool finish(struct serving *serving)
{
    struct mock_run_stats stats;
    mock_run_stats(serving->run, &stats);
    int64_t t_ns = clock_ns(CLOCK_MONOTONIC) - mock_run_origin_ns(serving->run);
    mock_run_stop(serving->run);
    trace_write_end(serving->trace, t_ns, stats.lag_p99_ns, stats.lag_max_ns,
                    false);
    return trace_writer_flush(serving->trace);
}

static void serving_deinit(struct serving *serving)
{
    mock_server_free(serving->server);
    trace_writer_free(serving->trace);
    if (serving->trace_fd > STDOUT_FILENO) {
        close(serving->trace_fd);
    }
    scenario_free(serving->scenario);
}

static int serve(const struct serve_request *request)
{
    struct serving serving = {.trace_fd = -1};
    struct error error = {0};
    bool is_served = start(&serving, request, &error);
    if (is_served) {
        cli_catch_signals();
        if (request->for_ns > 0) {
            stop_after(request->for_ns);
        }
        announce(&serving, request);
        mock_server_loop(serving.server, &cli_stop);
        serve_summary_print(serving.run, request->is_json);
        is_served = finish(&serving);
        if (!is_served) {
            error_add(&error, PROBLEM_SYSTEM,
                      "can't write %s: the trace has %" PRId64
                      " lines less than there were",
                      request->trace, trace_writer_dropped(serving.trace));
        }
    }
    serving_deinit(&serving);
    return is_served ? 0 : cli_fail(&error);
}

int cmd_serve(int argc, char **argv)
{
    struct serve_request request;
    int code = read_request(&request, argc, argv);
    if (code != 0) {
        return code;
    }
    if (request.wants_help) {
        fputs(usage, stdout);
        return 0;
    }
    return serve(&request);
}
