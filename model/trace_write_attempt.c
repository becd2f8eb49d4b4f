/* The lines of an attempt: its request, its response. A server under load
 * writes little else. */
#include <math.h>
#include <string.h>

#include "model/trace_write_parts.h"
#include "model/units.h"

static char *put_known_time(char *at, struct time_text *last, int64_t ns)
{
    if (ns != last->ns || last->size == 0) {
        last->ns = ns;
        last->size =
            (size_t)(trace_text_put_int(last->bytes, ns) - last->bytes);
    }
    memcpy(at, last->bytes, sizeof last->bytes);
    return at + last->size;
}

#define put_time(at, writer, key, ns) \
    put_known_time(put_key(at, key), &(writer)->last_time, ns)

/* A time; one that has not come is left out. */
#define put_time_if_known(at, writer, key, ns) \
    ((ns) != TRACE_NEVER ? put_time(at, writer, key, ns) : (at))

static char *put_headers(char *at, struct trace_text *line,
                         const struct http_headers *headers)
{
    line->at = put_key(at, "headers");
    size_t left_out = trace_text_headers(line, headers);
    at = line->at;
    if (left_out > 0)
        at = put_int(at, "headers_left_out", (int64_t)left_out);
    return at;
}

static int64_t request_time(const struct trace_attempt *attempt)
{
    return attempt->request_end_ns != TRACE_NEVER ? attempt->request_end_ns
                                                  : attempt->head_ns;
}

static char *put_step(char *at, struct trace_text *line,
                      const struct trace_attempt *attempt)
{
    at = put_bool(at, "judged", attempt->judged);
    at = put_filled(at, line, "route", attempt->route);
    return put_filled(at, line, "step", attempt->step);
}

void trace_step_text_init(struct trace_step_text *ready,
                          const struct trace_attempt *attempt)
{
    char bytes[3 * TRACE_TEXT_RESERVE];
    struct trace_text line = trace_text_begin(bytes, sizeof bytes);
    ready->size = (size_t)(put_step(bytes, &line, attempt) - bytes);
    if (line.is_cut || ready->size > sizeof ready->bytes)
        ready->size = 0;
    memcpy(ready->bytes, bytes, ready->size);
}

/* Where a line is almost full, formatting knows what still fits. */
static bool has_room(const char *at, const struct trace_text *line, size_t size)
{
    return line->soft_end - at >= (ptrdiff_t)size;
}

static char *put_step_text(char *at, struct trace_text *line,
                           const struct trace_attempt *attempt)
{
    const struct trace_step_text *ready = attempt->step_text;
    if (ready && ready->size > 0 && has_room(at, line, sizeof ready->bytes))
        return put_raw(at, ready->bytes, ready->size);
    return put_step(at, line, attempt);
}

/* Headers last: if anything must be cut, it is they. */
void trace_write_request(struct trace_writer *writer,
                         const struct trace_attempt *attempt)
{
    struct trace_text *line = &writer->line;
    char *at = trace_write_begin_line(writer, TRACE_REQUEST);
    at = put_time(at, writer, "t", request_time(attempt));
    at = put_int(at, "id", attempt->id);
    at = put_int(at, "conn", attempt->conn);
    at = put_int(at, "conn_use", attempt->conn_use);
    at = put_int(at, "accepted", attempt->accepted_ns);
    at = put_time(at, writer, "head", attempt->head_ns);
    at = put_time_if_known(at, writer, "request_end", attempt->request_end_ns);
    at = put_string(at, line, "call", attempt->call);
    at = put_step_text(at, line, attempt);
    at = put_filled(at, line, "reason", attempt->reason);
    at = put_int(at, "body_size", attempt->body_size);
    at = put_filled(at, line, "body_sha256", attempt->body_sha256);
    at = put_string(at, line, "method", attempt->method);
    at = put_string(at, line, "target", attempt->target);
    at = put_headers(at, line, &attempt->headers);
    trace_write_end_line(writer, at);
}

/* Chances stand between 0 and 1; six decimals name any a person writes. */
static char *put_chance(char *at, double chance)
{
    int64_t millionths = llround(chance * 1e6);
    if (millionths >= 1000000)
        return at;
    char digits[] = ",\"chance\":0.000000";
    for (size_t i = sizeof digits - 2; millionths > 0; i--) {
        digits[i] = (char)('0' + millionths % 10);
        millionths /= 10;
    }
    return put_raw(at, digits, sizeof digits - 1);
}

static char *put_fault(char *at, struct trace_text *line,
                       const struct trace_attempt *of)
{
    const struct fault *fault = &of->fault;
    at = put_literal(at, ",\"fault\":{\"do\":");
    at = trace_text_put_string(at, line, fault_do_words[fault->kind]);
    at = put_string(at, line, "at", fault_at_words[fault->at]);
    if (fault->at == FAULT_AT_BODY)
        at = put_int(at, "after_bytes", fault->after_bytes);
    if (fault->kind == FAULT_HANG && fault->for_ns != NS_FOREVER)
        at = put_int(at, "for", fault->for_ns);
    if (fault->kind == FAULT_DRIP)
        at = put_int(at, "rate", fault->rate);
    at = put_chance(at, fault->chance);
    at = put_literal(at, "}");
    return put_bool(at, "fault_fired", of->fault_fired);
}

static char *put_reply(char *at, struct trace_text *line,
                       const struct trace_attempt *attempt)
{
    at = put_int(at, "reply_size", attempt->reply_size);
    at = put_int(at, "sent_bytes", attempt->sent_bytes);
    at = put_filled(at, line, "reply_sha256", attempt->reply_sha256);
    at = put_int(at, "delay", attempt->delay_ns);
    if (attempt->fault.kind != FAULT_NONE)
        at = put_fault(at, line, attempt);
    at = put_filled(at, line, "proof", attempt->proof);
    return put_headers(at, line, &attempt->reply_headers);
}

void trace_reply_text_init(struct trace_reply_text *ready,
                           const struct trace_attempt *attempt)
{
    char bytes[3 * TRACE_TEXT_RESERVE];
    struct trace_text line = trace_text_begin(bytes, sizeof bytes);
    struct trace_attempt whole = {
        .reply_size = attempt->reply_size,
        .sent_bytes = attempt->reply_size,
        .reply_sha256 = attempt->reply_sha256,
        .reply_headers = attempt->reply_headers,
    };
    ready->size = (size_t)(put_reply(bytes, &line, &whole) - bytes);
    if (line.is_cut || ready->size > sizeof ready->bytes)
        ready->size = 0;
    memcpy(ready->bytes, bytes, ready->size);
}

/* Sent whole, at once, and nothing else to tell. */
static bool is_plain(const struct trace_attempt *attempt)
{
    return attempt->sent_bytes == attempt->reply_size &&
           attempt->delay_ns == 0 && attempt->fault.kind == FAULT_NONE &&
           !is_filled(attempt->proof);
}

static char *put_reply_text(char *at, struct trace_text *line,
                            const struct trace_attempt *attempt)
{
    const struct trace_reply_text *ready = attempt->reply_text;
    if (ready && ready->size > 0 && is_plain(attempt) &&
        has_room(at, line, sizeof ready->bytes))
        return put_raw(at, ready->bytes, ready->size);
    return put_reply(at, line, attempt);
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
    struct trace_text *line = &writer->line;
    char *at = trace_write_begin_line(writer, TRACE_RESPONSE);
    at = put_time(at, writer, "t", response_time(attempt));
    at = put_int(at, "id", attempt->id);
    at = put_int(at, "status", attempt->status);
    at = put_string(at, line, "end", attempt_end_words[attempt->end]);
    at = put_time_if_known(at, writer, "first_byte", attempt->first_byte_ns);
    at = put_time_if_known(at, writer, "last_byte", attempt->last_byte_ns);
    at = put_time_if_known(at, writer, "gone", attempt->gone_ns);
    if (attempt->gone_by_reset)
        at = put_bool(at, "gone_by_reset", true);
    at = put_reply_text(at, line, attempt);
    trace_write_end_line(writer, at);
}
