#include "runner/fault.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/units.h"
#include "runner/adapter.h"
#include "runner/plan_check.h"
#include "runner/signal_name.h"

bool fault_allows_verdicts(enum client_fault fault)
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

static void add_detail(struct fault_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_detail(struct fault_finding *finding, const char *format, ...)
{
    size_t used = strlen(finding->detail);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->detail + used, sizeof finding->detail - used, format,
              arguments);
    va_end(arguments);
}

static void add_last_line(const struct fault_input *input,
                          struct fault_finding *finding)
{
    char line[200];
    if (*output_last_line(input->output, line, sizeof line)) {
        add_detail(finding, "; its stderr ends: \"%s\"", line);
    }
}

static void describe_end(const struct fault_input *input,
                         struct fault_finding *finding)
{
    const struct trace *trace = input->trace;
    char name[SIGNAL_NAME_MAX];
    if (trace->client_end == CLIENT_SIGNALED) {
        add_detail(finding, "killed by %s",
                   signal_name((int)trace->client_code, name));
    } else if (trace->client_end == CLIENT_EXITED) {
        add_detail(finding, "exit code %" PRId64, trace->client_code);
    }
    add_last_line(input, finding);
}

/* -- one function a fault ---------------------------------------------------
 */

typedef bool find_fault(const struct fault_input *input,
                        struct fault_finding *finding);

static bool find_could_not_start(const struct fault_input *input,
                                 struct fault_finding *finding)
{
    add_detail(finding, "%s", input->start_problem);
    return input->start_problem[0] != '\0';
}

static bool find_skipped(const struct fault_input *input,
                         struct fault_finding *finding)
{
    const struct trace *trace = input->trace;
    if (input->refusal) {
        add_detail(finding, "%s", input->refusal);
        return true;
    }
    if (trace->level == 0 || trace->client_end != CLIENT_EXITED ||
        trace->client_code != ADAPTER_EXIT_SKIP) {
        return false;
    }
    char line[200];
    output_last_line(input->output, line, sizeof line);
    add_detail(finding, "%s", line[0] ? line : "no reason on stderr");
    return true;
}

static bool find_timed_out(const struct fault_input *input,
                           struct fault_finding *finding)
{
    if (input->trace->client_end != CLIENT_STOPPED) {
        return false;
    }
    char limit[UNITS_TEXT_MAX];
    add_detail(finding, "still running after %s (--timeout gives it longer)",
               units_format_seconds(input->deadline_ns, limit, sizeof limit));
    add_last_line(input, finding);
    return true;
}

/* Programs of level 0 report failed calls by their exit code, adapters by
 * their results. */
static bool find_crashed(const struct fault_input *input,
                         struct fault_finding *finding)
{
    const struct trace *trace = input->trace;
    bool is_bad_exit = trace->client_end == CLIENT_EXITED &&
                       trace->client_code != 0 && trace->level > 0;
    if (trace->client_end != CLIENT_SIGNALED && !is_bad_exit) {
        return false;
    }
    describe_end(input, finding);
    return true;
}

static bool find_bad_results(const struct fault_input *input,
                             struct fault_finding *finding)
{
    add_detail(finding, "%s", input->results_problem);
    return input->results_problem[0] != '\0';
}

static bool find_never_called(const struct fault_input *input,
                              struct fault_finding *finding)
{
    const struct trace *trace = input->trace;
    if (trace->attempt_count > 0 || plan_check_may_be_unseen(trace)) {
        return false;
    }
    if (trace->conn_count > 0) {
        add_detail(finding, "it connected, but sent no whole request; ");
    } else {
        add_detail(finding, "no connection came; ");
    }
    if (trace->result_count > 0) {
        const struct trace_result *result = &trace->results[0];
        if (result->is_ok) {
            add_detail(finding, "it reports %s as ok; ", result->call);
        } else {
            add_detail(finding, "it reports %s as error \"%.80s\"; ",
                       result->call, result->error);
        }
    }
    describe_end(input, finding);
    return true;
}

static bool find_ignored_plan(const struct fault_input *input,
                              struct fault_finding *finding)
{
    struct plan_finding plan = {.detail = ""};
    bool is_ignored = plan_check(input->scenario, input->trace, &plan);
    add_detail(finding, "%s", plan.detail);
    return is_ignored;
}

static bool find_no_results(const struct fault_input *input,
                            struct fault_finding *finding)
{
    const struct trace *trace = input->trace;
    const struct workload *workload = &input->scenario->workload;
    int64_t planned = workload->clients * workload->calls;
    if (trace->level == 0 || (int64_t)trace->result_count >= planned) {
        return false;
    }
    if (trace->result_count > 0) {
        add_detail(finding, "only %zu of %" PRId64 " calls have a line",
                   trace->result_count, planned);
    } else {
        add_detail(finding, "nothing in the file that RETRYSPEC_RESULTS names");
    }
    add_last_line(input, finding);
    return true;
}

static bool find_left_processes(const struct fault_input *input,
                                struct fault_finding *finding)
{
    int64_t count = input->trace->leftovers;
    add_detail(finding, "%" PRId64 " still ran after its end and %s killed",
               count, count == 1 ? "was" : "were");
    return count > 0;
}

static bool find_flooded(const struct fault_input *input,
                         struct fault_finding *finding)
{
    const struct output *output = input->output;
    add_detail(finding,
               "%" PRId64 " bytes on stdout and %" PRId64
               " on stderr; the first %" PRId64 " of each were kept",
               output->bytes[OUTPUT_STDOUT], output->bytes[OUTPUT_STDERR],
               output->kept_max);
    return output_is_flooded(output);
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
    {CLIENT_IGNORED_PLAN, find_ignored_plan},
    {CLIENT_NO_RESULTS, find_no_results},
    {CLIENT_LEFT_PROCESSES, find_left_processes},
    {CLIENT_FLOODED, find_flooded},
};

static void find_first(const struct fault_input *input,
                       struct fault_finding *finding)
{
    for (size_t i = 0; i < sizeof finders / sizeof *finders; i++) {
        finding->detail[0] = '\0';
        if (finders[i].find(input, finding)) {
            finding->fault = finders[i].fault;
            return;
        }
    }
    finding->detail[0] = '\0';
}

void fault_find(const struct fault_input *input, struct fault_finding *finding)
{
    *finding = (struct fault_finding){.fault = CLIENT_OK};
    if (input->trace->interrupted) {
        return;
    }
    find_first(input, finding);
    if (finding->fault == CLIENT_OK) {
        return;
    }
    int64_t left = input->trace->leftovers;
    if (left > 0 && finding->fault != CLIENT_LEFT_PROCESSES) {
        add_detail(finding, "; it also left %" PRId64 " processes behind",
                   left);
    }
    if (output_is_flooded(input->output) && finding->fault != CLIENT_FLOODED) {
        add_detail(finding, "; it also flooded its output");
    }
}
