#include "dialects/message.h"

#include <string.h>

#include "dialects/language.h"

static bool is_answer(const struct failure *failure)
{
    return failure->outcome && failure->outcome->end == END_STATUS;
}

static bool is_failed_result(const struct failure *failure)
{
    return is_answer(failure) && failure->outcome->status >= 200 &&
           failure->outcome->status < 300;
}

/* -- Python -----------------------------------------------------------------
 */

/* An answer to the follow-up request is no error of HTTP any more: 410 has the
 * RetryHandler begin again, the others are fatal. */
static bool is_of_future(const struct failure *failure)
{
    return failure->step == 1 && is_answer(failure);
}

static const char *python_status_type(int status)
{
    static const struct {
        int status;
        const char *type;
    } types[] = {
        {400, "BadRequestError"},
        {401, "AuthenticationError"},
        {402, "BillingError"},
        {403, "PermissionDeniedError"},
        {404, "NotFoundError"},
        {409, "ConflictError"},
        {422, "UnprocessableEntityError"},
        {429, "RateLimitError"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].status == status) {
            return types[i].type;
        }
    }
    return status >= 500 ? "InternalServerError" : "APIStatusError";
}

const char *message_python_type(const struct failure *failure)
{
    if (failure->reason == REASON_CANCELLED) {
        return "CancelledError";
    }
    if (failure->reason == REASON_PROGRESS) {
        return "APIConnectionError";
    }
    if (failure->reason == REASON_CALL_TIMEOUT) {
        return "TimeoutError";
    }
    if (!is_answer(failure)) {
        bool is_timeout =
            failure->outcome && failure->outcome->end == END_TIMEOUT;
        return is_timeout ? "APITimeoutError" : "APIConnectionError";
    }
    if (is_failed_result(failure)) {
        return "RequestFailedError";
    }
    int status = failure->outcome->status;
    if (is_of_future(failure)) {
        return status == 410 ? "RetryableException" : "ValueError";
    }
    return python_status_type(status);
}

/* "Error code: 500 - {'detail': 'x'}"; the text alone if it is no JSON. */
static void add_python_status(struct text *text,
                              const struct attempt_outcome *outcome)
{
    cJSON *root = body_parse(outcome);
    if (root) {
        text_addf(text, "Error code: %d - ", outcome->status);
        body_add_json(text, outcome, &language_python);
    } else {
        size_t before = text->length;
        body_add_shown(text, outcome);
        if (text->length == before) {
            text_addf(text, "Error code: %d", outcome->status);
        }
    }
    cJSON_Delete(root);
}

static void add_python_future(struct text *text,
                              const struct attempt_outcome *outcome)
{
    if (outcome->status == 410) {
        text_add(text, "Promise expired/broken");
        return;
    }
    text_add(text, "Error retrieving result: ");
    add_python_status(text, outcome);
    text_addf(text, " with status %d", outcome->status);
}

static void add_python_failed_result(struct text *text,
                                     const struct attempt_outcome *outcome)
{
    char word[512];
    bool has_error = body_string(outcome, "error", word, sizeof word);
    text_add(text, "Request failed: ");
    text_add_shown(text, has_error ? word : "Unknown error",
                   strlen(has_error ? word : "Unknown error"));
}

void message_python(struct text *text, const struct failure *failure)
{
    if (failure->reason == REASON_CANCELLED ||
        failure->reason == REASON_CALL_TIMEOUT) {
        return;
    }
    if (!is_answer(failure)) {
        bool is_timeout =
            failure->outcome && failure->outcome->end == END_TIMEOUT;
        text_add(text, is_timeout ? "Request timed out." : "Connection error.");
    } else if (is_failed_result(failure)) {
        add_python_failed_result(text, failure->outcome);
    } else if (is_of_future(failure)) {
        add_python_future(text, failure->outcome);
    } else {
        add_python_status(text, failure->outcome);
    }
}

int message_python_status(const struct failure *failure)
{
    bool has_status = is_answer(failure) && !is_failed_result(failure) &&
                      !is_of_future(failure);
    return has_status ? failure->outcome->status : 0;
}

void message_python_stuck(struct text *text, int64_t progress_timeout_ns)
{
    text_add(text, "No progress made in ");
    language_python_seconds(text, progress_timeout_ns);
    text_add(text, "s. Requests appear to be stuck.");
}

/* -- Elixir -----------------------------------------------------------------
 */

/* As Mint words what became of a connection. */
static const char *elixir_transport(enum attempt_end end)
{
    switch (end) {
    case END_REFUSED:
        return "connection refused";
    case END_UNREACHABLE:
        return "host is unreachable";
    case END_RESET:
    case END_RESET_BODY:
        return "connection reset by peer";
    case END_CLOSE:
    case END_CUT:
        return "socket closed";
    case END_GARBAGE:
        return "invalid status line";
    case END_TIMEOUT:
        return "timeout";
    case END_CANCELLED:
    case END_UNFINISHED:
    case END_STATUS:
        return "cancelled";
    }
    return "cancelled";
}

/* What tinkex falls back on when the body has neither member. */
static void add_elixir_default(struct text *text,
                               const struct attempt_outcome *outcome)
{
    if (outcome->status == 429) {
        text_add(text, "Rate limited");
    } else {
        text_addf(text, "HTTP %d", outcome->status);
    }
}

static void add_elixir_answer(struct text *text,
                              const struct attempt_outcome *outcome)
{
    char word[1024];
    cJSON *root = body_parse(outcome);
    if (body_string(outcome, "message", word, sizeof word) ||
        (outcome->status != 429 &&
         body_string(outcome, "error", word, sizeof word))) {
        text_add_shown(text, word, strlen(word));
    } else if (root || outcome->body_size == 0) {
        add_elixir_default(text, outcome);
    } else {
        body_add_shown(text, outcome);
    }
    cJSON_Delete(root);
}

void message_elixir(struct text *text, const struct failure *failure)
{
    if (failure->reason == REASON_PROGRESS) {
        text_add(text, "Progress timeout exceeded");
    } else if (failure->reason == REASON_BREAKER) {
        text_add(text, "Circuit breaker open");
    } else if (failure->reason == REASON_THROTTLED) {
        text_add(text, "Throttled");
    } else if (failure->reason == REASON_CALL_TIMEOUT) {
        text_add(text, "Timed out");
    } else if (failure->reason == REASON_OVERFLOW) {
        text_add(text, "bad argument in arithmetic expression");
    } else if (failure->reason == REASON_CANCELLED) {
        text_add(text, "cancelled");
    } else if (is_answer(failure)) {
        add_elixir_answer(text, failure->outcome);
    } else {
        text_add(text, elixir_transport(failure->outcome ? failure->outcome->end
                                                         : END_CANCELLED));
    }
}

void message_elixir_format(struct text *text, const struct call_error *error,
                           const char *message)
{
    text_addf(text, "[%s", error_type_words[error->type]);
    if (error->status) {
        text_addf(text, " (%d)", error->status);
    }
    text_add(text, "] ");
    text_add(text, message);
}

/* -- Go ---------------------------------------------------------------------
 */

/* Go decodes an absent member and null to the empty string; any other type
 * fails the whole decoding. */
static bool go_takes_string(const cJSON *error, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(error, key);
    return !item || cJSON_IsNull(item) || cJSON_IsString(item);
}

static bool go_takes_int(const cJSON *error, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(error, key);
    return !item || cJSON_IsNull(item) ||
           (cJSON_IsNumber(item) &&
            item->valuedouble == (double)item->valueint);
}

/* The message of an error as OpenAI words it; NULL: the body is none. A code
 * that is a string is none either. */
static const char *go_error_message(const cJSON *root)
{
    const cJSON *error = cJSON_GetObjectItem(root, "error");
    if (!cJSON_IsObject(error) || !go_takes_int(error, "code") ||
        !go_takes_string(error, "type") || !go_takes_string(error, "message") ||
        !go_takes_string(error, "param")) {
        return NULL;
    }
    const char *message =
        cJSON_GetStringValue(cJSON_GetObjectItem(error, "message"));
    return message && *message ? message : NULL;
}

void message_go_body(struct text *text, const struct attempt_outcome *outcome)
{
    cJSON *root = body_parse(outcome);
    const char *message = go_error_message(root);
    if (message) {
        text_add_shown(text, message, strlen(message));
    } else if (outcome->body) {
        text_add_shown(text, outcome->body, outcome->body_size);
    }
    cJSON_Delete(root);
}

static const char *go_transport(enum attempt_end end)
{
    switch (end) {
    case END_REFUSED:
        return "failed to execute request: connect: connection refused";
    case END_UNREACHABLE:
        return "failed to execute request: connect: no route to host";
    case END_RESET:
        return "failed to execute request: read: connection reset by peer";
    case END_CLOSE:
        return "failed to execute request: EOF";
    case END_GARBAGE:
        return "failed to execute request: malformed HTTP response";
    case END_TIMEOUT:
        return "failed to execute request: Client.Timeout exceeded while "
               "awaiting headers";
    case END_RESET_BODY:
        return "failed to read response body: connection reset by peer";
    case END_CUT:
        return "failed to read response body: unexpected EOF";
    case END_CANCELLED:
    case END_UNFINISHED:
    case END_STATUS:
        return "request cancelled";
    }
    return "request cancelled";
}

void message_go(struct text *text, const struct failure *failure)
{
    if (!failure->outcome) {
        text_add(text, "request cancelled during retry");
    } else if (failure->reason == REASON_CALL_TIMEOUT) {
        text_add(text, "request timeout");
    } else if (failure->reason == REASON_CANCELLED) {
        text_add(text, "request cancelled");
    } else if (is_answer(failure)) {
        text_addf(text, "HTTP %d: ", failure->outcome->status);
        message_go_body(text, failure->outcome);
    } else {
        text_add(text, go_transport(failure->outcome->end));
    }
}
