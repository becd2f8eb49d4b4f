#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/call_events.h"
#include "cli/call_options.h"
#include "cli/cli.h"
#include "client/driver.h"
#include "client/retry.h"
#include "model/units.h"

static const char usage[] =
    "Usage: retryspec call URL [OPTION...]\n"
    "       retryspec run ... -- retryspec call [OPTION...]\n\n"
    "The reference client: it retries exactly as a profile says. Given a URL\n"
    "it calls it and tells what it does; without one it is an adapter and\n"
    "takes its work from RETRYSPEC_PLAN, as docs/adapters.md describes.\n\n"
    "Options:\n"
    "  -p, --profile NAME|FILE  how to retry; needed with a URL (default as "
    "an\n"
    "                           adapter: the one of the run)\n"
    "      --calls N            so many calls (1)\n"
    "      --concurrency N      so many of them at a time (1)\n"
    "      --clients N          so many clients, each with its calls (1)\n"
    "      --sessions N         client i belongs to session i modulo N (one\n"
    "                           each)\n"
    "      --override CALL:KEY=VALUE  call CALL of each client, from 0, has\n"
    "                           its own attempts, elapsed or attempt_timeout\n"
    "      --method METHOD      GET, or POST with --data\n"
    "      --data JSON          the body of POST, PUT and PATCH; \"<token>\" "
    "in\n"
    "                           it becomes the call's own\n"
    "      --give-up DURATION   cancel a call that is not done by then\n"
    "      --seed N             fixes every random delay (RETRYSPEC_SEED, else "
    "1)\n"
    "      --json               one line of JSON a call, and one in all\n"
    "      --events FILE        what happens to each call, a line an event; "
    "- is\n"
    "                           standard output, in the place of the log\n"
    "      --dialect NAME       in our own words (json), or as tinker "
    "(python),\n"
    "                           tinkex (elixir, elixir-console) or llm-d (go)\n"
    "                           tell it\n"
    "  -v, --verbose            as an adapter or with --json: attempts and\n"
    "                           waits on standard error\n"
    "  -h, --help               this text\n\n"
    "Examples:\n"
    "  retryspec call http://127.0.0.1:8080/v1/echo -p curl-retry\n"
    "  retryspec call http://127.0.0.1:8080/v1/echo -p openai-python \\\n"
    "      --data '{\"a\": 1}' --calls 20 --concurrency 5\n"
    "  retryspec call http://127.0.0.1:8080/v1/echo -p tinker-retry-handler "
    "\\\n"
    "      --events - --dialect python\n"
    "  retryspec run -p tinker-submit -- retryspec call -p curl-retry\n\n"
    "Exit codes: 0 every call succeeded (as an adapter: the plan was run),\n"
    "1 a call failed, 2 wrong usage or file, 3 the system failed, 77 as an\n"
    "adapter: the client can't run this plan; 128 + n stopped by signal n.\n";

enum { EXIT_CALL_FAILED = 1 };

/* One run of the command, as a program or as an adapter. */
struct calling {
    const struct call_request *request;
    struct profile *profile;
    struct plan *plan; /* as an adapter: read, else `own` */
    struct plan own;
    char *base_url;
    int results;  /* descriptor */
    bool is_lost; /* a result could not be written */
    struct call_events events;
    struct driver_stats stats;
    struct error error;
};

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static bool is_adapter(const struct calling *calling)
{
    return !calling->request->url;
}

/* -- what to do -------------------------------------------------------------
 */

/* There is no default for a URL: the one of `run`, http-generic, says what any
 * client may do, which is to try again at once and for ever. */
static bool load_profile(struct calling *calling)
{
    const char *name = calling->request->profile;
    if (!name && is_adapter(calling)) {
        name = environment("RETRYSPEC_PROFILE_FILE");
        name = name ? name : environment("RETRYSPEC_PROFILE");
    }
    if (!name) {
        struct problem *problem = error_add(&calling->error, PROBLEM_INPUT,
                                            "no profile says how to retry");
        snprintf(problem->hint, sizeof problem->hint,
                 "e.g. -p curl-retry; \"retryspec list --profiles\" names "
                 "them all");
        return false;
    }
    calling->profile = cli_load_profile(name, &calling->error);
    return calling->profile != NULL;
}

/* http://host:port/path?query -> base and path. */
static bool split_url(struct calling *calling)
{
    const struct call_request *request = calling->request;
    const char *host = strstr(request->url, "://") + 3;
    size_t length = (size_t)(host - request->url) + strcspn(host, "/?#");
    const char *path = request->url + length;
    calling->base_url = strndup(request->url, length);
    calling->own.workload = (struct workload){
        .method = request->method,
        .path = *path ? path : "/",
        .payload = request->data,
        .clients = request->clients,
        .calls = request->calls,
        .concurrency = request->concurrency,
        .give_up_ns = request->give_up_ns,
    };
    calling->plan = &calling->own;
    return calling->base_url != NULL;
}

static const char *need_environment(struct calling *calling, const char *name)
{
    const char *value = environment(name);
    if (!value) {
        error_add(&calling->error, PROBLEM_INPUT,
                  "RETRYSPEC_PLAN is set, but %s is not; see "
                  "docs/adapters.md",
                  name);
    }
    return value;
}

static bool open_results(struct calling *calling, const char *path)
{
    calling->results =
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (calling->results < 0) {
        error_add_errno(&calling->error, errno, "can't write %s", path);
    }
    return calling->results >= 0;
}

static bool read_environment(struct calling *calling)
{
    const char *text = environment("RETRYSPEC_PLAN");
    if (!text) {
        struct problem *problem =
            error_add(&calling->error, PROBLEM_INPUT,
                      "no URL is given and RETRYSPEC_PLAN is not set");
        snprintf(problem->hint, sizeof problem->hint,
                 "retryspec call http://127.0.0.1:8080/ -p http-generic");
        return false;
    }
    const char *base_url = need_environment(calling, "RETRYSPEC_BASE_URL");
    const char *results = need_environment(calling, "RETRYSPEC_RESULTS");
    if (!base_url || !results) {
        return false;
    }
    calling->base_url = strdup(base_url);
    calling->plan = plan_read(text, &calling->error);
    return calling->base_url && calling->plan && open_results(calling, results);
}

static bool choose_seed(const struct calling *calling, uint64_t *seed)
{
    const char *text = environment("RETRYSPEC_SEED");
    *seed = calling->request->seed;
    return calling->request->has_seed || !text || cli_parse_seed(text, seed);
}

/* -- what came of it --------------------------------------------------------
 */

/* One write a line, so that lines of several writers never mix. */
static void write_line(struct calling *calling, char *line)
{
    size_t length = strlen(line);
    line[length] = '\n';
    if (write(calling->results, line, length + 1) != (ssize_t)(length + 1)) {
        calling->is_lost = true;
    }
    line[length] = '\0';
}

static void on_result(void *context, const struct trace_result *result)
{
    struct calling *calling = context;
    char *line = result_format(result);
    if (!line) {
        calling->is_lost = true;
        return;
    }
    if (is_adapter(calling)) {
        write_line(calling, line);
    } else if (calling->request->is_json) {
        puts(line);
    }
    free(line);
}

static void on_event(void *context, const struct call_event *event)
{
    struct calling *calling = context;
    call_events_tell(&calling->events, event);
}

static const struct retry_override *override_of(void *context, int64_t call)
{
    const struct calling *calling = context;
    return call_override_find(&calling->request->overrides, call);
}

static void print_json_summary(const struct calling *calling, uint64_t seed)
{
    const struct driver_stats *stats = &calling->stats;
    printf("{\"profile\":\"%s\",\"seed\":%" PRIu64 ",\"calls\":%" PRId64
           ",\"succeeded\":%" PRId64 ",\"failed\":%" PRId64
           ",\"cancelled\":%" PRId64 ",\"attempts\":%" PRId64
           ",\"retries\":%" PRId64 ",\"resends\":%" PRId64
           ",\"peak_in_flight\":%" PRId64 "}\n",
           calling->profile->id, seed, stats->calls, stats->succeeded,
           stats->failed, stats->cancelled, stats->attempts, stats->retries,
           stats->resends, stats->peak_in_flight);
}

static void print_summary(const struct calling *calling, uint64_t seed)
{
    const struct driver_stats *stats = &calling->stats;
    FILE *out = call_events_own_stdout(calling->request) ? stderr : stdout;
    fprintf(out,
            "%s, seed %" PRIu64 ": %" PRId64 " call%s, %" PRId64 " ok, %" PRId64
            " failed, %" PRId64 " cancelled; %" PRId64 " attempt%s, %" PRId64
            " retr%s, at most %" PRId64 " in flight\n",
            calling->profile->id, seed, stats->calls,
            stats->calls == 1 ? "" : "s", stats->succeeded, stats->failed,
            stats->cancelled, stats->attempts, stats->attempts == 1 ? "" : "s",
            stats->retries, stats->retries == 1 ? "y" : "ies",
            stats->peak_in_flight);
}

static int exit_code(const struct calling *calling)
{
    if (calling->is_lost) {
        fputs("retryspec call: a result could not be written\n", stderr);
        return EXIT_SYSTEM;
    }
    if (cli_stop) {
        return 128 + (int)cli_stop;
    }
    bool is_failure = calling->stats.succeeded < calling->stats.calls;
    return is_failure && !is_adapter(calling) ? EXIT_CALL_FAILED : 0;
}

/* -- running ----------------------------------------------------------------
 */

static FILE *log_file(const struct calling *calling)
{
    if (is_adapter(calling) || calling->request->is_json ||
        call_events_own_stdout(calling->request)) {
        return calling->request->is_verbose ? stderr : NULL;
    }
    return stdout;
}

static int run(struct calling *calling, uint64_t seed)
{
    const struct driver_options driver_options = {
        .base_url = calling->base_url,
        .profile = calling->profile,
        .plan = calling->plan,
        .seed = seed,
        .stop = &cli_stop,
        .log = log_file(calling),
        .on_result = on_result,
        .on_event = calling->events.dialect ? on_event : NULL,
        .override_of = override_of,
        .sessions = calling->request->sessions,
        .context = calling,
    };
    cli_catch_signals();
    if (!driver_run(&driver_options, &calling->stats, &calling->error)) {
        return cli_fail(&calling->error);
    }
    if (calling->request->is_json) {
        print_json_summary(calling, seed);
    } else if (!is_adapter(calling)) {
        print_summary(calling, seed);
    }
    return exit_code(calling);
}

static int run_with_events(struct calling *calling, uint64_t seed)
{
    bool is_open =
        call_events_open(&calling->events, calling->request, &calling->error);
    int code = is_open ? run(calling, seed) : cli_fail(&calling->error);
    if (call_events_close(&calling->events)) {
        return code;
    }
    fputs("retryspec call: an event could not be written\n", stderr);
    return EXIT_SYSTEM;
}

static int call(struct calling *calling)
{
    uint64_t seed;
    if (!choose_seed(calling, &seed)) {
        return cli_usage_error("call",
                               "RETRYSPEC_SEED is no number such as 7 or 0x1f");
    }
    bool is_ready =
        is_adapter(calling) ? read_environment(calling) : split_url(calling);
    if (!is_ready || !load_profile(calling)) {
        return cli_fail(&calling->error);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_with_events(calling, seed);
}

static void calling_deinit(struct calling *calling)
{
    if (calling->results >= 0) {
        close(calling->results);
    }
    if (calling->plan != &calling->own) {
        plan_free(calling->plan);
    }
    profile_free(calling->profile);
    free(calling->base_url);
}

int cmd_call(int argc, char **argv)
{
    struct call_request request;
    int code = call_options_read(&request, argc, argv);
    if (code != 0) {
        return code;
    }
    if (request.wants_help) {
        fputs(usage, stdout);
        return 0;
    }
    struct calling calling = {.request = &request, .results = -1};
    code = call(&calling);
    calling_deinit(&calling);
    return code;
}
