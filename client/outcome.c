#include "client/outcome.h"

#include <string.h>
#include <strings.h>

#include "model/json_pointer.h"

bool outcome_is_success(const struct attempt_outcome *outcome)
{
    return outcome->end == END_STATUS && outcome->status >= 200 &&
           outcome->status < 400;
}

/* -- conditions -------------------------------------------------------------
 */

static const char *trimmed(const char *text, size_t *length)
{
    text += strspn(text, " \t");
    *length = 0;
    for (size_t i = 0; text[i]; i++) {
        if (!strchr(" \t", text[i]))
            *length = i + 1;
    }
    return text;
}

/* Without regard to case and to blanks around the values. */
static bool values_are_alike(const char *wanted, const char *value)
{
    size_t wanted_length, length;
    wanted = trimmed(wanted, &wanted_length);
    value = trimmed(value, &length);
    return wanted_length == length && strncasecmp(wanted, value, length) == 0;
}

static bool value_fits(const char *wanted, const char *value, bool ignores_case)
{
    return ignores_case ? values_are_alike(wanted, value)
                        : strcmp(wanted, value) == 0;
}

static bool header_fits(const struct header_condition *condition,
                        const struct http_headers *headers)
{
    if (!condition->name) {
        return true;
    }
    const char *value =
        headers ? http_header_get(headers, condition->name) : NULL;
    if (condition->is_absent) {
        return !value;
    }
    return value && (!condition->value || value_fits(condition->value, value,
                                                     condition->ignores_case));
}

static bool method_fits(const struct outcome_set *on, const char *method)
{
    if (!on->methods) {
        return true;
    }
    for (size_t i = 0; i < on->method_count; i++) {
        if (strcmp(on->methods[i], method) == 0) {
            return true;
        }
    }
    return false;
}

static bool end_fits(const struct outcome_set *on,
                     const struct attempt_outcome *outcome)
{
    if (outcome->end == END_STATUS) {
        return status_set_has(&on->statuses, outcome->status);
    }
    return on->ends & UINT32_C(1) << outcome->end;
}

static bool body_fits(const struct body_condition *condition,
                      const struct attempt_outcome *outcome)
{
    if (!condition->pointer) {
        return true;
    }
    struct json_value value;
    json_pointer_read(
        &(struct json_text){outcome->body, outcome->body_size, outcome->json},
        condition->pointer, &value);
    if (!condition->value) {
        return value.kind != JSON_ABSENT;
    }
    return json_value_has_text(&value) &&
           value_fits(condition->value, value.text, condition->ignores_case);
}

static bool size_fits(const struct outcome_set *on, int64_t body_bytes)
{
    return body_bytes >= on->request_at_least &&
           (on->request_at_most <= 0 || body_bytes <= on->request_at_most);
}

bool outcome_fits(const struct outcome_set *on,
                  const struct retry_request *request,
                  const struct attempt_outcome *outcome)
{
    return end_fits(on, outcome) && method_fits(on, request->method) &&
           size_fits(on, request->body_bytes) &&
           header_fits(&on->header, outcome->headers) &&
           body_fits(&on->body, outcome);
}
