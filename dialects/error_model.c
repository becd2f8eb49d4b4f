#include "dialects/error_model.h"

#include <strings.h>

#include "dialects/body.h"

const char *const error_type_words[] = {
#define X(constant, word) word,
    ERROR_TYPE_LIST(X)
#undef X
        NULL};

const char *const error_category_words[] = {NULL, "unknown", "server", "user"};

const char *const go_category_words[] = {
#define X(constant, word) word,
    GO_CATEGORY_LIST(X)
#undef X
        NULL};

static bool is_status(const struct attempt_outcome *outcome)
{
    return outcome && outcome->end == END_STATUS;
}

/* -- types and categories ---------------------------------------------------
 */

enum error_category error_category_parse(const char *word)
{
    if (strcasecmp(word, "user") == 0) {
        return CATEGORY_USER;
    }
    if (strcasecmp(word, "server") == 0 || strcasecmp(word, "transient") == 0) {
        return CATEGORY_SERVER;
    }
    return CATEGORY_UNKNOWN;
}

/* tinkex: a redirect that leads nowhere is the server's fault. */
static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 307 || status == 308;
}

/* Without a word of the body, which 429 and redirects never ask. */
static enum error_category category_of_status(int status)
{
    if (status == 429 || is_redirect(status)) {
        return CATEGORY_SERVER;
    }
    if (status >= 400 && status < 500) {
        return CATEGORY_USER;
    }
    return status >= 500 && status < 600 ? CATEGORY_SERVER : CATEGORY_UNKNOWN;
}

static enum error_category category_of(const struct attempt_outcome *outcome)
{
    char word[32];
    int status = outcome->status;
    if (status != 429 && !is_redirect(status) &&
        body_string(outcome, "category", word, sizeof word)) {
        return error_category_parse(word);
    }
    return category_of_status(status);
}

/* An answer of 2xx that is an error all the same tells of a failed result. */
static struct call_error error_of_status(const struct attempt_outcome *outcome)
{
    bool is_result = outcome->status >= 200 && outcome->status < 300;
    return (struct call_error){
        .type = is_result ? ERROR_REQUEST_FAILED : ERROR_STATUS,
        .status = is_result ? 0 : outcome->status,
        .category = category_of(outcome),
    };
}

static struct call_error error_of_outcome(const struct attempt_outcome *outcome)
{
    if (is_status(outcome)) {
        return error_of_status(outcome);
    }
    bool is_timeout = outcome && outcome->end == END_TIMEOUT;
    return (struct call_error){.type = is_timeout ? ERROR_TIMEOUT
                                                  : ERROR_CONNECTION};
}

struct call_error error_of(const struct attempt_outcome *outcome,
                           enum retry_reason reason)
{
    switch (reason) {
    case REASON_BREAKER:
    case REASON_THROTTLED:
        return (struct call_error){.type = ERROR_CONNECTION};
    case REASON_PROGRESS:
    case REASON_CALL_TIMEOUT:
        return (struct call_error){.type = ERROR_TIMEOUT};
    case REASON_OVERFLOW:
    case REASON_CANCELLED:
        return (struct call_error){.type = ERROR_REQUEST_FAILED};
    case REASON_SUCCESS:
    case REASON_FINAL:
    case REASON_ATTEMPTS:
    case REASON_ELAPSED:
    case REASON_TOKENS:
    case REASON_ALLOWANCE:
    case REASON_RETRY_AFTER:
        return error_of_outcome(outcome);
    }
    return error_of_outcome(outcome);
}

/* -- whose fault, and what then ---------------------------------------------
 */

bool error_is_user_python(const struct call_error *error)
{
    if (error->status == 0) {
        return error->category == CATEGORY_USER;
    }
    return error->status >= 400 && error->status < 500 && error->status != 408;
}

bool error_is_user_elixir(const struct call_error *error)
{
    int status = error->status;
    return error->category == CATEGORY_USER ||
           (status >= 400 && status < 500 && status != 408 && status != 410 &&
            status != 429);
}

bool error_is_retryable_python(const struct call_error *error)
{
    int status = error->status;
    switch (error->type) {
    case ERROR_CONNECTION:
    case ERROR_TIMEOUT:
        return true;
    case ERROR_STATUS:
        return status == 408 || status == 409 || status == 429 ||
               (status >= 500 && status < 600);
    case ERROR_REQUEST_FAILED:
    case ERROR_VALIDATION:
        return false;
    }
    return false;
}

bool error_is_retryable_elixir(const struct call_error *error)
{
    return !error_is_user_elixir(error);
}

const char *error_elixir_verdict(const struct call_error *error)
{
    return error_is_user_elixir(error) ? "invalid_request"
                                       : "service_unavailable";
}

/* -- llm-d ------------------------------------------------------------------
 */

static enum go_category go_category_of_status(int status)
{
    switch (status) {
    case 400:
        return GO_INVALID_REQ;
    case 401:
    case 403:
        return GO_AUTH_ERROR;
    case 429:
        return GO_RATE_LIMIT;
    default:
        return status >= 500 ? GO_SERVER_ERROR : GO_UNKNOWN;
    }
}

enum go_category error_go_category(const struct attempt_outcome *outcome,
                                   enum retry_reason reason)
{
    if (reason == REASON_CANCELLED || !outcome) {
        return GO_UNKNOWN;
    }
    /* Whatever kept an answer from being whole is a server error, and so is a
     * deadline of the caller. */
    if (!is_status(outcome)) {
        return GO_SERVER_ERROR;
    }
    return go_category_of_status(outcome->status);
}

bool error_is_retryable_go(enum go_category category)
{
    return category == GO_RATE_LIMIT || category == GO_SERVER_ERROR;
}
