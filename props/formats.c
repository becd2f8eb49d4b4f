#include "props/formats.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/plan.h"
#include "model/trace.h"

static void write_begin(struct trace_writer *writer, const struct trace *trace)
{
    trace_write_run(writer, &(struct trace_run){
                                .scenario = trace->scenario,
                                .profile = trace->profile,
                                .seed = trace->seed,
                                .level = trace->level,
                                .wall_ns = trace->wall_ns,
                            });
}

static void write_conn(struct trace_writer *writer,
                       const struct trace_conn *conn)
{
    trace_write_accept(writer, conn->accepted_ns, conn->conn, 1);
    if (conn->fault != FAULT_NONE)
        trace_write_accept_fault(writer, conn->accepted_ns, conn);
    if (conn->closed_ns != TRACE_NEVER)
        trace_write_close(writer, conn->closed_ns, conn->conn, conn->requests);
}

static void write_outage(struct trace_writer *writer,
                         const struct trace_outage *outage)
{
    trace_write_outage(writer, outage->from_ns, outage->kind, true,
                       outage->window);
    if (outage->to_ns != INT64_MAX)
        trace_write_outage(writer, outage->to_ns, outage->kind, false,
                           outage->window);
}

static void write_client(struct trace_writer *writer, const struct trace *trace)
{
    static const char *const argv[] = {"client", NULL};
    if (trace->spawned_ns != TRACE_NEVER)
        trace_write_spawn(writer, trace->spawned_ns, 1, argv);
    for (size_t i = 0; i < trace->give_up_count; i++)
        trace_write_give_up(writer, &trace->give_ups[i]);
    if (trace->ended_ns != TRACE_NEVER)
        trace_write_client_end(writer, trace->ended_ns, &trace->client);
    if (trace->has_results)
        trace_write_results(writer, trace->results_problem);
    for (size_t i = 0; i < trace->result_count; i++)
        trace_write_result(writer, &trace->results[i]);
}

static void write_all(struct trace_writer *writer, const struct trace *trace)
{
    write_begin(writer, trace);
    for (size_t i = 0; i < trace->conn_count; i++)
        write_conn(writer, &trace->conns[i]);
    for (size_t i = 0; i < trace->attempt_count; i++) {
        trace_write_request(writer, &trace->attempts[i]);
        trace_write_response(writer, &trace->attempts[i]);
    }
    for (size_t i = 0; i < trace->outage_count; i++)
        write_outage(writer, &trace->outages[i]);
    write_client(writer, trace);
    if (trace->complete)
        trace_write_end(writer, 0, trace->lag_p99_ns, trace->lag_max_ns,
                        trace->interrupted);
}

char *props_trace_again(const char *text)
{
    struct error error = {0};
    struct trace *trace = trace_read("trace", text, strlen(text), &error);
    if (!trace)
        return NULL;
    int fd = memfd_create("trace", MFD_CLOEXEC);
    struct trace_writer *writer = trace_writer_create(fd, &error);
    assert(fd >= 0 && writer);
    write_all(writer, trace);
    trace_writer_flush(writer);
    trace_writer_free(writer);
    trace_free(trace);
    off_t size = lseek(fd, 0, SEEK_END);
    char *again = calloc(1, (size_t)size + 1);
    ssize_t got = again ? pread(fd, again, (size_t)size, 0) : 0;
    assert(again && got == size);
    close(fd);
    return again;
}

char *props_plan_of(const char *text)
{
    struct error error = {0};
    struct scenario *scenario =
        scenario_read("scenario", text, strlen(text), &error);
    char *plan = scenario ? plan_format(&scenario->workload) : NULL;
    scenario_free(scenario);
    return plan;
}

char *props_plan_again(const char *text)
{
    struct error error = {0};
    struct plan *plan = plan_read(text, &error);
    char *again = plan ? plan_format(&plan->workload) : NULL;
    plan_free(plan);
    return again;
}

char *props_result_again(const char *line)
{
    struct error error = {0};
    struct arena arena = {0};
    struct trace_result result;
    char *again = NULL;
    if (result_read("results", 1, line, &arena, &result, &error))
        again = result_format(&result);
    arena_deinit(&arena);
    return again;
}
