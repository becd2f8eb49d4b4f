/* tinkex 0.4.0: telemetry of with_retry with the Logger lines that its guide
 * attaches to it; and the console handler of the guide. Attempts are counted
 * from 0; a progress timeout ends a call without an event of its own. */
#include <stdlib.h>
#include <string.h>

#include "dialects/language.h"
#include "dialects/message.h"
#include "dialects/printers.h"
#include "model/units.h"

/* What happened to the attempt of the loop, if the event is about one. */
enum phase { PHASE_NONE, PHASE_START, PHASE_STOP, PHASE_RETRY, PHASE_FAILED };
static const char *const phase_words[] = {NULL, "start", "stop", "retry",
                                          "failed"};

static enum phase phase_of(const struct seen *seen)
{
    switch (seen->event->kind) {
    case EVENT_START:
        return seen->is_in_loop && seen->call->is_loop_begin ? PHASE_START
                                                             : PHASE_NONE;
    case EVENT_STOP:
        return seen_is_success(seen) ? PHASE_STOP : PHASE_NONE;
    case EVENT_RETRY:
        return seen_is_loop_retry(seen) ? PHASE_RETRY : PHASE_NONE;
    case EVENT_FAILED:
        return seen->is_in_loop ? PHASE_FAILED : PHASE_NONE;
    case EVENT_ABORTED:
    case EVENT_QUEUED:
    case EVENT_ENTERED:
    case EVENT_NOTICE:
    case EVENT_DONE:
        return PHASE_NONE;
    }
    return PHASE_NONE;
}

static int64_t duration_of(const struct seen *seen)
{
    return seen->event->at_ns - seen->call->loop_ns;
}

static int64_t milliseconds(int64_t ns)
{
    return ns / NS_PER_MS;
}

/* "[api_status (500)] HTTP 500" */
static void add_format(struct text *text, const struct seen *seen)
{
    struct text message;
    text_begin(&message);
    message_elixir(&message, &seen->failure);
    message_elixir_format(text, &seen->call->last_error, message.bytes);
}

static void keep_error(const struct seen *seen)
{
    struct text text;
    text_begin(&text);
    add_format(&text, seen);
    text_copy(&text, seen->call->error, sizeof seen->call->error);
}

/* The error that the call ends with; a reason of the loop's own outweighs the
 * last attempt. */
static void add_result(struct text *text, const struct seen *seen,
                       struct call_error *error)
{
    enum retry_reason reason = seen->event->reason;
    *error = seen->call->last_error;
    if (reason == REASON_PROGRESS || reason == REASON_BREAKER ||
        reason == REASON_THROTTLED || reason == REASON_CALL_TIMEOUT ||
        reason == REASON_CANCELLED || reason == REASON_OVERFLOW) {
        struct text message;
        struct failure failure = {.reason = reason};
        *error = error_of(NULL, reason);
        text_begin(&message);
        message_elixir(&message, &failure);
        message_elixir_format(text, error, message.bytes);
        return;
    }
    text_add(text, seen->call->error);
}

/* -- telemetry --------------------------------------------------------------
 */

/* The integer that a header begins with; anything else is none. */
static bool read_header(const struct http_headers *headers, const char *name,
                        long long *value)
{
    const char *text = headers ? http_header_get(headers, name) : NULL;
    char *end = NULL;
    *value = text ? strtoll(text, &end, 10) : 0;
    return text && end != text;
}

/* retry-after-ms, else retry-after, else a second. */
static long long retry_after_ms(const struct attempt_outcome *outcome)
{
    long long value;
    if (read_header(outcome->headers, "retry-after-ms", &value)) {
        return value;
    }
    if (read_header(outcome->headers, "retry-after", &value)) {
        return value * 1000;
    }
    return 1000;
}

static void add_data(struct text *text, const struct attempt_outcome *outcome)
{
    cJSON *root = body_parse(outcome);
    if (cJSON_IsObject(root)) {
        body_add_json(text, outcome, &language_elixir);
    } else {
        struct text message;
        text_begin(&message);
        body_add_shown(&message, outcome);
        text_add(text, "%{\"message\" => ");
        language_elixir_string(text, message.bytes);
        text_add(text, "}");
    }
    cJSON_Delete(root);
}

/* inspect of the %Tinkex.Error{} */
static void add_error(struct text *text, const struct seen *seen)
{
    const struct call_error *error = &seen->call->last_error;
    const struct attempt_outcome *outcome = seen->failure.outcome;
    struct text message;
    text_begin(&message);
    message_elixir(&message, &seen->failure);
    text_add(text, "%Tinkex.Error{message: ");
    language_elixir_string(text, message.bytes);
    text_addf(text, ", type: :%s, ", error_type_words[error->type]);
    if (!outcome || outcome->end != END_STATUS) {
        text_add(text, "status: nil, category: nil, data: nil, "
                       "retry_after_ms: nil}");
        return;
    }
    text_addf(text, "status: %d, category: :%s, data: ", outcome->status,
              error_category_words[error->category]);
    add_data(text, outcome);
    text_addf(text, ", retry_after_ms: %lld}", retry_after_ms(outcome));
}

static void add_measurements(struct text *text, const struct seen *seen,
                             enum phase phase)
{
    if (phase == PHASE_START) {
        text_addf(text, " %%{system_time: %lld}",
                  (long long)seen->event->wall_ns);
        return;
    }
    text_addf(text, " %%{duration: %lld", (long long)duration_of(seen));
    if (phase == PHASE_RETRY) {
        text_addf(text, ", delay_ms: %lld",
                  (long long)milliseconds(seen->event->delay_ns));
    }
    text_add(text, "}");
}

static void print_telemetry(struct dialect *dialect, const struct seen *seen,
                            enum phase phase)
{
    struct text text;
    text_begin(&text);
    text_addf(&text, "[:tinkex, :retry, :attempt, :%s]", phase_words[phase]);
    add_measurements(&text, seen, phase);
    text_addf(&text, " %%{attempt: %lld, operation: \"sample\"",
              (long long)seen_loop_attempt(seen));
    if (phase == PHASE_STOP) {
        text_add(&text, ", result: :ok");
    }
    if (phase == PHASE_FAILED) {
        text_add(&text, ", result: :failed");
    }
    if (phase == PHASE_RETRY || phase == PHASE_FAILED) {
        text_add(&text, ", error: ");
        add_error(&text, seen);
    }
    text_add(&text, "}");
    printer_line(dialect, &text);
}

/* -- Logger -----------------------------------------------------------------
 */

static void begin_log(struct text *text, const struct seen *seen,
                      const char *level)
{
    struct text_date date = text_date(seen->event->wall_ns);
    text_begin(text);
    text_addf(text, "%02d:%02d:%02d.%03d [%s] ", date.hour, date.minute,
              date.second, (int)(date.ns / NS_PER_MS), level);
}

static void print_log(struct dialect *dialect, const struct seen *seen,
                      enum phase phase)
{
    static const char *const levels[] = {NULL, "info", "info", "warning",
                                         "error"};
    long long attempt = (long long)seen_loop_attempt(seen);
    struct text text;
    begin_log(&text, seen, levels[phase]);
    switch (phase) {
    case PHASE_START:
        text_addf(&text, "Retry attempt %lld starting", attempt);
        break;
    case PHASE_STOP:
        text_addf(&text, "Retry attempt %lld succeeded in %lldms", attempt,
                  (long long)milliseconds(duration_of(seen)));
        break;
    case PHASE_RETRY:
        text_addf(&text,
                  "Retry attempt %lld failed, retrying after %lldms: ", attempt,
                  (long long)milliseconds(seen->event->delay_ns));
        add_format(&text, seen);
        break;
    case PHASE_FAILED:
        text_addf(&text, "All retries exhausted at attempt %lld: ", attempt);
        add_format(&text, seen);
        break;
    case PHASE_NONE:
        return;
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
    begin_log(&text, seen, "warning");
    text_addf(&text, "Sampling is paused for %s. Reason: ", event->session);
    text_add_shown(&text, reason, strlen(reason));
    printer_line(dialect, &text);
}

/* What the guide has its caller make of the error. */
static void print_result(struct dialect *dialect, const struct seen *seen)
{
    struct text text, result;
    struct call_error error;
    text_begin(&text);
    text_begin(&result);
    add_result(&result, seen, &error);
    text_addf(&text, "{:error, :%s} # ", error_elixir_verdict(&error));
    text_add(&text, result.bytes);
    printer_line(dialect, &text);
}

void printer_elixir(struct dialect *dialect, const struct seen *seen)
{
    enum phase phase = phase_of(seen);
    if (seen->event->outcome && seen->event->kind != EVENT_STOP) {
        keep_error(seen);
    }
    if (phase != PHASE_NONE) {
        print_telemetry(dialect, seen, phase);
        print_log(dialect, seen, phase);
    }
    if (seen->event->kind == EVENT_NOTICE) {
        print_notice(dialect, seen);
    }
    if (seen->event->kind == EVENT_DONE && !seen->event->is_ok) {
        print_result(dialect, seen);
    }
}

/* -- the guide's console ----------------------------------------------------
 */

static void print_console(struct dialect *dialect, const struct seen *seen,
                          enum phase phase)
{
    struct text text;
    text_begin(&text);
    text_addf(&text, "[retry %s] attempt=%lld", phase_words[phase],
              (long long)seen_loop_attempt(seen));
    if (phase == PHASE_RETRY) {
        text_addf(&text, " delay=%lldms",
                  (long long)milliseconds(seen->event->delay_ns));
    }
    if (phase != PHASE_START) {
        text_addf(&text, " duration=%lldms",
                  (long long)milliseconds(duration_of(seen)));
    }
    if (phase == PHASE_STOP || phase == PHASE_FAILED) {
        text_addf(&text, " result=%s", phase == PHASE_STOP ? "ok" : "failed");
    }
    if (phase == PHASE_RETRY || phase == PHASE_FAILED) {
        text_add(&text, " error=");
        add_format(&text, seen);
    }
    printer_line(dialect, &text);
}

static void print_end(struct dialect *dialect, const struct seen *seen)
{
    struct text text;
    struct call_error error;
    text_begin(&text);
    if (seen->event->is_ok) {
        text_addf(&text, "Success: succeeded on attempt %lld",
                  (long long)seen_loop_attempt(seen) + 1);
    } else {
        text_add(&text, "Failed: ");
        add_result(&text, seen, &error);
    }
    printer_line(dialect, &text);
}

void printer_elixir_console(struct dialect *dialect, const struct seen *seen)
{
    enum phase phase = phase_of(seen);
    if (seen->event->outcome && seen->event->kind != EVENT_STOP) {
        keep_error(seen);
    }
    if (phase != PHASE_NONE) {
        print_console(dialect, seen, phase);
    }
    if (seen->event->kind == EVENT_DONE) {
        print_end(dialect, seen);
    }
}
