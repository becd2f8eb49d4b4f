/* tinker 0.38.0: what its RetryHandler and execute_with_retries tell of a call,
 * as telemetry events and as log lines under logging.basicConfig(). */
#include <string.h>

#include "dialects/language.h"
#include "dialects/message.h"
#include "dialects/printers.h"
#include "model/trace_text.h"
#include "model/units.h"

#define HANDLER_LOGGER "tinker.lib.retry_handler"
#define SAMPLER_LOGGER "tinker.lib.public_interfaces.sampling_client"

enum { LINE_MAX_BYTES = 4 * TRACE_TEXT_RESERVE };

static void begin_log(struct text *text, const char *level)
{
    text_begin(text);
    text_addf(text, "%s:" HANDLER_LOGGER ":", level);
}

/* -- the progress log -------------------------------------------------------
 */

static void maybe_log_progress(struct dialect *dialect, const struct seen *seen)
{
    struct gauges *gauges = seen->gauges;
    struct text text;
    if (!gauges_is_due(gauges, seen->event->at_ns)) {
        return;
    }
    begin_log(&text, "DEBUG");
    gauges_add_progress(&text, gauges, seen->event->session);
    printer_line(dialect, &text);
    if (gauges->error_count > 0) {
        begin_log(&text, "DEBUG");
        gauges_add_errors(&text, gauges, seen->event->session);
        printer_line(dialect, &text);
    }
    gauges_logged(gauges, seen->event->at_ns);
}

/* -- telemetry --------------------------------------------------------------
 */

/* One of the two events, whose data differ in two keys. */
struct telemetry {
    const char *name;
    const char *decision_key;
    bool decision;
    int layer;
    int64_t attempt_count;
};

static void put_key(struct trace_text *line, const char *key)
{
    trace_text_literal(line, ", \"");
    trace_text_raw(line, key, strlen(key));
    trace_text_literal(line, "\": ");
}

static void put_string(struct trace_text *line, const char *key,
                       const char *value)
{
    put_key(line, key);
    trace_text_string(line, value);
}

static void put_text(struct trace_text *line, const char *key,
                     const char *value)
{
    put_key(line, key);
    trace_text_raw(line, value, strlen(value));
}

static void put_float(struct trace_text *line, const char *key, double value)
{
    struct text text;
    text_begin(&text);
    language_python_float(&text, value);
    put_text(line, key, text.bytes);
}

static double unix_seconds(int64_t wall_ns)
{
    return (double)wall_ns / (double)NS_PER_S;
}

static void put_timestamp(struct trace_text *line, int64_t wall_ns)
{
    struct text_date date = text_date(wall_ns);
    struct text text;
    text_begin(&text);
    text_addf(&text, "%04lld-%02d-%02dT%02d:%02d:%02d.%06dZ",
              (long long)date.year, date.month, date.day, date.hour,
              date.minute, date.second, (int)(date.ns / NS_PER_US));
    put_string(line, "timestamp", text.bytes);
}

/* str(e) and type(e).__name__ */
static void put_exception(struct trace_text *line,
                          const struct failure *failure)
{
    struct text text;
    int status = message_python_status(failure);
    text_begin(&text);
    message_python(&text, failure);
    put_string(line, "exception", text.bytes);
    put_string(line, "exception_type", message_python_type(failure));
    put_text(line, "exception_stack", "null");
    put_key(line, "status_code");
    if (status) {
        trace_text_int(line, status);
    } else {
        trace_text_literal(line, "null");
    }
}

static void put_times(struct trace_text *line, const struct seen *seen,
                      const struct telemetry *telemetry)
{
    double start = unix_seconds(seen->call->run_wall_ns[telemetry->layer]);
    double current = unix_seconds(seen->event->wall_ns);
    put_key(line, "attempt_count");
    trace_text_int(line, telemetry->attempt_count);
    put_float(line, "start_time", start);
    put_float(line, "current_time", current);
    put_float(line, "elapsed_time", current - start);
}

static void put_data(struct trace_text *line, const struct seen *seen,
                     const struct telemetry *telemetry, bool is_user_error)
{
    trace_text_literal(line, ", \"event_data\": {\"func\": ");
    trace_text_string(line, seen->event->request ? seen->event->request->path
                                                 : seen->event->token);
    put_exception(line, &seen->failure);
    put_text(line, telemetry->decision_key,
             telemetry->decision ? "true" : "false");
    put_text(line, "is_user_error", is_user_error ? "true" : "false");
    put_times(line, seen, telemetry);
    trace_text_literal(line, "}");
}

static void print_telemetry(struct dialect *dialect, const struct seen *seen,
                            const struct telemetry *telemetry)
{
    char bytes[LINE_MAX_BYTES];
    bool is_user_error = error_is_user_python(&seen->call->last_error);
    struct trace_text line = trace_text_begin(bytes, sizeof bytes);
    trace_text_literal(&line, "{\"event\": \"GENERIC_EVENT\"");
    put_string(&line, "event_name", telemetry->name);
    put_key(&line, "event_session_index");
    trace_text_int(&line, dialect->telemetry_count++);
    put_string(&line, "severity",
               telemetry->decision || is_user_error ? "WARNING" : "ERROR");
    put_timestamp(&line, seen->event->wall_ns);
    put_data(&line, seen, telemetry, is_user_error);
    trace_text_end(&line);
    fwrite(bytes, 1, (size_t)(line.at - bytes), dialect->options.out);
}

/* -- execute_with_retries ---------------------------------------------------
 */

/* It alone cuts its last wait to end at its limit. */
static bool is_submit(const struct layer *layer)
{
    return layer->budget.elapsed_test == ELAPSED_CUT_SLEEP &&
           layer->budget.elapsed_ns != NS_FOREVER;
}

/* A rule that lets an outcome pass stands for an answer that is no exception in
 * there (429: the layer around it closes its limiter). */
static bool has_seen(const struct seen *seen, const struct layer *layer)
{
    const struct retry_request *request = seen->event->request;
    if (layer->is_disabled || !seen->failure.outcome || !request ||
        !layer_covers(layer, request->method, request->path)) {
        return false;
    }
    const struct profile_rule *rule =
        layer_rule(layer, request, seen->failure.outcome);
    return !rule || rule->action == RULE_FAIL || rule->action == RULE_RETRY;
}

/* From the innermost one out to the layer that decided; its count is from 0. */
static void print_submit(struct dialect *dialect, const struct seen *seen)
{
    for (int i = (int)seen->profile->layer_count - 1;
         i >= seen->decider && i >= 0; i--) {
        const struct layer *layer = &seen->profile->layers[i];
        if (i == seen->loop || !is_submit(layer) || !has_seen(seen, layer)) {
            continue;
        }
        struct telemetry telemetry = {
            .name = "InternalClientHolder.execute_with_retries.exception",
            .decision_key = "is_retryable",
            .decision = i == seen->decider ||
                        error_is_retryable_python(&seen->call->last_error),
            .layer = i,
            .attempt_count = seen->call->retries[i],
        };
        print_telemetry(dialect, seen, &telemetry);
    }
}

/* -- RetryHandler -----------------------------------------------------------
 */

/* "{Type}: {message or 'No error message'}" */
static void add_exception(struct text *text, const struct failure *failure)
{
    struct text message;
    text_begin(&message);
    message_python(&message, failure);
    text_addf(text, "%s: ", message_python_type(failure));
    text_add(text, message.length > 0 ? message.bytes : "No error message");
}

static void print_handler_telemetry(struct dialect *dialect,
                                    const struct seen *seen)
{
    bool is_retry = seen->event->kind == EVENT_RETRY;
    struct telemetry telemetry = {
        .name = "RetryHandler.execute.exception",
        .decision_key = "should_retry",
        .decision =
            is_retry || error_is_retryable_python(&seen->call->last_error),
        .layer = seen->loop,
        .attempt_count = seen_loop_attempt(seen) + 1,
    };
    print_telemetry(dialect, seen, &telemetry);
}

static void print_retry_reason(struct dialect *dialect, const struct seen *seen)
{
    struct text text, message;
    int status = message_python_status(&seen->failure);
    text_begin(&message);
    message_python(&message, &seen->failure);
    begin_log(&text, "DEBUG");
    if (status) {
        text_addf(&text, "Request attempt #%lld failed with status %d",
                  (long long)seen_loop_attempt(seen) + 1, status);
    } else if (seen->call->last_error.type == ERROR_STATUS) {
        text_addf(&text, "Request attempt #%lld failed with error: ",
                  (long long)seen_loop_attempt(seen) + 1);
        text_add(&text, message.bytes);
    } else {
        text_add(&text, "Request failed with connection error: ");
        text_add(&text, message.bytes);
    }
    printer_line(dialect, &text);
}

static void print_delay(struct dialect *dialect, const struct seen *seen)
{
    struct text text;
    begin_log(&text, "DEBUG");
    text_addf(&text, "Retrying in %.2fs", unix_seconds(seen->event->delay_ns));
    printer_line(dialect, &text);
}

static void print_final(struct dialect *dialect, const struct text *exception)
{
    struct text text;
    begin_log(&text, "ERROR");
    text_add(&text, "Request failed with non-retryable error: ");
    text_add(&text, exception->bytes);
    printer_line(dialect, &text);
}

static void print_exception(struct dialect *dialect, const struct seen *seen)
{
    struct text exception;
    text_begin(&exception);
    add_exception(&exception, &seen->failure);
    if (!gauges_add_error(seen->gauges, exception.bytes)) {
        dialect->is_lost = true;
    }
    print_handler_telemetry(dialect, seen);
    if (seen->event->kind == EVENT_FAILED) {
        print_final(dialect, &exception);
    } else {
        print_retry_reason(dialect, seen);
        print_delay(dialect, seen);
    }
}

static void on_start(struct dialect *dialect, const struct seen *seen)
{
    struct text text;
    if (!seen->is_in_loop || !seen->call->is_loop_begin) {
        return;
    }
    maybe_log_progress(dialect, seen);
    begin_log(&text, "DEBUG");
    text_addf(&text, "Attempting request (attempt #%lld)",
              (long long)seen_loop_attempt(seen) + 1);
    printer_line(dialect, &text);
}

static void on_success(struct dialect *dialect, const struct seen *seen)
{
    struct text text;
    begin_log(&text, "DEBUG");
    text_addf(&text, "Request succeeded after %lld attempts",
              (long long)seen_loop_attempt(seen) + 1);
    printer_line(dialect, &text);
}

/* -- what the caller gets ---------------------------------------------------
 */

static void keep_error(const struct seen *seen)
{
    struct text text;
    text_begin(&text);
    text_addf(&text, "tinker.%s: ", message_python_type(&seen->failure));
    message_python(&text, &seen->failure);
    text_copy(&text, seen->call->error, sizeof seen->call->error);
}

static int64_t progress_timeout_of(const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        if (profile->layers[i].progress.timeout_ns != NS_FOREVER) {
            return profile->layers[i].progress.timeout_ns;
        }
    }
    return 0;
}

/* The last line of its traceback. */
static void print_raised(struct dialect *dialect, const struct seen *seen)
{
    struct text text;
    text_begin(&text);
    if (seen->event->reason == REASON_CANCELLED) {
        text_add(&text, "asyncio.exceptions.CancelledError");
    } else if (seen->event->reason == REASON_PROGRESS) {
        text_add(&text, "tinker.APIConnectionError: ");
        message_python_stuck(&text, progress_timeout_of(seen->profile));
    } else {
        text_add(&text, seen->call->error);
    }
    printer_line(dialect, &text);
}

static void print_notice(struct dialect *dialect, const struct seen *seen)
{
    const struct call_event *event = seen->event;
    if (!printer_admits_notice(dialect, seen)) {
        return;
    }
    const char *reason =
        notices_reason(event->queue_state, event->queue_reason);
    struct text text;
    text_begin(&text);
    text_addf(&text,
              "WARNING:" SAMPLER_LOGGER ":Sampling is paused for sampler %s. "
              "Reason: ",
              event->session);
    text_add_shown(&text, reason, strlen(reason));
    printer_line(dialect, &text);
}

void printer_python(struct dialect *dialect, const struct seen *seen)
{
    switch (seen->event->kind) {
    case EVENT_ENTERED:
        maybe_log_progress(dialect, seen);
        return;
    case EVENT_START:
        on_start(dialect, seen);
        return;
    case EVENT_STOP:
        if (seen_is_success(seen)) {
            on_success(dialect, seen);
        }
        return;
    case EVENT_RETRY:
    case EVENT_FAILED:
        keep_error(seen);
        print_submit(dialect, seen);
        if (seen_is_loop_retry(seen) ||
            (seen->event->kind == EVENT_FAILED && seen->is_in_loop)) {
            print_exception(dialect, seen);
        }
        return;
    case EVENT_ABORTED:
        keep_error(seen);
        return;
    case EVENT_NOTICE:
        print_notice(dialect, seen);
        return;
    case EVENT_DONE:
        maybe_log_progress(dialect, seen);
        if (!seen->event->is_ok) {
            print_raised(dialect, seen);
        }
        return;
    case EVENT_QUEUED:
        return;
    }
}
