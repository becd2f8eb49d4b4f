#include "judge/client.h"

#include <signal.h>
#include <string.h>

enum { EXIT_SKIPPED = 77 };

bool client_was_watched(const struct trace *trace)
{
    return trace->spawned_ns != TRACE_NEVER || trace->ended_ns != TRACE_NEVER;
}

static const char *signal_name(struct tally *tally, int64_t number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
        {SIGHUP, "SIGHUP"},   {SIGILL, "SIGILL"},   {SIGINT, "SIGINT"},
        {SIGKILL, "SIGKILL"}, {SIGPIPE, "SIGPIPE"}, {SIGSEGV, "SIGSEGV"},
        {SIGSYS, "SIGSYS"},   {SIGTERM, "SIGTERM"}, {SIGTRAP, "SIGTRAP"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].number == number) {
            return names[i].name;
        }
    }
    return tally_text(tally, "signal %lld", (long long)number);
}

/* An adapter says with 0 that it ran the plan; what another program says with
 * its code is its own affair. */
static bool has_crashed(const struct trace *trace)
{
    switch (trace->client_end) {
    case CLIENT_SIGNALED:
        return true;
    case CLIENT_EXITED:
        return trace->level > 0 && trace->client_code != 0 &&
               trace->client_code != EXIT_SKIPPED;
    case CLIENT_NOT_STARTED:
    case CLIENT_STOPPED:
        return false;
    }
    return false;
}

bool client_was_cut(const struct trace *trace, int64_t *at_ns,
                    const char **reason)
{
    if (!client_was_watched(trace) || !trace->complete || trace->interrupted) {
        *reason = trace->interrupted ? "the run was interrupted first"
                                     : "the recording ended first";
        return true;
    }
    *at_ns = trace->ended_ns;
    if (trace->client_end == CLIENT_STOPPED) {
        *reason = "the client was stopped at its deadline first";
        return true;
    }
    *reason = "the client crashed first";
    return has_crashed(trace);
}

/* -- what it did with its plan --------------------------------------------- */

static bool may_be_unseen(const struct trace *trace)
{
    for (size_t i = 0; i < trace->conn_count; i++) {
        if (trace->conns[i].fault != FAULT_NONE) {
            return true;
        }
    }
    return trace->outage_count > 0;
}

static enum client_fault never_called(const struct judging *judging,
                                      const char **detail)
{
    const struct trace *trace = judging->trace;
    if (trace->attempt_count > 0 || may_be_unseen(trace)) {
        return CLIENT_OK;
    }
    *detail = trace->conn_count > 0 ? "it connected, but sent no whole request"
                                    : "no connection came";
    return CLIENT_NEVER_CALLED;
}

/* Calls that failed before they sent anything left nothing but their result. */
static int64_t calls_known(const struct judging *judging)
{
    const struct trace *trace = judging->trace;
    int64_t known = (int64_t)judging->calls->keys;
    for (size_t i = 0; i < trace->result_count; i++) {
        known += !calls_find(judging->calls, trace->results[i].call);
    }
    return known;
}

/* Elsewhere the values that tell calls apart are the client's own choice. */
static bool uses_tokens(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->route_count; i++) {
        if (scenario->routes[i].judged &&
            scenario->routes[i].key != KEY_TOKEN) {
            return false;
        }
    }
    return true;
}

static enum client_fault missed_calls(const struct judging *judging,
                                      const char **detail)
{
    const struct workload *workload = &judging->scenario->workload;
    int64_t planned = workload->clients * workload->calls;
    if (planned <= 1 || !uses_tokens(judging->scenario) ||
        (judging->trace->level == 0 && may_be_unseen(judging->trace))) {
        return CLIENT_OK;
    }
    if (calls_find(judging->calls, "")) {
        *detail = "requests without a token: put that of each call (rs-0-0, "
                  "rs-0-1, ...) anywhere into its requests";
        return CLIENT_IGNORED_PLAN;
    }
    int64_t known = calls_known(judging);
    if (known < planned) {
        *detail = tally_text(judging->tally, "%lld of %lld calls were made",
                             (long long)known, (long long)planned);
        return CLIENT_IGNORED_PLAN;
    }
    return CLIENT_OK;
}

static enum client_fault ignored_plan(const struct judging *judging,
                                      const char **detail)
{
    const struct trace_attempt *unmatched = judging->calls->unmatched;
    if (unmatched && !judging->calls->has_matched) {
        *detail =
            tally_text(judging->tally,
                       "no route of the scenario matches %s %.120s; "
                       "%.200s",
                       unmatched->method, unmatched->target, unmatched->reason);
        return CLIENT_IGNORED_PLAN;
    }
    return client_was_watched(judging->trace) ? missed_calls(judging, detail)
                                              : CLIENT_OK;
}

static enum client_fault no_results(const struct judging *judging,
                                    const char **detail)
{
    const struct trace *trace = judging->trace;
    const struct workload *workload = &judging->scenario->workload;
    int64_t planned = workload->clients * workload->calls;
    if (trace->level == 0 || !client_was_watched(trace) ||
        (int64_t)trace->result_count >= planned) {
        return CLIENT_OK;
    }
    *detail =
        trace->result_count == 0
            ? "nothing in the file that RETRYSPEC_RESULTS names"
            : tally_text(judging->tally, "only %zu of %lld calls have a line",
                         trace->result_count, (long long)planned);
    return CLIENT_NO_RESULTS;
}

/* -- how it ended ---------------------------------------------------------- */

static enum client_fault bad_end(const struct judging *judging,
                                 const char **detail)
{
    const struct trace *trace = judging->trace;
    if (!client_was_watched(trace)) {
        return CLIENT_OK;
    }
    if (has_crashed(trace)) {
        *detail =
            trace->client_end == CLIENT_SIGNALED
                ? tally_text(judging->tally, "killed by %s",
                             signal_name(judging->tally, trace->client_code))
                : tally_text(judging->tally, "exit code %lld",
                             (long long)trace->client_code);
        return CLIENT_CRASHED;
    }
    switch (trace->client_end) {
    case CLIENT_NOT_STARTED:
        return trace->ended_ns != TRACE_NEVER ? CLIENT_COULD_NOT_START
                                              : CLIENT_OK;
    case CLIENT_STOPPED:
        return CLIENT_TIMED_OUT;
    case CLIENT_EXITED:
        return trace->level > 0 && trace->client_code == EXIT_SKIPPED
                   ? CLIENT_SKIPPED
                   : CLIENT_OK;
    case CLIENT_SIGNALED:
        return CLIENT_OK;
    }
    return CLIENT_OK;
}

static enum client_fault left_processes(const struct judging *judging,
                                        const char **detail)
{
    int64_t leftovers = judging->trace->leftovers;
    if (leftovers == 0) {
        return CLIENT_OK;
    }
    *detail = tally_text(judging->tally, "%lld of them", (long long)leftovers);
    return CLIENT_LEFT_PROCESSES;
}

bool client_allows_verdicts(enum client_fault fault)
{
    switch (fault) {
    case CLIENT_OK:
    case CLIENT_TIMED_OUT:
    case CLIENT_LEFT_PROCESSES:
    case CLIENT_FLOODED:
        return true;
    case CLIENT_COULD_NOT_START:
    case CLIENT_CRASHED:
    case CLIENT_NEVER_CALLED:
    case CLIENT_IGNORED_PLAN:
    case CLIENT_NO_RESULTS:
    case CLIENT_BAD_RESULTS:
    case CLIENT_SKIPPED:
        return false;
    }
    return false;
}

void client_find_fault(const struct judging *judging,
                       struct scenario_report *report)
{
    static enum client_fault (*const looks[])(const struct judging *judging,
                                              const char **detail) = {
        bad_end, never_called, ignored_plan, no_results, left_processes,
    };
    report->client_detail = "";
    if (judging->trace->interrupted) {
        return;
    }
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        report->client_fault = looks[i](judging, &report->client_detail);
        if (report->client_fault != CLIENT_OK) {
            return;
        }
    }
}
