/* Any bytes: a trace or at least one problem; and a trace that was read can be
 * written and read again, and is the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void write_again(const struct trace *trace, struct trace_writer *writer)
{
    const struct trace_run run = {
        .scenario = trace->scenario,
        .profile = trace->profile,
        .seed = trace->seed,
        .level = trace->level,
        .wall_ns = trace->wall_ns,
    };
    trace_write_run(writer, &run);
    for (size_t i = 0; i < trace->attempt_count; i++) {
        trace_write_request(writer, &trace->attempts[i]);
        trace_write_response(writer, &trace->attempts[i]);
    }
    for (size_t i = 0; i < trace->result_count; i++)
        trace_write_result(writer, &trace->results[i]);
}

static struct trace *read_again(const struct trace *trace)
{
    struct error error = {0};
    int fd = memfd_create("trace", MFD_CLOEXEC);
    struct trace_writer *writer = trace_writer_create(fd, &error);
    require(fd >= 0 && writer);
    write_again(trace, writer);
    require(trace_writer_flush(writer));
    trace_writer_free(writer);
    off_t end = lseek(fd, 0, SEEK_END);
    char *text = malloc((size_t)end);
    require(text && pread(fd, text, (size_t)end, 0) == end);
    close(fd);
    struct trace *again = trace_read("again", text, (size_t)end, &error);
    require(again && !error_is_set(&error));
    free(text);
    return again;
}

static bool are_same_headers(const struct http_headers *a,
                             const struct http_headers *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
            strcmp(a->items[i].value, b->items[i].value) != 0)
            return false;
    }
    return a->count == b->count;
}

static void check_attempt(const struct trace_attempt *a,
                          const struct trace_attempt *b)
{
    require(a->id == b->id && a->conn == b->conn && a->end == b->end);
    require(a->head_ns == b->head_ns && a->gone_ns == b->gone_ns);
    require(a->status == b->status && a->delay_ns == b->delay_ns);
    require(strcmp(a->call, b->call) == 0);
    require(strcmp(a->target, b->target) == 0);
    require(strcmp(a->reason, b->reason) == 0);
    require(strcmp(a->proof, b->proof) == 0);
    require(are_same_headers(&a->headers, &b->headers));
    require(are_same_headers(&a->reply_headers, &b->reply_headers));
    require(a->fault.kind == b->fault.kind);
    if (a->fault.kind != FAULT_NONE)
        require(a->fault.at == b->fault.at && a->fault_fired == b->fault_fired);
}

static void check_trace(const struct trace *trace)
{
    struct trace *again = read_again(trace);
    require(strcmp(trace->scenario, again->scenario) == 0);
    require(trace->seed == again->seed && trace->wall_ns == again->wall_ns);
    require(trace->attempt_count == again->attempt_count);
    require(trace->result_count == again->result_count);
    for (size_t i = 0; i < trace->attempt_count; i++) {
        require(i == 0 || trace->attempts[i - 1].id < trace->attempts[i].id);
        check_attempt(&trace->attempts[i], &again->attempts[i]);
    }
    for (size_t i = 1; i < trace->conn_count; i++)
        require(trace->conns[i - 1].conn < trace->conns[i].conn);
    for (size_t i = 0; i < trace->outage_count; i++)
        require(trace->outages[i].kind == FAULT_REFUSE ||
                trace->outages[i].kind == FAULT_STALL);
    trace_free(again);
}

/* Longer lines are cut when they are written, so they can't be the same. */
enum { SIZE_MAX_CHECKED = 32 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct trace *trace =
        trace_read("f.ndjson", (const char *)data, size, &error);
    require(!trace == error_is_set(&error));
    for (int i = 0; i < error.count; i++)
        require(error.problems[i].line >= 1 && error.problems[i].message[0]);
    if (trace && size <= SIZE_MAX_CHECKED)
        check_trace(trace);
    trace_free(trace);
    return 0;
}
