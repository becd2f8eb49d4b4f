/* Our own schema: scenarios/schema/event.schema.json, docs/events.md. */
#include <string.h>

#include "dialects/message.h"
#include "dialects/printers.h"
#include "model/trace_text.h"

enum { LINE_MAX_BYTES = 4 * TRACE_TEXT_RESERVE };

static void put_int(struct trace_text *line, const char *key, int64_t value)
{
    trace_text_literal(line, ",\"");
    trace_text_raw(line, key, strlen(key));
    trace_text_literal(line, "\":");
    trace_text_int(line, value);
}

static void put_string(struct trace_text *line, const char *key,
                       const char *value)
{
    trace_text_literal(line, ",\"");
    trace_text_raw(line, key, strlen(key));
    trace_text_literal(line, "\":");
    trace_text_string(line, value);
}

static void put_bool(struct trace_text *line, const char *key, bool value)
{
    trace_text_literal(line, ",\"");
    trace_text_raw(line, key, strlen(key));
    trace_text_literal(line, "\":");
    trace_text_raw(line, value ? "true" : "false", value ? 4 : 5);
}

/* Numbers that may need 64 bits are strings, as in a trace. */
static void put_wide(struct trace_text *line, const char *key, int64_t value)
{
    trace_text_literal(line, ",\"");
    trace_text_raw(line, key, strlen(key));
    trace_text_literal(line, "\":\"");
    trace_text_int(line, value);
    trace_text_literal(line, "\"");
}

static void put_head(struct trace_text *line, const struct seen *seen)
{
    const struct call_event *event = seen->event;
    trace_text_literal(line, "{\"ev\":");
    trace_text_string(line, call_event_words[event->kind]);
    put_int(line, "t", event->at_ns);
    put_wide(line, "wall", event->wall_ns);
    put_string(line, "call", event->token);
    put_string(line, "session", event->session);
    put_int(line, "handler", event->handler);
}

static void put_attempt(struct trace_text *line, const struct seen *seen)
{
    put_int(line, "attempt", seen->event->attempt);
    if (seen->profile->follow_up.path) {
        put_int(line, "step", seen->event->step);
    }
}

static void put_outcome(struct trace_text *line, const struct call_event *event)
{
    const struct attempt_outcome *outcome = event->outcome;
    put_int(line, "duration", event->duration_ns);
    if (!outcome) {
        return;
    }
    put_string(line, "end", attempt_end_words[outcome->end]);
    if (outcome->end == END_STATUS) {
        put_int(line, "status", outcome->status);
    }
}

/* Who decided, and what that layer may still do. */
static void put_layer(struct trace_text *line, const struct call_event *event)
{
    if (!event->layer) {
        return;
    }
    put_string(line, "layer", event->layer->name);
    put_int(line, "layer_attempt", event->layer_attempt);
    if (event->attempt_limit != ATTEMPTS_UNLIMITED) {
        put_int(line, "attempt_limit", event->attempt_limit);
    }
    if (event->rule && event->rule->where) {
        put_string(line, "rule", event->rule->where);
    }
}

static void put_error(struct trace_text *line, const struct failure *failure)
{
    struct text message, format;
    struct call_error error = error_of(failure->outcome, failure->reason);
    text_begin(&message);
    text_begin(&format);
    message_elixir(&message, failure);
    message_elixir_format(&format, &error, message.bytes);
    put_string(line, "error", format.bytes);
    put_string(line, "error_type", error_type_words[error.type]);
    if (error.category != CATEGORY_NONE) {
        put_string(line, "error_category",
                   error_category_words[error.category]);
    }
}

static void put_retry(struct trace_text *line, const struct seen *seen)
{
    static const char *const waits[] = {"retry", "poll", "limiter"};
    put_layer(line, seen->event);
    put_int(line, "delay", seen->event->delay_ns);
    put_string(line, "wait", waits[seen->event->wait_kind]);
}

static void put_done(struct trace_text *line, const struct seen *seen)
{
    put_bool(line, "ok", seen->event->is_ok);
    put_string(line, "reason", retry_reason_words[seen->event->reason]);
    put_bool(line, "entered", seen->event->has_entered);
}

static void put_notice(struct trace_text *line, const struct call_event *event)
{
    put_string(line, "queue_state", event->queue_state);
    if (event->queue_reason) {
        put_string(line, "queue_reason", event->queue_reason);
    }
}

static void put_gauges(struct trace_text *line, const struct gauges *gauges)
{
    put_int(line, "waiting", gauges->waiting);
    put_int(line, "in_loop", gauges->in_loop);
    put_int(line, "processed", gauges->processed);
    put_int(line, "retries", gauges->retries);
}

static void put_kind(struct trace_text *line, const struct seen *seen)
{
    const struct call_event *event = seen->event;
    switch (event->kind) {
    case EVENT_START:
        put_attempt(line, seen);
        return;
    case EVENT_STOP:
        put_attempt(line, seen);
        put_outcome(line, event);
        return;
    case EVENT_RETRY:
        put_attempt(line, seen);
        put_outcome(line, event);
        put_error(line, &seen->failure);
        put_retry(line, seen);
        return;
    case EVENT_FAILED:
        put_attempt(line, seen);
        put_outcome(line, event);
        put_error(line, &seen->failure);
        put_layer(line, event);
        put_string(line, "reason", retry_reason_words[event->reason]);
        return;
    case EVENT_ABORTED:
        put_attempt(line, seen);
        put_outcome(line, event);
        put_error(line, &seen->failure);
        put_string(line, "reason", retry_reason_words[event->reason]);
        return;
    case EVENT_NOTICE:
        put_notice(line, event);
        return;
    case EVENT_DONE:
        put_done(line, seen);
        put_gauges(line, seen->gauges);
        return;
    case EVENT_QUEUED:
    case EVENT_ENTERED:
        put_gauges(line, seen->gauges);
        return;
    }
}

static bool has_elapsed(const struct seen *seen)
{
    enum call_event_kind kind = seen->event->kind;
    return kind != EVENT_QUEUED && kind != EVENT_ENTERED &&
           (kind != EVENT_DONE || seen->event->has_entered);
}

void printer_json(struct dialect *dialect, const struct seen *seen)
{
    char bytes[LINE_MAX_BYTES];
    struct trace_text line = trace_text_begin(bytes, sizeof bytes);
    put_head(&line, seen);
    put_kind(&line, seen);
    if (has_elapsed(seen)) {
        put_int(&line, "elapsed", seen->event->elapsed_ns);
    }
    trace_text_end(&line);
    fwrite(bytes, 1, (size_t)(line.at - bytes), dialect->options.out);
}
