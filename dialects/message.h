/* What the source systems say of a failed attempt: the type that is raised and
 * its message. */
#ifndef RETRYSPEC_DIALECTS_MESSAGE_H
#define RETRYSPEC_DIALECTS_MESSAGE_H

#include "dialects/error_model.h"
#include "dialects/text.h"

/* An attempt that failed. */
struct failure {
    const struct attempt_outcome *outcome; /* NULL: none was in flight */
    int step;                              /* of the request */
    enum retry_reason reason; /* REASON_FINAL, or why it was ended */
};

/* -- Python: tinker 0.38.0 --------------------------------------------------
 */

/* "InternalServerError" */
const char *message_python_type(const struct failure *failure);

/* str(exception); may be empty. */
void message_python(struct text *text, const struct failure *failure);

/* exception.status_code; 0: it has none. */
int message_python_status(const struct failure *failure);

/* "No progress made in 7200s. Requests appear to be stuck." */
void message_python_stuck(struct text *text, int64_t progress_timeout_ns);

/* -- Elixir: tinkex 0.4.0 ---------------------------------------------------
 */

/* Error.message */
void message_elixir(struct text *text, const struct failure *failure);

/* Error.format: "[api_status (429)] Rate limit exceeded" */
void message_elixir_format(struct text *text, const struct call_error *error,
                           const char *message);

/* -- Go: llm-d --------------------------------------------------------------
 */

/* The message in or around the body of an answer. */
void message_go_body(struct text *text, const struct attempt_outcome *outcome);

/* InferenceError.Message */
void message_go(struct text *text, const struct failure *failure);

#endif
