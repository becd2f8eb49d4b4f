#include <string.h>
#include <strings.h>

#include "client/retry.h"

static const char *trimmed(const char *text, size_t *length)
{
    text += strspn(text, " \t");
    *length = strlen(text);
    while (*length > 0 && strchr(" \t", text[*length - 1])) {
        --*length;
    }
    return text;
}

static bool values_are_equal(const struct header_condition *condition,
                             const char *value)
{
    if (!condition->ignores_case) {
        return strcmp(condition->value, value) == 0;
    }
    size_t wanted_length, length;
    const char *wanted = trimmed(condition->value, &wanted_length);
    value = trimmed(value, &length);
    return wanted_length == length && strncasecmp(wanted, value, length) == 0;
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
    return value && (!condition->value || values_are_equal(condition, value));
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

/* A body condition never fits here: retry_supports() refuses it. */
static bool outcome_fits(const struct outcome_set *on, const char *method,
                         const struct attempt_outcome *outcome)
{
    return end_fits(on, outcome) && method_fits(on, method) &&
           header_fits(&on->header, outcome->headers) && !on->body.pointer;
}

const struct profile_rule *layer_rule(const struct layer *layer,
                                      const struct retry_request *request,
                                      const struct attempt_outcome *outcome)
{
    for (size_t i = 0; i < layer->rule_count; i++) {
        if (outcome_fits(&layer->rules[i].on, request->method, outcome)) {
            return &layer->rules[i];
        }
    }
    return NULL;
}
