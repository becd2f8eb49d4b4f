#include "judge/client.h"

#include <string.h>

#include "judge/planned.h"
#include "judge/signal_name.h"
#include "model/units.h"

/* "This port can't do this scenario", as of automake and others. */
enum { EXIT_SKIPPED = 77 };

bool client_was_watched(const struct trace *trace)
{
    return trace->spawned_ns != TRACE_NEVER || trace->ended_ns != TRACE_NEVER;
}

static bool has_skipped(const struct trace *trace)
{
    return trace->level > 0 && trace->client.end == CLIENT_EXITED &&
           trace->client.code == EXIT_SKIPPED;
}

/* An adapter says with 0 that it ran the plan; what another program says with
 * its code is its own affair. */
static bool has_crashed(const struct trace *trace)
{
    switch (trace->client.end) {
    case CLIENT_SIGNALED:
        return true;
    case CLIENT_EXITED:
        return trace->level > 0 && trace->client.code != 0 &&
               !has_skipped(trace);
    case CLIENT_NOT_STARTED:
    case CLIENT_STOPPED:
    case CLIENT_GIVEN_UP:
    case CLIENT_NOT_RUN:
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
    if (trace->client.end == CLIENT_STOPPED) {
        *reason = "the client was stopped at its deadline first";
        return true;
    }
    *reason = "the client crashed first";
    return has_crashed(trace);
}

bool client_hangs_rightly(const struct judging *judging)
{
    const struct tally *tally = judging->tally;
    if (judging->trace->client.end != CLIENT_STOPPED || tally->hangs == 0) {
        return false;
    }
    for (int i = 0; i < JUDGE_RULES; i++) {
        if (tally->rules[i].cut && !tally->is_waived[i]) {
            return false;
        }
    }
    return true;
}

/* -- texts ----------------------------------------------------------------- */

/* What the runner noted; traces made otherwise lack it. */
static const char *noted(const char *text)
{
    return text ? text : "";
}

static const char *last_line(const struct judging *judging)
{
    const char *line = noted(judging->trace->client.last_line);
    return line[0] ? tally_text(judging->tally, "; its stderr ends: \"%.200s\"",
                                line)
                   : "";
}

static const char *end_text(const struct judging *judging)
{
    const struct trace_client *client = &judging->trace->client;
    char name[SIGNAL_NAME_MAX];
    switch (client->end) {
    case CLIENT_SIGNALED:
        return tally_text(judging->tally, "killed by %s",
                          signal_name((int)client->code, name));
    case CLIENT_EXITED:
        return tally_text(judging->tally, "exit code %lld",
                          (long long)client->code);
    case CLIENT_GIVEN_UP:
        return "ended when its caller gave up";
    case CLIENT_NOT_STARTED:
    case CLIENT_STOPPED:
    case CLIENT_NOT_RUN:
        return "";
    }
    return "";
}

/* -- one function a fault: its detail, NULL if it is not there ------------- */

typedef const char *find_fault(const struct judging *judging);

static const char *find_could_not_start(const struct judging *judging)
{
    const struct trace *trace = judging->trace;
    bool is_so = trace->client.end == CLIENT_NOT_STARTED &&
                 trace->ended_ns != TRACE_NEVER;
    return is_so ? noted(trace->client.reason) : NULL;
}

static const char *find_skipped(const struct judging *judging)
{
    const struct trace *trace = judging->trace;
    if (trace->client.end == CLIENT_NOT_RUN) {
        return noted(trace->client.reason);
    }
    if (!has_skipped(trace)) {
        return NULL;
    }
    const char *line = noted(trace->client.last_line);
    return line[0] ? line : "no reason on stderr";
}

static const char *find_timed_out(const struct judging *judging)
{
    const struct trace *trace = judging->trace;
    if (trace->client.end != CLIENT_STOPPED || client_hangs_rightly(judging)) {
        return NULL;
    }
    if (trace->client.reason && trace->client.reason[0]) {
        return noted(trace->client.reason);
    }
    char limit[UNITS_TEXT_MAX] = "its time";
    if (trace->client.limit_ns > 0) {
        units_format_seconds(trace->client.limit_ns, limit, sizeof limit);
    }
    return tally_text(judging->tally,
                      "still running after %s (--timeout gives it longer)%s",
                      limit, last_line(judging));
}

static const char *find_crashed(const struct judging *judging)
{
    return has_crashed(judging->trace)
               ? tally_text(judging->tally, "%s%s", end_text(judging),
                            last_line(judging))
               : NULL;
}

static const char *find_bad_results(const struct judging *judging)
{
    const char *problem = noted(judging->trace->results_problem);
    return problem[0] ? problem : NULL;
}

static const char *reported_text(const struct judging *judging)
{
    const struct trace_result *first = judging->trace->results;
    if (judging->trace->result_count == 0) {
        return "";
    }
    return first->is_ok ? tally_text(judging->tally, "; it reports %s as ok",
                                     first->call)
                        : tally_text(judging->tally,
                                     "; it reports %s as error \"%.80s\"",
                                     first->call, noted(first->error));
}

static const char *find_never_called(const struct judging *judging)
{
    const struct trace *trace = judging->trace;
    if (trace->attempt_count > 0 || planned_may_be_unseen(trace)) {
        return NULL;
    }
    const char *end = client_was_watched(trace) ? end_text(judging) : "";
    return tally_text(
        judging->tally, "%s%s%s%s%s",
        trace->conn_count > 0 ? "it connected, but sent no whole request"
                              : "no connection came",
        reported_text(judging), end[0] ? "; " : "", end, last_line(judging));
}

static const char *find_no_results(const struct judging *judging)
{
    const struct trace *trace = judging->trace;
    const struct workload *workload = &judging->scenario->workload;
    int64_t planned = workload->clients * workload->calls;
    if (trace->level == 0 || !client_was_watched(trace) ||
        client_hangs_rightly(judging) ||
        (int64_t)trace->result_count >= planned) {
        return NULL;
    }
    if (trace->result_count > 0) {
        return tally_text(judging->tally, "only %zu of %lld calls %s a line%s",
                          trace->result_count, (long long)planned,
                          trace->result_count == 1 ? "has" : "have",
                          last_line(judging));
    }
    return tally_text(
        judging->tally, "the file that RETRYSPEC_RESULTS names %s%s",
        trace->has_results ? "is empty" : "was not made", last_line(judging));
}

static const char *find_left_processes(const struct judging *judging)
{
    long long count = judging->trace->client.leftovers;
    return count > 0 ? tally_text(judging->tally,
                                  "%lld still ran after its end and %s killed",
                                  count, count == 1 ? "was" : "were")
                     : NULL;
}

static const char *find_flooded(const struct judging *judging)
{
    const struct trace_client *client = &judging->trace->client;
    return client->output_lost > 0
               ? tally_text(judging->tally,
                            "%lld bytes of output; %lld of them were not kept",
                            (long long)client->output_bytes,
                            (long long)client->output_lost)
               : NULL;
}

/* A cause stands before what follows from it. */
static const struct {
    enum client_fault fault;
    find_fault *find;
} finders[] = {
    {CLIENT_COULD_NOT_START, find_could_not_start},
    {CLIENT_SKIPPED, find_skipped},
    {CLIENT_TIMED_OUT, find_timed_out},
    {CLIENT_CRASHED, find_crashed},
    {CLIENT_BAD_RESULTS, find_bad_results},
    {CLIENT_NEVER_CALLED, find_never_called},
    {CLIENT_IGNORED_PLAN, planned_not_done},
    {CLIENT_NO_RESULTS, find_no_results},
    {CLIENT_LEFT_PROCESSES, find_left_processes},
    {CLIENT_FLOODED, find_flooded},
};

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

/* The mess that it left beside. */
static const char *mess_text(const struct judging *judging,
                             enum client_fault fault)
{
    const struct trace_client *client = &judging->trace->client;
    const char *left = "";
    if (client->leftovers > 0 && fault != CLIENT_LEFT_PROCESSES) {
        left = tally_text(
            judging->tally, "; it also left %lld process%s behind",
            (long long)client->leftovers, client->leftovers == 1 ? "" : "es");
    }
    return client->output_lost > 0 && fault != CLIENT_FLOODED
               ? tally_text(judging->tally, "%s; it also flooded its output",
                            left)
               : left;
}

void client_find_fault(const struct judging *judging,
                       struct scenario_report *report)
{
    report->client_fault = CLIENT_OK;
    report->client_detail = "";
    for (size_t i = 0; i < sizeof finders / sizeof *finders; i++) {
        const char *detail =
            judging->trace->interrupted ? NULL : finders[i].find(judging);
        if (detail) {
            report->client_fault = finders[i].fault;
            report->client_detail =
                tally_text(judging->tally, "%s%s", detail,
                           mess_text(judging, finders[i].fault));
            return;
        }
    }
}
