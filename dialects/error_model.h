/* What a failed attempt is to the caller of a source system: its type, its
 * category, whose fault it is and whether the system itself would try again.
 * Pure functions of outcome, reason and body; a profile's rules decide what the
 * reference client does, and may differ on purpose.
 *
 * tinker: python tinker 0.38.0, tinkex: 0.4.0, llm-d: the Go batch client with
 * its own retry loop. */
#ifndef RETRYSPEC_DIALECTS_ERROR_MODEL_H
#define RETRYSPEC_DIALECTS_ERROR_MODEL_H

#include <stdbool.h>

#include "client/retry.h"

/* X(constant, word): the types of tinkex. */
#define ERROR_TYPE_LIST(X)                                             \
    X(ERROR_CONNECTION, "api_connection") /* no whole answer came */   \
    X(ERROR_TIMEOUT, "api_timeout")       /* a limit of the client */  \
    X(ERROR_STATUS, "api_status")                                      \
    X(ERROR_REQUEST_FAILED, "request_failed") /* said by the result */ \
    X(ERROR_VALIDATION, "validation")

enum error_type {
#define X(constant, word) constant,
    ERROR_TYPE_LIST(X)
#undef X
};
extern const char *const error_type_words[];

/* "category" in the body of an answer. */
enum error_category {
    CATEGORY_NONE, /* no answer, so none */
    CATEGORY_UNKNOWN,
    CATEGORY_SERVER,
    CATEGORY_USER
};
extern const char *const error_category_words[]; /* that of NONE is NULL */

/* Case does not count. "transient" and "system", as tinkex's guide has them,
 * are server and unknown; so is any other word. */
enum error_category error_category_parse(const char *word);

struct call_error {
    enum error_type type;
    int status; /* 0: none */
    enum error_category category;
};

/* The error that an outcome is, or the end of a call for a reason of its own
 * (progress timeout, open circuit, ...). `outcome` NULL: nothing was sent. */
struct call_error error_of(const struct attempt_outcome *outcome,
                           enum retry_reason reason);

/* tinker, is_user_error: 4xx but 408, so 409 and 429 are user errors and are
 * retried all the same; or a result that failed with category user. */
bool error_is_user_python(const struct call_error *error);

/* tinkex, Error.user_error?: category user whatever the status is; else 4xx but
 * 408, 410 and 429. */
bool error_is_user_elixir(const struct call_error *error);

/* tinker, RetryHandler._should_retry: timeouts, connections, 408, 409, 429 and
 * 500 to 599. */
bool error_is_retryable_python(const struct call_error *error);

/* tinkex, Error.retryable?: whatever is no user error. So a validation error
 * that says no category is retried, against the guide. */
bool error_is_retryable_elixir(const struct call_error *error);

/* "invalid_request" or "service_unavailable": what the guide of tinkex makes of
 * an error that is left when all retries are spent. */
const char *error_elixir_verdict(const struct call_error *error);

/* X(constant, word): llm-d. */
#define GO_CATEGORY_LIST(X)            \
    X(GO_RATE_LIMIT, "RATE_LIMIT")     \
    X(GO_SERVER_ERROR, "SERVER_ERROR") \
    X(GO_INVALID_REQ, "INVALID_REQ")   \
    X(GO_AUTH_ERROR, "AUTH_ERROR")     \
    X(GO_UNKNOWN, "UNKNOWN")

enum go_category {
#define X(constant, word) constant,
    GO_CATEGORY_LIST(X)
#undef X
};
extern const char *const go_category_words[];

/* Of an attempt that failed or, with REASON_CANCELLED and REASON_CALL_TIMEOUT,
 * was ended in flight; NULL: the caller ended the wait between two. Any status
 * but 200 is an error to this client. */
enum go_category error_go_category(const struct attempt_outcome *outcome,
                                   enum retry_reason reason);
bool error_is_retryable_go(enum go_category category);

#endif
