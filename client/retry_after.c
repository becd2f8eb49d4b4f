#include "client/retry_after.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "model/json_pointer.h"
#include "model/units.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The whitespace of Python's float() and of optional whitespace in HTTP. */
static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text)) {
        text++;
    }
    return text;
}

/* -- numbers ----------------------------------------------------------------
 */

/* value = digits * 10^exponent, negated or not. */
struct decimal {
    int64_t digits;
    int64_t exponent;
    bool is_negative;
    bool is_any; /* at least one digit was read */
};

/* Digits beyond what 63 bits hold are dropped: they are far below 1 ns. */
static void decimal_push(struct decimal *decimal, char digit, bool is_fraction)
{
    decimal->is_any = true;
    int64_t digits;
    if (__builtin_mul_overflow(decimal->digits, 10, &digits) ||
        __builtin_add_overflow(digits, digit - '0', &digits)) {
        decimal->exponent += !is_fraction;
        return;
    }
    decimal->digits = digits;
    decimal->exponent -= is_fraction;
}

static const char *read_sign(const char *text, bool *is_negative)
{
    *is_negative = *text == '-';
    return text + (*text == '-' || *text == '+');
}

static const char *read_digits(const char *text, struct decimal *decimal)
{
    for (; is_digit(*text); text++) {
        decimal_push(decimal, *text, false);
    }
    return text;
}

static const char *read_fraction(const char *text, struct decimal *decimal)
{
    if (*text != '.') {
        return text;
    }
    for (text++; is_digit(*text); text++) {
        decimal_push(decimal, *text, true);
    }
    return text;
}

/* NULL if an 'e' has no digits after it. */
static const char *read_exponent(const char *text, struct decimal *decimal)
{
    if (*text != 'e' && *text != 'E') {
        return text;
    }
    bool is_negative;
    text = read_sign(text + 1, &is_negative);
    if (!is_digit(*text)) {
        return NULL;
    }
    int64_t exponent = 0;
    for (; is_digit(*text); text++) {
        exponent = units_min(exponent * 10 + (*text - '0'), 1000000);
    }
    decimal->exponent += is_negative ? -exponent : exponent;
    return text;
}

/* Rounds half up; stops at +-NS_FOREVER. unit_exponent: 9 for seconds. */
static int64_t decimal_ns(const struct decimal *decimal, int unit_exponent)
{
    int64_t ns = decimal->digits;
    int64_t exponent = decimal->exponent + unit_exponent;
    for (; exponent > 0 && ns != 0; exponent--) {
        if (__builtin_mul_overflow(ns, 10, &ns))
            ns = NS_FOREVER;
    }
    for (; exponent < -1 && ns != 0; exponent++)
        ns /= 10;
    if (exponent == -1)
        ns = ns / 10 + (ns % 10 >= 5);
    return decimal->is_negative ? -ns : ns;
}

static bool parse_digits(const char *text, int unit_exponent, int64_t *ns)
{
    struct decimal decimal = {0};
    const char *end = read_digits(skip_blanks(text), &decimal);
    if (!decimal.is_any || *skip_blanks(end) != '\0') {
        return false;
    }
    *ns = decimal_ns(&decimal, unit_exponent);
    return true;
}

/* As Elixir's Integer.parse: a sign, digits, and whatever follows. */
static bool parse_prefix(const char *text, int unit_exponent, int64_t *ns)
{
    struct decimal decimal = {0};
    text = read_sign(skip_blanks(text), &decimal.is_negative);
    read_digits(text, &decimal);
    if (!decimal.is_any) {
        return false;
    }
    *ns = decimal_ns(&decimal, unit_exponent);
    return true;
}

/* The grammar of Python's float() less underscores, nan and inf; a number too
 * large for a double is infinite there and so not read here. */
static bool parse_float(const char *text, int unit_exponent, int64_t *ns)
{
    struct decimal decimal = {0};
    const char *number = skip_blanks(text);
    text = read_sign(number, &decimal.is_negative);
    text = read_fraction(read_digits(text, &decimal), &decimal);
    if (!decimal.is_any) {
        return false;
    }
    text = read_exponent(text, &decimal);
    if (!text || *skip_blanks(text) != '\0') {
        return false;
    }
    if (isinf(strtod(number, NULL))) {
        return false;
    }
    *ns = decimal_ns(&decimal, unit_exponent);
    return true;
}

/* -- forms ------------------------------------------------------------------
 */

/* a - b; stops at +-NS_FOREVER. */
static int64_t difference(int64_t a, int64_t b)
{
    int64_t ns;
    if (__builtin_sub_overflow(a, b, &ns))
        return a < 0 ? -NS_FOREVER : NS_FOREVER;
    return ns;
}

static bool parse_date(const char *text, int64_t wall_ns, int64_t *ns)
{
    int64_t unix_s;
    if (!http_date_parse(text, &unix_s)) {
        return false;
    }
    int64_t limit_s = INT64_MAX / NS_PER_S;
    *ns = unix_s > limit_s    ? NS_FOREVER
          : unix_s < -limit_s ? -NS_FOREVER
                              : difference(unix_s * NS_PER_S, wall_ns);
    return true;
}

static bool parse_epoch(const char *text, int64_t wall_ns, int64_t *ns)
{
    int64_t unix_ns;
    if (!parse_digits(text, 9, &unix_ns)) {
        return false;
    }
    *ns = difference(unix_ns, wall_ns);
    return true;
}

bool retry_after_parse(enum retry_after_form form, const char *text,
                       int64_t wall_ns, int64_t *ns)
{
    switch (form) {
    case RA_SECONDS:
        return parse_digits(text, 9, ns);
    case RA_SECONDS_FLOAT:
        return parse_float(text, 9, ns);
    case RA_SECONDS_PREFIX:
        return parse_prefix(text, 9, ns);
    case RA_MS:
        return parse_digits(text, 6, ns);
    case RA_MS_FLOAT:
        return parse_float(text, 6, ns);
    case RA_MS_PREFIX:
        return parse_prefix(text, 6, ns);
    case RA_HTTP_DATE:
        return parse_date(text, wall_ns, ns);
    case RA_EPOCH_SECONDS:
        return parse_epoch(text, wall_ns, ns);
    }
    assert(false);
    return false;
}

/* -- policy -----------------------------------------------------------------
 */

/* Where sources are looked for. */
struct answer {
    const struct http_headers *headers; /* NULL: none */
    struct retry_after_body body;
    int64_t wall_ns;
};

static bool form_is_instant(enum retry_after_form form)
{
    return form == RA_HTTP_DATE || form == RA_EPOCH_SECONDS;
}

/* The value of `name` that counts; NULL if absent. Adds to *count how many
 * there are. */
static const char *find_value(const struct retry_after *policy,
                              const struct http_headers *headers,
                              const char *name, size_t *count)
{
    const char *value = NULL;
    for (size_t i = 0; i < headers->count; i++) {
        if (!http_names_are_alike(headers->items[i].name, name)) {
            continue;
        }
        ++*count;
        if (!value || policy->duplicates == RA_LAST) {
            value = headers->items[i].value;
        }
    }
    return value;
}

static void read_forms(const struct retry_after_source *source,
                       const char *text, int64_t wall_ns,
                       struct retry_after_value *value)
{
    for (size_t i = 0; i < source->form_count; i++) {
        enum retry_after_form form = source->forms[i];
        if (retry_after_parse(form, text, wall_ns, &value->ns)) {
            value->kind = RETRY_AFTER_TIME;
            value->is_past_date = form_is_instant(form) && value->ns < 0;
            return;
        }
    }
    value->kind = RETRY_AFTER_UNPARSEABLE;
}

static struct retry_after_value read_header(
    const struct retry_after *policy, const struct retry_after_source *source,
    const struct answer *answer)
{
    struct retry_after_value value = {.header = source->header};
    size_t count = 0;
    value.text = answer->headers ? find_value(policy, answer->headers,
                                              source->header, &count)
                                 : NULL;
    if (value.text) {
        bool is_joined = count > 1 && policy->duplicates == RA_UNREADABLE;
        read_forms(source, is_joined ? "," : value.text, answer->wall_ns,
                   &value);
    }
    return value;
}

static struct retry_after_value read_body(
    const struct retry_after_source *source, const struct answer *answer)
{
    struct retry_after_value value = {.header = source->pointer};
    struct json_value found;
    json_pointer_read(&(struct json_text){answer->body.bytes, answer->body.size,
                                          answer->body.json},
                      source->pointer, &found);
    if (found.kind != JSON_ABSENT) {
        read_forms(source, json_value_has_text(&found) ? found.text : "",
                   answer->wall_ns, &value);
    }
    return value;
}

/* The first source that reads wins; one that does not falls through to the
 * next, and the first of those is remembered. */
static void read_sources(const struct retry_after *policy,
                         const struct answer *answer,
                         struct retry_after_value *value)
{
    for (size_t i = 0; i < policy->source_count; i++) {
        const struct retry_after_source *source = &policy->sources[i];
        struct retry_after_value found =
            source->header ? read_header(policy, source, answer)
                           : read_body(source, answer);
        if (found.kind == RETRY_AFTER_TIME) {
            *value = found;
            return;
        }
        if (value->kind == RETRY_AFTER_ABSENT &&
            found.kind == RETRY_AFTER_UNPARSEABLE) {
            *value = found;
        }
    }
}

static enum retry_after_effect time_effect(const struct retry_after *policy,
                                           struct retry_after_value *value)
{
    if (value->is_past_date) {
        return policy->past;
    }
    if (value->ns < 0) {
        return policy->negative;
    }
    if (value->ns == 0) {
        return policy->zero;
    }
    value->is_above_limit = value->ns > policy->limit_ns;
    return value->is_above_limit ? policy->above_limit : RA_WAIT;
}

static void apply_effect(const struct retry_after *policy,
                         struct retry_after_value *value)
{
    value->effect = time_effect(policy, value);
    if (value->effect == RA_CLAMP) {
        value->ns = value->is_above_limit ? policy->limit_ns : 0;
    } else if (value->effect == RA_WAIT) {
        value->ns = units_max(value->ns, 0);
    }
}

static void apply_default(const struct retry_after *policy,
                          struct retry_after_value *value)
{
    value->effect = value->kind == RETRY_AFTER_UNPARSEABLE ? policy->unparseable
                                                           : RA_OWN_DELAY;
    if (policy->default_ns >= 0) {
        value->effect = RA_WAIT;
        value->ns = policy->default_ns;
    }
}

struct retry_after_value retry_after_read(const struct retry_after *policy,
                                          int status,
                                          const struct http_headers *headers,
                                          struct retry_after_body body,
                                          int64_t wall_ns)
{
    struct retry_after_value value = {.effect = RA_OWN_DELAY};
    if (!policy->is_used || !status_set_has(&policy->statuses, status)) {
        return value;
    }
    read_sources(policy, &(struct answer){headers, body, wall_ns}, &value);
    if (value.kind == RETRY_AFTER_TIME) {
        apply_effect(policy, &value);
    } else {
        apply_default(policy, &value);
    }
    return value;
}
