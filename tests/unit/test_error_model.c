/* Goal: whose fault an outcome is, and who would try again, as each source
 * system says it: the truth tables whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialects/error_model.h"
#include "dialects/message.h"

static struct attempt_outcome answer(int status, const char *body)
{
    return (struct attempt_outcome){
        .end = END_STATUS,
        .status = status,
        .body = body,
        .body_size = body ? strlen(body) : 0,
    };
}

/* The statuses of the guide's table, checked against the real code. */
static const int statuses[] = {0,   200, 201, 204, 301, 302, 304, 400, 401,
                               402, 403, 404, 405, 408, 409, 410, 413, 422,
                               425, 429, 451, 499, 500, 502, 503, 504, 600};
enum { STATUS_COUNT = sizeof statuses / sizeof *statuses };

/* S2-16, S2-17, S2-18, S2-19, S2-20, S2-21, S2-22, S2-23, S2-24, S2-25, S2-26,
 * S2-27, S1-29 */
static void test_user_errors_of_tinkex(void **state)
{
    (void)state;
    static const int exempt[] = {408, 410, 429};
    assert_int_equal(STATUS_COUNT, 27);
    for (int i = 0; i < STATUS_COUNT; i++) {
        for (int c = CATEGORY_NONE; c <= CATEGORY_USER; c++) {
            struct call_error error = {ERROR_STATUS, statuses[i],
                                       (enum error_category)c};
            bool expected = c == CATEGORY_USER;
            if (statuses[i] >= 400 && statuses[i] <= 499) {
                expected |= statuses[i] != exempt[0] &&
                            statuses[i] != exempt[1] &&
                            statuses[i] != exempt[2];
            }
            assert_int_equal(error_is_user_elixir(&error), expected);
            assert_int_equal(error_is_retryable_elixir(&error), !expected);
        }
    }
}

/* S1-29, S1-65 */
static void test_user_errors_of_tinker(void **state)
{
    (void)state;
    static const int user[] = {400, 401, 402, 403, 404, 405, 409,
                               410, 413, 422, 425, 429, 451, 499};
    for (int status = 200; status <= 999; status++) {
        struct call_error error = {ERROR_STATUS, status, CATEGORY_SERVER};
        bool expected = status >= 400 && status <= 499 && status != 408;
        assert_int_equal(error_is_user_python(&error), expected);
    }
    for (size_t i = 0; i < sizeof user / sizeof *user; i++) {
        struct call_error error = {ERROR_STATUS, user[i], CATEGORY_NONE};
        assert_true(error_is_user_python(&error));
    }
    struct call_error result = {ERROR_REQUEST_FAILED, 0, CATEGORY_USER};
    assert_true(error_is_user_python(&result));
    result.category = CATEGORY_SERVER;
    assert_false(error_is_user_python(&result));
}

/* S1-26, S1-27 */
static void test_what_tinker_retries(void **state)
{
    (void)state;
    for (int status = 300; status <= 999; status++) {
        struct call_error error = {ERROR_STATUS, status, CATEGORY_NONE};
        bool expected = status == 408 || status == 409 || status == 429 ||
                        (status >= 500 && status <= 599);
        assert_int_equal(error_is_retryable_python(&error), expected);
    }
    assert_true(error_is_retryable_python(
        &(struct call_error){.type = ERROR_CONNECTION}));
    assert_true(
        error_is_retryable_python(&(struct call_error){.type = ERROR_TIMEOUT}));
    assert_false(error_is_retryable_python(
        &(struct call_error){.type = ERROR_REQUEST_FAILED}));
}

/* S2-12, S2-15: the real code retries a validation error that has no category,
 * against its guide. */
static void test_types_of_tinkex(void **state)
{
    (void)state;
    for (int type = ERROR_CONNECTION; type <= ERROR_VALIDATION; type++) {
        struct call_error error = {.type = (enum error_type)type};
        assert_true(error_is_retryable_elixir(&error));
        error.category = CATEGORY_USER;
        assert_false(error_is_retryable_elixir(&error));
    }
}

/* S2-09, S2-10 */
static void test_categories_have_aliases(void **state)
{
    (void)state;
    const struct {
        const char *word;
        enum error_category category;
    } cases[] = {
        {"user", CATEGORY_USER},        {"User", CATEGORY_USER},
        {"server", CATEGORY_SERVER},    {"SERVER", CATEGORY_SERVER},
        {"transient", CATEGORY_SERVER}, {"Transient", CATEGORY_SERVER},
        {"unknown", CATEGORY_UNKNOWN},  {"system", CATEGORY_UNKNOWN},
        {"whatever", CATEGORY_UNKNOWN}, {"", CATEGORY_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(error_category_parse(cases[i].word),
                         cases[i].category);
    }
}

/* S2-13, S2-14: what comes over the wire: 408 becomes the user's fault. */
static void test_categories_of_answers(void **state)
{
    (void)state;
    const struct {
        const char *body;
        int status;
        enum error_category category;
    } cases[] = {
        {"{}", 400, CATEGORY_USER},
        {"{}", 408, CATEGORY_USER},
        {"{}", 410, CATEGORY_USER},
        {"{\"category\":\"server\"}", 410, CATEGORY_SERVER},
        {"{\"category\":\"user\"}", 429, CATEGORY_SERVER},
        {"{}", 500, CATEGORY_SERVER},
        {"no JSON", 500, CATEGORY_SERVER},
        {"{\"category\":\"USER\"}", 500, CATEGORY_USER},
        {"{\"category\":7}", 500, CATEGORY_SERVER},
        {"{\"category\":\"user\"}", 302, CATEGORY_SERVER},
        {NULL, 304, CATEGORY_UNKNOWN},
        {"{}", 600, CATEGORY_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct attempt_outcome outcome = answer(cases[i].status, cases[i].body);
        struct call_error error = error_of(&outcome, REASON_FINAL);
        assert_int_equal(error.category, cases[i].category);
        assert_int_equal(error.type, ERROR_STATUS);
        assert_int_equal(error.status, cases[i].status);
    }
}

/* S2-11, S2-12, S2-39, S2-70 */
static void test_types_of_outcomes(void **state)
{
    (void)state;
    const enum attempt_end connection[] = {
        END_REFUSED,    END_UNREACHABLE, END_RESET,  END_CLOSE,
        END_RESET_BODY, END_CUT,         END_GARBAGE};
    for (size_t i = 0; i < sizeof connection / sizeof *connection; i++) {
        struct attempt_outcome outcome = {.end = connection[i]};
        struct call_error error = error_of(&outcome, REASON_ATTEMPTS);
        assert_int_equal(error.type, ERROR_CONNECTION);
        assert_true(error_is_retryable_elixir(&error));
        assert_true(error_is_retryable_python(&error));
    }
    struct attempt_outcome late = {.end = END_TIMEOUT};
    assert_int_equal(error_of(&late, REASON_FINAL).type, ERROR_TIMEOUT);
    struct attempt_outcome busy = answer(503, NULL);
    assert_int_equal(error_of(&busy, REASON_PROGRESS).type, ERROR_TIMEOUT);
    assert_int_equal(error_of(NULL, REASON_BREAKER).type, ERROR_CONNECTION);
    struct attempt_outcome result = answer(200, "{\"category\":\"user\"}");
    assert_int_equal(error_of(&result, REASON_FINAL).type,
                     ERROR_REQUEST_FAILED);
    assert_int_equal(error_of(&result, REASON_FINAL).category, CATEGORY_USER);
}

/* S4-11, S4-12, S4-13, S4-35, S4-36, S4-37, S4-49 */
static void test_categories_of_go(void **state)
{
    (void)state;
    for (int status = 201; status <= 999; status++) {
        struct attempt_outcome outcome = answer(status, NULL);
        enum go_category category = error_go_category(&outcome, REASON_FINAL);
        enum go_category expected = status == 400 ? GO_INVALID_REQ
                                    : status == 401 || status == 403
                                        ? GO_AUTH_ERROR
                                    : status == 429 ? GO_RATE_LIMIT
                                    : status >= 500 ? GO_SERVER_ERROR
                                                    : GO_UNKNOWN;
        assert_int_equal(category, expected);
        assert_int_equal(error_is_retryable_go(category),
                         status == 429 || status >= 500);
    }
    assert_string_equal(go_category_words[GO_RATE_LIMIT], "RATE_LIMIT");
    assert_string_equal(go_category_words[GO_INVALID_REQ], "INVALID_REQ");
}

/* S4-X1, S4-X2, S4-X3, S4-39, S4-40 */
static void test_go_without_an_answer(void **state)
{
    (void)state;
    for (int end = END_REFUSED; end <= END_TIMEOUT; end++) {
        struct attempt_outcome outcome = {.end = (enum attempt_end)end};
        assert_int_equal(error_go_category(&outcome, REASON_FINAL),
                         GO_SERVER_ERROR);
    }
    struct attempt_outcome cancelled = {.end = END_CANCELLED};
    assert_int_equal(error_go_category(&cancelled, REASON_CANCELLED),
                     GO_UNKNOWN);
    assert_int_equal(error_go_category(&cancelled, REASON_CALL_TIMEOUT),
                     GO_SERVER_ERROR);
    assert_int_equal(error_go_category(NULL, REASON_CALL_TIMEOUT), GO_UNKNOWN);
}

/* -- messages ---------------------------------------------------------------
 */

typedef void message_of(struct text *text, const struct failure *failure);

static void check_message(message_of *message,
                          const struct attempt_outcome *outcome,
                          enum retry_reason reason, const char *expected)
{
    struct failure failure = {outcome, 0, reason};
    struct text text;
    text_begin(&text);
    message(&text, &failure);
    assert_string_equal(text.bytes, expected);
}

static void format(struct text *text, const struct failure *failure)
{
    struct text message;
    struct call_error error = error_of(failure->outcome, failure->reason);
    text_begin(&message);
    message_elixir(&message, failure);
    message_elixir_format(text, &error, message.bytes);
}

/* S2-69, S2-39, S2-70 */
static void test_text_form_of_tinkex(void **state)
{
    (void)state;
    const struct {
        int status;
        const char *body, *expected;
    } cases[] = {
        {429, "{\"message\":\"Rate limit exceeded\"}",
         "[api_status (429)] Rate limit exceeded"},
        {429, "{\"error\":\"x\"}", "[api_status (429)] Rate limited"},
        {500, "{\"error\":\"broken\"}", "[api_status (500)] broken"},
        {500, "{}", "[api_status (500)] HTTP 500"},
        {500, NULL, "[api_status (500)] HTTP 500"},
        {503, " plain\ttext\n", "[api_status (503)] plain\\x09text"},
        {503, "{\"message\":\"x\"} junk",
         "[api_status (503)] {\"message\":\"x\"} junk"},
        {503, "\033[2J", "[api_status (503)] \\x1b[2J"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct attempt_outcome outcome = answer(cases[i].status, cases[i].body);
        check_message(format, &outcome, REASON_FINAL, cases[i].expected);
    }
    struct attempt_outcome refused = {.end = END_REFUSED};
    check_message(format, &refused, REASON_FINAL,
                  "[api_connection] connection refused");
    check_message(format, NULL, REASON_PROGRESS,
                  "[api_timeout] Progress timeout exceeded");
    check_message(format, NULL, REASON_BREAKER,
                  "[api_connection] Circuit breaker open");
}

/* S2-67 */
static void test_what_is_left_when_retries_are_spent(void **state)
{
    (void)state;
    struct attempt_outcome bad = answer(400, NULL), busy = answer(503, NULL);
    struct call_error error = error_of(&bad, REASON_FINAL);
    assert_string_equal(error_elixir_verdict(&error), "invalid_request");
    error = error_of(&busy, REASON_ATTEMPTS);
    assert_string_equal(error_elixir_verdict(&error), "service_unavailable");
}

/* S1-25: type and message of an exception of tinker. */
static void test_exceptions_of_tinker(void **state)
{
    (void)state;
    const struct {
        int status;
        const char *body, *type, *message;
    } cases[] = {
        {400, NULL, "BadRequestError", "Error code: 400"},
        {401, "no", "AuthenticationError", "no"},
        {409, "", "ConflictError", "Error code: 409"},
        {408, "{\"a\": true, \"b\": [1, 2.50, null]}", "APIStatusError",
         "Error code: 408 - {'a': True, 'b': [1, 2.5, None]}"},
        {429, "\"it's\"", "RateLimitError", "Error code: 429 - \"it's\""},
        {500, "{\"detail\":{\"x\":\"\\u00e9\\n\"}}", "InternalServerError",
         "Error code: 500 - {'detail': {'x': '\u00e9\\n'}}"},
        {600, NULL, "InternalServerError", "Error code: 600"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct attempt_outcome outcome = answer(cases[i].status, cases[i].body);
        struct failure failure = {&outcome, 0, REASON_FINAL};
        assert_string_equal(message_python_type(&failure), cases[i].type);
        assert_int_equal(message_python_status(&failure), cases[i].status);
        check_message(message_python, &outcome, REASON_FINAL, cases[i].message);
    }
    struct attempt_outcome late = {.end = END_TIMEOUT};
    struct failure failure = {&late, 0, REASON_FINAL};
    assert_string_equal(message_python_type(&failure), "APITimeoutError");
    check_message(message_python, &late, REASON_FINAL, "Request timed out.");
    late.end = END_RESET;
    check_message(message_python, &late, REASON_FINAL, "Connection error.");
}

/* S1-77: 410 of the follow-up has the handler begin again; its caller sees no
 * status. */
static void test_exceptions_of_the_follow_up(void **state)
{
    (void)state;
    struct attempt_outcome gone = answer(410, NULL), lost = answer(404, NULL);
    struct failure failure = {&gone, 1, REASON_FINAL};
    assert_string_equal(message_python_type(&failure), "RetryableException");
    assert_int_equal(message_python_status(&failure), 0);
    failure.outcome = &lost;
    assert_string_equal(message_python_type(&failure), "ValueError");
}

/* S1-49 */
static void test_progress_timeout_of_tinker(void **state)
{
    (void)state;
    const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {INT64_C(200000000),
         "No progress made in 0.2s. Requests appear to be stuck."},
        {INT64_C(7200000000000),
         "No progress made in 7200s. Requests appear to be stuck."},
        {INT64_C(1500000000),
         "No progress made in 1.5s. Requests appear to be stuck."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text;
        text_begin(&text);
        message_python_stuck(&text, cases[i].ns);
        assert_string_equal(text.bytes, cases[i].text);
    }
}

/* S4-X3, S4-X11, S4-34, S4-38 */
static void test_messages_of_go(void **state)
{
    (void)state;
    const struct {
        int status;
        const char *body, *expected;
    } cases[] = {
        {400, "{\"error\":{\"code\":400,\"message\":\"bad\"}}",
         "HTTP 400: bad"},
        {400, "{\"error\":{\"code\":\"x\",\"message\":\"bad\"}}",
         "HTTP 400: {\"error\":{\"code\":\"x\",\"message\":\"bad\"}}"},
        {400, "{\"error\":{\"code\":1.5,\"message\":\"bad\"}}",
         "HTTP 400: {\"error\":{\"code\":1.5,\"message\":\"bad\"}}"},
        {400, "{\"error\":{\"param\":null,\"message\":\"bad\"}}",
         "HTTP 400: bad"},
        {503, "Service Unavailable", "HTTP 503: Service Unavailable"},
        {500, "{\"error\":{\"message\":\"\"}}",
         "HTTP 500: {\"error\":{\"message\":\"\"}}"},
        {204, NULL, "HTTP 204: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct attempt_outcome outcome = answer(cases[i].status, cases[i].body);
        check_message(message_go, &outcome, REASON_FINAL, cases[i].expected);
    }
    struct attempt_outcome cut = {.end = END_CUT};
    check_message(message_go, &cut, REASON_FINAL,
                  "failed to read response body: unexpected EOF");
    check_message(message_go, &cut, REASON_CANCELLED, "request cancelled");
    check_message(message_go, &cut, REASON_CALL_TIMEOUT, "request timeout");
    check_message(message_go, NULL, REASON_CANCELLED,
                  "request cancelled during retry");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user_errors_of_tinkex),
        cmocka_unit_test(test_user_errors_of_tinker),
        cmocka_unit_test(test_what_tinker_retries),
        cmocka_unit_test(test_types_of_tinkex),
        cmocka_unit_test(test_categories_have_aliases),
        cmocka_unit_test(test_categories_of_answers),
        cmocka_unit_test(test_types_of_outcomes),
        cmocka_unit_test(test_categories_of_go),
        cmocka_unit_test(test_go_without_an_answer),
        cmocka_unit_test(test_text_form_of_tinkex),
        cmocka_unit_test(test_what_is_left_when_retries_are_spent),
        cmocka_unit_test(test_exceptions_of_tinker),
        cmocka_unit_test(test_exceptions_of_the_follow_up),
        cmocka_unit_test(test_progress_timeout_of_tinker),
        cmocka_unit_test(test_messages_of_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
