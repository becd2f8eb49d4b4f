#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/trace.h"
#include "model/trace_text.h"
#include "model/trace_words.h"
#include "model/units.h"

/* Room for a few hundred usual lines: one write(2) for all of them. */
enum { BUFFER_SIZE = 4 * TRACE_LINE_MAX };

struct trace_writer {
    int fd;
    bool is_failed;
    int64_t dropped;
    size_t used; /* whole lines only */
    size_t lines;
    char buffer[BUFFER_SIZE];
};

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

/* Begins a line: {"ev":"<event>". */
static struct trace_text begin(struct trace_writer *writer,
                               enum trace_event event)
{
    if (writer->used + TRACE_LINE_MAX > sizeof writer->buffer)
        trace_writer_flush(writer);
    struct trace_text text =
        trace_text_begin(writer->buffer + writer->used, TRACE_LINE_MAX);
    const char *word = trace_words_event[event];
    trace_text_literal(&text, "{\"ev\":\"");
    trace_text_raw(&text, word, strlen(word));
    trace_text_literal(&text, "\"");
    return text;
}

static void end(struct trace_writer *writer, struct trace_text *text)
{
    trace_text_end(text);
    if (writer->is_failed) {
        writer->dropped++;
        return;
    }
    writer->used = (size_t)(text->at - writer->buffer);
    writer->lines++;
}

static inline void put_key(struct trace_text *text, const char *key)
{
    trace_text_literal(text, ",\"");
    trace_text_raw(text, key, strlen(key));
    trace_text_literal(text, "\":");
}

static inline void put_int(struct trace_text *text, const char *key,
                           int64_t value)
{
    put_key(text, key);
    trace_text_int(text, value);
}

/* A number in quotes: most readers of JSON keep only 53 bits of a bare one. */
static void put_wide(struct trace_text *text, const char *key, uint64_t value)
{
    put_key(text, key);
    trace_text_literal(text, "\"");
    trace_text_uint(text, value);
    trace_text_literal(text, "\"");
}

static inline void put_time(struct trace_text *text, const char *key,
                            int64_t ns)
{
    put_key(text, key);
    trace_text_time(text, ns);
}

/* A time; one that has not come is left out. */
static inline void put_time_if_known(struct trace_text *text, const char *key,
                                     int64_t ns)
{
    if (ns != TRACE_NEVER)
        put_time(text, key, ns);
}

static inline void put_string(struct trace_text *text, const char *key,
                              const char *value)
{
    put_key(text, key);
    trace_text_string(text, value);
}

/* A string; an empty or missing one is left out. */
static inline void put_filled(struct trace_text *text, const char *key,
                              const char *value)
{
    if (value && *value)
        put_string(text, key, value);
}

static inline void put_bool(struct trace_text *text, const char *key,
                            bool value)
{
    put_key(text, key);
    if (value)
        trace_text_literal(text, "true");
    else
        trace_text_literal(text, "false");
}

void trace_write_run(struct trace_writer *writer, const struct trace_run *run)
{
    struct trace_text text = begin(writer, TRACE_RUN);
    put_int(&text, "t", 0);
    put_string(&text, "version", RETRYSPEC_VERSION);
    put_string(&text, "scenario", run->scenario);
    put_filled(&text, "profile", run->profile);
    put_wide(&text, "seed", run->seed);
    put_int(&text, "level", run->level);
    if (run->wall_ns > 0)
        put_wide(&text, "wall", (uint64_t)run->wall_ns);
    put_filled(&text, "url", run->url);
    end(writer, &text);
}

void trace_write_accept(struct trace_writer *writer, int64_t t_ns, int64_t conn,
                        int peer_port)
{
    struct trace_text text = begin(writer, TRACE_ACCEPT);
    put_int(&text, "t", t_ns);
    put_int(&text, "conn", conn);
    put_int(&text, "peer_port", peer_port);
    end(writer, &text);
}

void trace_write_accept_fault(struct trace_writer *writer, int64_t t_ns,
                              const struct trace_conn *conn)
{
    struct trace_text text = begin(writer, TRACE_ACCEPT_FAULT);
    put_int(&text, "t", t_ns);
    put_int(&text, "conn", conn->conn);
    put_string(&text, "do", fault_do_words[conn->fault]);
    put_filled(&text, "step", conn->step);
    put_filled(&text, "proof", conn->proof);
    end(writer, &text);
}

void trace_write_close(struct trace_writer *writer, int64_t t_ns, int64_t conn,
                       int64_t requests)
{
    struct trace_text text = begin(writer, TRACE_CLOSE);
    put_int(&text, "t", t_ns);
    put_int(&text, "conn", conn);
    put_int(&text, "requests", requests);
    end(writer, &text);
}

static void put_headers(struct trace_text *text,
                        const struct http_headers *headers)
{
    put_key(text, "headers");
    size_t left_out = trace_text_headers(text, headers);
    if (left_out > 0)
        put_int(text, "headers_left_out", (int64_t)left_out);
}

static int64_t request_time(const struct trace_attempt *attempt)
{
    return attempt->request_end_ns != TRACE_NEVER ? attempt->request_end_ns
                                                  : attempt->head_ns;
}

/* Headers last: if anything must be cut, it is they. */
void trace_write_request(struct trace_writer *writer,
                         const struct trace_attempt *attempt)
{
    struct trace_text text = begin(writer, TRACE_REQUEST);
    put_time(&text, "t", request_time(attempt));
    put_int(&text, "id", attempt->id);
    put_int(&text, "conn", attempt->conn);
    put_int(&text, "conn_use", attempt->conn_use);
    put_int(&text, "accepted", attempt->accepted_ns);
    put_time(&text, "head", attempt->head_ns);
    put_time_if_known(&text, "request_end", attempt->request_end_ns);
    put_string(&text, "call", attempt->call);
    put_bool(&text, "judged", attempt->judged);
    put_filled(&text, "route", attempt->route);
    put_filled(&text, "step", attempt->step);
    put_filled(&text, "reason", attempt->reason);
    put_int(&text, "body_size", attempt->body_size);
    put_filled(&text, "body_sha256", attempt->body_sha256);
    put_string(&text, "method", attempt->method);
    put_string(&text, "target", attempt->target);
    put_headers(&text, &attempt->headers);
    end(writer, &text);
}

/* Chances stand between 0 and 1; six decimals name any a person writes. */
static void put_chance(struct trace_text *text, double chance)
{
    int64_t millionths = llround(chance * 1e6);
    if (millionths >= 1000000)
        return;
    char digits[] = ",\"chance\":0.000000";
    for (size_t i = sizeof digits - 2; millionths > 0; i--) {
        digits[i] = (char)('0' + millionths % 10);
        millionths /= 10;
    }
    trace_text_raw(text, digits, sizeof digits - 1);
}

static void put_fault(struct trace_text *text, const struct trace_attempt *of)
{
    const struct fault *fault = &of->fault;
    trace_text_literal(text, ",\"fault\":{\"do\":");
    trace_text_string(text, fault_do_words[fault->kind]);
    put_string(text, "at", fault_at_words[fault->at]);
    if (fault->at == FAULT_AT_BODY)
        put_int(text, "after_bytes", fault->after_bytes);
    if (fault->kind == FAULT_HANG && fault->for_ns != NS_FOREVER)
        put_int(text, "for", fault->for_ns);
    if (fault->kind == FAULT_DRIP)
        put_int(text, "rate", fault->rate);
    put_chance(text, fault->chance);
    trace_text_literal(text, "}");
    put_bool(text, "fault_fired", of->fault_fired);
}

void trace_reply_text_init(struct trace_reply_text *ready,
                           const struct trace_attempt *attempt)
{
    char line[3 * TRACE_TEXT_RESERVE];
    struct trace_text text = trace_text_begin(line, sizeof line);
    put_filled(&text, "reply_sha256", attempt->reply_sha256);
    ready->hash_size = (size_t)(text.at - line);
    put_headers(&text, &attempt->reply_headers);
    ready->size = (size_t)(text.at - line);
    if (text.is_cut || ready->size > sizeof ready->bytes)
        ready->size = 0;
    memcpy(ready->bytes, line, ready->size);
}

static bool is_ready(const struct trace_reply_text *ready)
{
    return ready && ready->size > 0;
}

static void put_reply_hash(struct trace_text *text,
                           const struct trace_attempt *attempt)
{
    const struct trace_reply_text *ready = attempt->reply_text;
    if (is_ready(ready))
        trace_text_raw(text, ready->bytes, ready->hash_size);
    else
        put_filled(text, "reply_sha256", attempt->reply_sha256);
}

/* Where a line is almost full, formatting knows what still fits. */
static void put_reply_headers(struct trace_text *text,
                              const struct trace_attempt *attempt)
{
    const struct trace_reply_text *ready = attempt->reply_text;
    if (is_ready(ready) &&
        text->soft_end - text->at >= (ptrdiff_t)sizeof ready->bytes)
        trace_text_raw(text, ready->bytes + ready->hash_size,
                       ready->size - ready->hash_size);
    else
        put_headers(text, &attempt->reply_headers);
}

static int64_t response_time(const struct trace_attempt *attempt)
{
    int64_t t_ns = request_time(attempt);
    if (attempt->last_byte_ns > t_ns)
        t_ns = attempt->last_byte_ns;
    return attempt->gone_ns > t_ns ? attempt->gone_ns : t_ns;
}

void trace_write_response(struct trace_writer *writer,
                          const struct trace_attempt *attempt)
{
    struct trace_text text = begin(writer, TRACE_RESPONSE);
    put_time(&text, "t", response_time(attempt));
    put_int(&text, "id", attempt->id);
    put_int(&text, "status", attempt->status);
    put_string(&text, "end", attempt_end_words[attempt->end]);
    put_time_if_known(&text, "first_byte", attempt->first_byte_ns);
    put_time_if_known(&text, "last_byte", attempt->last_byte_ns);
    put_time_if_known(&text, "gone", attempt->gone_ns);
    if (attempt->gone_by_reset)
        put_bool(&text, "gone_by_reset", true);
    put_int(&text, "reply_size", attempt->reply_size);
    put_int(&text, "sent_bytes", attempt->sent_bytes);
    put_reply_hash(&text, attempt);
    put_int(&text, "delay", attempt->delay_ns);
    if (attempt->fault.kind != FAULT_NONE)
        put_fault(&text, attempt);
    put_filled(&text, "proof", attempt->proof);
    put_reply_headers(&text, attempt);
    end(writer, &text);
}

void trace_write_outage(struct trace_writer *writer, int64_t t_ns,
                        enum fault_do kind, bool is_begin, const char *window)
{
    struct trace_text text = begin(writer, TRACE_OUTAGE);
    put_int(&text, "t", t_ns);
    put_string(&text, "do", fault_do_words[kind]);
    put_bool(&text, "begin", is_begin);
    put_filled(&text, "window", window);
    end(writer, &text);
}

void trace_write_spawn(struct trace_writer *writer, int64_t t_ns, long pid,
                       const char *const *argv)
{
    struct trace_text text = begin(writer, TRACE_SPAWN);
    put_int(&text, "t", t_ns);
    put_int(&text, "pid", pid);
    put_key(&text, "argv");
    trace_text_list(&text, argv);
    end(writer, &text);
}

void trace_write_starved(struct trace_writer *writer,
                         const struct trace_starved *starved)
{
    struct trace_text text = begin(writer, TRACE_STARVED);
    put_int(&text, "t", starved->to_ns);
    put_int(&text, "from", starved->from_ns);
    put_int(&text, "wait", starved->wait_ns);
    end(writer, &text);
}

void trace_write_give_up(struct trace_writer *writer,
                         const struct trace_give_up *give_up)
{
    struct trace_text text = begin(writer, TRACE_GIVE_UP);
    put_int(&text, "t", give_up->t_ns);
    put_string(&text, "call", give_up->call);
    end(writer, &text);
}

void trace_write_client_end(struct trace_writer *writer, int64_t t_ns,
                            const struct trace_client *client)
{
    struct trace_text text = begin(writer, TRACE_CLIENT_END);
    put_int(&text, "t", t_ns);
    put_string(&text, "end", trace_words_client_end[client->end]);
    put_int(&text, "code", client->code);
    put_int(&text, "leftovers", client->leftovers);
    put_int(&text, "output_bytes", client->output_bytes);
    if (client->output_lost > 0)
        put_int(&text, "output_lost", client->output_lost);
    if (client->limit_ns > 0)
        put_int(&text, "limit", client->limit_ns);
    put_filled(&text, "reason", client->reason);
    put_filled(&text, "last_line", client->last_line);
    end(writer, &text);
}

void trace_write_results(struct trace_writer *writer, const char *problem)
{
    struct trace_text text = begin(writer, TRACE_RESULTS);
    put_filled(&text, "problem", problem);
    end(writer, &text);
}

void trace_write_result(struct trace_writer *writer,
                        const struct trace_result *result)
{
    struct trace_text text = begin(writer, TRACE_RESULT);
    put_string(&text, "call", result->call);
    put_string(&text, "outcome", result->is_ok ? "ok" : "error");
    if (result->status != 0)
        put_int(&text, "status", result->status);
    put_filled(&text, "error", result->error);
    put_filled(&text, "sha256", result->sha256);
    end(writer, &text);
}

void trace_write_end(struct trace_writer *writer, int64_t t_ns,
                     int64_t lag_p99_ns, int64_t lag_max_ns, bool interrupted)
{
    struct trace_text text = begin(writer, TRACE_END);
    put_int(&text, "t", t_ns);
    put_int(&text, "lag_p99", lag_p99_ns);
    put_int(&text, "lag_max", lag_max_ns);
    put_bool(&text, "interrupted", interrupted);
    end(writer, &text);
}
