/* llm-d: the lines of klog at V(3) of its HTTP inference client, commit
 * 1250631. The header is klog's, in UTC; the line numbers are those of that
 * file. The retry that is about to happen is counted from 1. */
#include "dialects/language.h"
#include "dialects/message.h"
#include "dialects/printers.h"
#include "model/units.h"

/* Where the client logs. */
enum go_line {
    LINE_SUCCEEDED = 145,
    LINE_FINAL = 154,
    LINE_EXHAUSTED = 160,
    LINE_CANCELLED = 166,
    LINE_RETRYING = 172,
    LINE_CANCELLED_WAIT = 180,
    LINE_ANSWER = 326,
};

static void begin(struct text *text, const struct dialect *dialect,
                  const struct seen *seen, enum go_line line)
{
    struct text_date date = text_date(seen->event->wall_ns);
    text_begin(text);
    text_addf(text, "I%02d%02d %02d:%02d:%02d.%06d %7d ", date.month, date.day,
              date.hour, date.minute, date.second, (int)(date.ns / NS_PER_US),
              dialect->options.process);
    text_addf(text, "http_inference_client.go:%d] ", (int)line);
}

/* With MaxRetries 0 there is no loop, and nothing of it is logged. */
static bool has_loop(const struct seen *seen)
{
    const struct layer *layer = &seen->profile->layers[seen->loop];
    return seen->is_in_loop && layer->budget.attempts != 1;
}

static void print_answer(struct dialect *dialect, const struct seen *seen)
{
    const struct attempt_outcome *outcome = seen->failure.outcome;
    if (!outcome || outcome->end != END_STATUS) {
        return;
    }
    enum go_category category = error_go_category(outcome, REASON_FINAL);
    struct text text;
    begin(&text, dialect, seen, LINE_ANSWER);
    text_addf(&text,
              "Inference request failed with status=%d, category=%s, "
              "message=",
              outcome->status, go_category_words[category]);
    message_go_body(&text, outcome);
    printer_line(dialect, &text);
}

static void add_limit(struct text *text, int64_t attempts)
{
    if (attempts == ATTEMPTS_UNLIMITED) {
        text_add(text, "unlimited");
    } else {
        text_addf(text, "%lld", (long long)(attempts - 1));
    }
}

static int64_t attempts_of_loop(const struct seen *seen)
{
    return seen->profile->layers[seen->loop].budget.attempts;
}

static void print_retry(struct dialect *dialect, const struct seen *seen)
{
    struct text text;
    enum go_category category =
        error_go_category(seen->failure.outcome, REASON_FINAL);
    begin(&text, dialect, seen, LINE_RETRYING);
    text_addf(&text, "Retrying request_id=%s after ", seen->event->token);
    language_go_duration(&text, seen->event->delay_ns);
    text_addf(&text, " (attempt %lld/", (long long)seen_loop_attempt(seen) + 1);
    add_limit(&text, attempts_of_loop(seen));
    text_addf(&text, ", error: %s)", go_category_words[category]);
    printer_line(dialect, &text);
}

static void print_final(struct dialect *dialect, const struct seen *seen)
{
    struct text text;
    begin(&text, dialect, seen, LINE_FINAL);
    text_addf(&text,
              "Non-retryable error for request_id=%s: ", seen->event->token);
    message_go(&text, &seen->failure);
    printer_line(dialect, &text);
}

static void print_about(struct dialect *dialect, const struct seen *seen,
                        enum go_line line, const char *what)
{
    struct text text;
    begin(&text, dialect, seen, line);
    text_addf(&text, "%s for request_id=%s", what, seen->event->token);
    printer_line(dialect, &text);
}

static void print_exhausted(struct dialect *dialect, const struct seen *seen)
{
    struct text text;
    begin(&text, dialect, seen, LINE_EXHAUSTED);
    text_add(&text, "Max retries (");
    add_limit(&text, attempts_of_loop(seen));
    text_addf(&text, ") exhausted for request_id=%s", seen->event->token);
    printer_line(dialect, &text);
}

/* What ends the loop with the failure of an attempt, in the order in which the
 * client asks: is it retryable, are there retries left, does the caller still
 * wait? */
static void print_failed(struct dialect *dialect, const struct seen *seen)
{
    enum go_category category =
        error_go_category(seen->failure.outcome, seen->failure.reason);
    if (!error_is_retryable_go(category)) {
        print_final(dialect, seen);
    } else if (seen->event->reason == REASON_ATTEMPTS ||
               seen_loop_attempt(seen) + 1 >= attempts_of_loop(seen)) {
        print_exhausted(dialect, seen);
    } else {
        print_about(dialect, seen, LINE_CANCELLED,
                    "Context cancelled, stopping retries");
    }
}

static void print_success(struct dialect *dialect, const struct seen *seen)
{
    struct text text;
    if (seen_loop_attempt(seen) == 0) {
        return;
    }
    begin(&text, dialect, seen, LINE_SUCCEEDED);
    text_addf(&text, "Request succeeded after %lld retries for request_id=%s",
              (long long)seen_loop_attempt(seen), seen->event->token);
    printer_line(dialect, &text);
}

/* Category and message of what Generate returns. */
static void keep_error(const struct seen *seen, const struct failure *failure)
{
    struct text text;
    enum go_category category =
        error_go_category(failure->outcome, failure->reason);
    text_begin(&text);
    text_addf(&text, "%s: ", go_category_words[category]);
    message_go(&text, failure);
    text_copy(&text, seen->call->error, sizeof seen->call->error);
}

static void print_end(struct dialect *dialect, const struct seen *seen)
{
    struct text text;
    if (seen->call->is_waiting) {
        print_about(dialect, seen, LINE_CANCELLED_WAIT,
                    "Context cancelled during backoff");
    }
    if (seen->call->is_waiting || !*seen->call->error) {
        keep_error(seen, &(struct failure){.reason = seen->event->reason});
    }
    text_begin(&text);
    text_add(&text, seen->call->error);
    printer_line(dialect, &text);
}

void printer_go(struct dialect *dialect, const struct seen *seen)
{
    switch (seen->event->kind) {
    case EVENT_RETRY:
        print_answer(dialect, seen);
        if (seen_is_loop_retry(seen)) {
            print_retry(dialect, seen);
        }
        return;
    case EVENT_FAILED:
        keep_error(seen, &seen->failure);
        print_answer(dialect, seen);
        if (has_loop(seen)) {
            print_failed(dialect, seen);
        }
        return;
    case EVENT_ABORTED:
        keep_error(seen, &seen->failure);
        if (has_loop(seen)) {
            print_failed(dialect, seen);
        }
        return;
    case EVENT_STOP:
        if (seen_is_success(seen)) {
            print_success(dialect, seen);
        }
        return;
    case EVENT_DONE:
        if (!seen->event->is_ok) {
            print_end(dialect, seen);
        }
        return;
    case EVENT_QUEUED:
    case EVENT_ENTERED:
    case EVENT_START:
    case EVENT_NOTICE:
        return;
    }
}
