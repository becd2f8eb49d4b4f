#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/trace_write_parts.h"

struct trace_writer *trace_writer_create(int fd, struct error *error)
{
    struct trace_writer *writer = malloc(sizeof *writer);
    if (!writer) {
        error_add(error, PROBLEM_MEMORY, "no memory for the trace");
        return NULL;
    }
    writer->fd = fd;
    writer->is_failed = false;
    writer->dropped = 0;
    writer->used = 0;
    writer->lines = 0;
    writer->last_time = (struct time_text){0};
    return writer;
}

void trace_writer_free(struct trace_writer *writer)
{
    free(writer);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

bool trace_writer_flush(struct trace_writer *writer)
{
    bool is_lost = false;
    if (writer->fd >= 0 && !writer->is_failed)
        is_lost = !write_all(writer->fd, writer->buffer, writer->used);
    if (is_lost) {
        writer->is_failed = true;
        writer->dropped += (int64_t)writer->lines;
    }
    writer->used = 0;
    writer->lines = 0;
    return !writer->is_failed;
}

size_t trace_writer_pending(const struct trace_writer *writer)
{
    return writer->used;
}

int64_t trace_writer_dropped(const struct trace_writer *writer)
{
    return writer->dropped;
}

/* -- lines ----------------------------------------------------------------- */

/* How each line begins, filled up to one size: to copy a constant number of
 * bytes costs less. */
static const struct {
    size_t size;
    char bytes[24];
} beginnings[] = {
#define X(constant, word) \
    [constant] = {sizeof("{\"ev\":\"" word "\"") - 1, "{\"ev\":\"" word "\""},
    TRACE_EVENT_LIST(X)
#undef X
};

char *trace_write_begin_line(struct trace_writer *writer,
                             enum trace_event event)
{
    if (writer->used + TRACE_LINE_MAX > sizeof writer->buffer)
        trace_writer_flush(writer);
    char *at = writer->buffer + writer->used;
    writer->line.soft_end = at + TRACE_LINE_MAX - TRACE_TEXT_RESERVE;
    writer->line.is_cut = false;
    memcpy(at, beginnings[event].bytes, sizeof beginnings[event].bytes);
    return at + beginnings[event].size;
}

void trace_write_end_line(struct trace_writer *writer, char *at)
{
    writer->line.at = at;
    trace_text_end(&writer->line);
    if (writer->is_failed) {
        writer->dropped++;
        return;
    }
    writer->used = (size_t)(writer->line.at - writer->buffer);
    writer->lines++;
}

void trace_write_run(struct trace_writer *writer, const struct trace_run *run)
{
    struct trace_text *line = &writer->line;
    char *at = trace_write_begin_line(writer, TRACE_RUN);
    at = put_int(at, "t", 0);
    at = put_string(at, line, "version", RETRYSPEC_VERSION);
    at = put_string(at, line, "scenario", run->scenario);
    at = put_filled(at, line, "profile", run->profile);
    at = put_wide(at, "seed", run->seed);
    at = put_int(at, "level", run->level);
    if (run->wall_ns > 0)
        at = put_wide(at, "wall", (uint64_t)run->wall_ns);
    at = put_filled(at, line, "url", run->url);
    trace_write_end_line(writer, at);
}

void trace_write_accept(struct trace_writer *writer, int64_t t_ns, int64_t conn,
                        int peer_port)
{
    char *at = trace_write_begin_line(writer, TRACE_ACCEPT);
    at = put_int(at, "t", t_ns);
    at = put_int(at, "conn", conn);
    at = put_int(at, "peer_port", peer_port);
    trace_write_end_line(writer, at);
}

void trace_write_accept_fault(struct trace_writer *writer, int64_t t_ns,
                              const struct trace_conn *conn)
{
    struct trace_text *line = &writer->line;
    char *at = trace_write_begin_line(writer, TRACE_ACCEPT_FAULT);
    at = put_int(at, "t", t_ns);
    at = put_int(at, "conn", conn->conn);
    at = put_string(at, line, "do", fault_do_words[conn->fault]);
    at = put_filled(at, line, "step", conn->step);
    at = put_filled(at, line, "proof", conn->proof);
    trace_write_end_line(writer, at);
}

void trace_write_close(struct trace_writer *writer, int64_t t_ns, int64_t conn,
                       int64_t requests)
{
    char *at = trace_write_begin_line(writer, TRACE_CLOSE);
    at = put_int(at, "t", t_ns);
    at = put_int(at, "conn", conn);
    at = put_int(at, "requests", requests);
    trace_write_end_line(writer, at);
}

void trace_write_outage(struct trace_writer *writer, int64_t t_ns,
                        enum fault_do kind, bool is_begin, const char *window)
{
    struct trace_text *line = &writer->line;
    char *at = trace_write_begin_line(writer, TRACE_OUTAGE);
    at = put_int(at, "t", t_ns);
    at = put_string(at, line, "do", fault_do_words[kind]);
    at = put_bool(at, "begin", is_begin);
    at = put_filled(at, line, "window", window);
    trace_write_end_line(writer, at);
}

void trace_write_spawn(struct trace_writer *writer, int64_t t_ns, long pid,
                       const char *const *argv)
{
    char *at = trace_write_begin_line(writer, TRACE_SPAWN);
    at = put_int(at, "t", t_ns);
    at = put_int(at, "pid", pid);
    writer->line.at = put_key(at, "argv");
    trace_text_list(&writer->line, argv);
    trace_write_end_line(writer, writer->line.at);
}

void trace_write_starved(struct trace_writer *writer,
                         const struct trace_starved *starved)
{
    char *at = trace_write_begin_line(writer, TRACE_STARVED);
    at = put_int(at, "t", starved->to_ns);
    at = put_int(at, "from", starved->from_ns);
    at = put_int(at, "wait", starved->wait_ns);
    trace_write_end_line(writer, at);
}

void trace_write_give_up(struct trace_writer *writer,
                         const struct trace_give_up *give_up)
{
    char *at = trace_write_begin_line(writer, TRACE_GIVE_UP);
    at = put_int(at, "t", give_up->t_ns);
    at = put_string(at, &writer->line, "call", give_up->call);
    trace_write_end_line(writer, at);
}

void trace_write_client_end(struct trace_writer *writer, int64_t t_ns,
                            const struct trace_client *client)
{
    struct trace_text *line = &writer->line;
    char *at = trace_write_begin_line(writer, TRACE_CLIENT_END);
    at = put_int(at, "t", t_ns);
    at = put_string(at, line, "end", trace_words_client_end[client->end]);
    at = put_int(at, "code", client->code);
    at = put_int(at, "leftovers", client->leftovers);
    at = put_int(at, "output_bytes", client->output_bytes);
    if (client->output_lost > 0)
        at = put_int(at, "output_lost", client->output_lost);
    if (client->limit_ns > 0)
        at = put_int(at, "limit", client->limit_ns);
    at = put_filled(at, line, "reason", client->reason);
    at = put_filled(at, line, "last_line", client->last_line);
    trace_write_end_line(writer, at);
}

void trace_write_results(struct trace_writer *writer, const char *problem)
{
    char *at = trace_write_begin_line(writer, TRACE_RESULTS);
    at = put_filled(at, &writer->line, "problem", problem);
    trace_write_end_line(writer, at);
}

void trace_write_result(struct trace_writer *writer,
                        const struct trace_result *result)
{
    struct trace_text *line = &writer->line;
    char *at = trace_write_begin_line(writer, TRACE_RESULT);
    at = put_string(at, line, "call", result->call);
    at = put_string(at, line, "outcome", result->is_ok ? "ok" : "error");
    if (result->status != 0)
        at = put_int(at, "status", result->status);
    at = put_filled(at, line, "error", result->error);
    at = put_filled(at, line, "sha256", result->sha256);
    trace_write_end_line(writer, at);
}

void trace_write_end(struct trace_writer *writer, int64_t t_ns,
                     int64_t lag_p99_ns, int64_t lag_max_ns, bool interrupted)
{
    char *at = trace_write_begin_line(writer, TRACE_END);
    at = put_int(at, "t", t_ns);
    at = put_int(at, "lag_p99", lag_p99_ns);
    at = put_int(at, "lag_max", lag_max_ns);
    at = put_bool(at, "interrupted", interrupted);
    trace_write_end_line(writer, at);
}
