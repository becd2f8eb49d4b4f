#include "model/trace_fields.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/jsonc.h"
#include "model/utf8.h"

struct problem *trace_fields_problem(struct trace_fields *fields,
                                     const char *key, const char *format, ...)
{
    struct problem *problem = error_add(fields->error, PROBLEM_INPUT, "%s", "");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->message, sizeof problem->message, format, arguments);
    va_end(arguments);
    snprintf(problem->file, sizeof problem->file, "%s", fields->file);
    snprintf(problem->path, sizeof problem->path, "%s", key);
    problem->line = fields->line;
    fields->is_bad = true;
    return problem;
}

void trace_fields_no_memory(struct trace_fields *fields)
{
    fields->is_bad = true;
    error_add(fields->error, PROBLEM_MEMORY, "no memory to read %s",
              fields->file);
}

/* Says what is wrong with a line: the strict reader knows the column. */
static void explain_line(struct trace_fields *fields, const char *line,
                         size_t size)
{
    struct jsonc doc;
    struct error error = {0};
    if (!jsonc_open(&doc, fields->file, line, size, &error)) {
        const struct problem *found = &error.problems[0];
        if (found->kind == PROBLEM_MEMORY)
            trace_fields_no_memory(fields);
        else
            trace_fields_problem(fields, "", "%s", found->message)->column =
                found->column;
        return;
    }
    bool has_comment = memcmp(doc.text, line, size) != 0;
    jsonc_close(&doc);
    if (has_comment)
        trace_fields_problem(fields, "", "a comment has no place here");
    else if (fields->members.is_full)
        trace_fields_problem(fields, "", "more than %d members",
                             (int)TRACE_MEMBERS_MAX);
    else
        trace_fields_problem(fields, "", "expected a JSON object");
}

bool trace_fields_open(struct trace_fields *fields, const char *line,
                       size_t size)
{
    fields->at = 0;
    fields->is_bad = false;
    fields->members.is_full = false;
    if (utf8_is_valid(line, size) &&
        trace_line_split(line, size, &fields->members))
        return true;
    explain_line(fields, line, size);
    return false;
}

static bool is_named(const struct trace_member *member, const char *key)
{
    size_t i = 0;
    while (i < member->name_size && member->name[i] == key[i])
        i++;
    return i == member->name_size && key[i] == '\0';
}

/* Lines are read in the order in which they were written, so the search begins
 * where the last one ended: a look from the start for each of twenty members
 * would be a fifth of the time that reading takes. NULL: there is none. */
static const struct trace_value *get(struct trace_fields *fields,
                                     const char *key)
{
    size_t count = fields->members.count;
    for (size_t i = 0, at = fields->at; i < count; i++, at++) {
        at = at < count ? at : 0;
        if (is_named(&fields->members.items[at], key)) {
            fields->at = at;
            return &fields->members.items[at].value;
        }
    }
    return NULL;
}

static bool is_kind(const struct trace_value *value, enum trace_value_kind kind)
{
    return value && value->kind == kind;
}

bool trace_fields_has(struct trace_fields *fields, const char *key)
{
    return get(fields, key) != NULL;
}

/* One sentence for every missing or mistyped member. */
static void wrong(struct trace_fields *fields, const char *key,
                  const char *expected)
{
    trace_fields_problem(fields, key, "%s: %s expected",
                         get(fields, key) ? "wrong value" : "missing",
                         expected);
}

/* NAN if it is none. */
static double read_number(const struct trace_value *value)
{
    return is_kind(value, TRACE_VALUE_NUMBER) ? trace_line_number(value) : NAN;
}

int64_t trace_fields_int(struct trace_fields *fields, const char *key,
                         int64_t min, int64_t max)
{
    const struct trace_value *value = get(fields, key);
    int64_t digits;
    if (is_kind(value, TRACE_VALUE_NUMBER) &&
        trace_line_digits(value, &digits) && digits >= min && digits <= max)
        return digits;
    double number = read_number(value); /* 1e3 is an integer, too */
    if (number >= (double)min && number <= (double)max &&
        trunc(number) == number)
        return (int64_t)number;
    char expected[96];
    snprintf(expected, sizeof expected,
             "an integer from %" PRId64 " to %" PRId64, min, max);
    wrong(fields, key, expected);
    return 0;
}

double trace_fields_chance(struct trace_fields *fields, const char *key)
{
    const struct trace_value *value = get(fields, key);
    double chance = value ? read_number(value) : 1.0;
    if (chance >= 0 && chance <= 1)
        return chance;
    wrong(fields, key, "a number from 0 to 1");
    return 1.0;
}

int64_t trace_fields_time(struct trace_fields *fields, const char *key,
                          int64_t absent)
{
    if (!trace_fields_has(fields, key))
        return absent;
    return trace_fields_int(fields, key, 0, TRACE_FIELDS_INT_MAX);
}

/* The text of a string; NULL if it is none or has more bytes than the buffer
 * has room for. */
static const char *short_text(const struct trace_value *value, char *buffer,
                              size_t room)
{
    if (!is_kind(value, TRACE_VALUE_STRING) || value->size >= room)
        return NULL;
    buffer[trace_line_decode(value, buffer)] = '\0';
    return buffer;
}

uint64_t trace_fields_wide(struct trace_fields *fields, const char *key)
{
    char buffer[64], *end = NULL;
    const char *text = short_text(get(fields, key), buffer, sizeof buffer);
    errno = 0;
    uint64_t value = 0;
    if (text && isdigit((unsigned char)*text))
        value = strtoull(text, &end, 10);
    if (end && *end == '\0' && errno == 0)
        return value;
    wrong(fields, key, "decimal digits in quotes");
    return 0;
}

bool trace_fields_bool(struct trace_fields *fields, const char *key)
{
    const struct trace_value *value = get(fields, key);
    bool is_true = is_kind(value, TRACE_VALUE_TRUE);
    if (!is_true && !is_kind(value, TRACE_VALUE_FALSE))
        wrong(fields, key, "true or false");
    return is_true;
}

static const char *keep(struct trace_fields *fields, const char *bytes,
                        size_t size)
{
    if (size == 0)
        return "";
    const char *kept = fields->pool ? trace_pool_text(fields->pool, bytes, size)
                                    : arena_strndup(fields->arena, bytes, size);
    if (!kept)
        trace_fields_no_memory(fields);
    return kept ? kept : "";
}

/* A copy of a string. */
static const char *copy(struct trace_fields *fields,
                        const struct trace_value *string)
{
    char buffer[512];
    if (!string->has_escape)
        return keep(fields, string->at, string->size);
    if (string->size <= sizeof buffer)
        return keep(fields, buffer, trace_line_decode(string, buffer));
    char *text = arena_alloc(fields->arena, string->size + 1);
    if (text)
        trace_line_decode(string, text);
    else
        trace_fields_no_memory(fields);
    return text ? text : "";
}

const char *trace_fields_string(struct trace_fields *fields, const char *key)
{
    const struct trace_value *value = get(fields, key);
    if (is_kind(value, TRACE_VALUE_STRING))
        return copy(fields, value);
    wrong(fields, key, "a string");
    return "";
}

const char *trace_fields_text(struct trace_fields *fields, const char *key)
{
    const struct trace_value *value = get(fields, key);
    if (!value || value->kind == TRACE_VALUE_NULL)
        return "";
    return trace_fields_string(fields, key);
}

static void wrong_word(struct trace_fields *fields, const char *key,
                       const char *const *words, size_t count)
{
    char expected[256] = "one of";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(expected);
        snprintf(expected + used, sizeof expected - used, "%s \"%s\"",
                 i > 0 ? "," : "", words[i]);
    }
    wrong(fields, key, expected);
}

int trace_fields_word(struct trace_fields *fields, const char *key,
                      const char *const *words, size_t count)
{
    const struct trace_value *value = get(fields, key);
    for (size_t i = 0; value && i < count; i++) {
        if (trace_line_is(value, words[i]))
            return (int)i;
    }
    wrong_word(fields, key, words, count);
    return 0;
}

int trace_fields_find(struct trace_fields *fields, const char *key,
                      const char *const *words)
{
    const struct trace_value *value = get(fields, key);
    if (!is_kind(value, TRACE_VALUE_STRING))
        wrong(fields, key, "a string");
    for (int i = 0; value && words[i]; i++) {
        if (trace_line_is(value, words[i]))
            return i;
    }
    return -1;
}

bool trace_fields_inner(struct trace_fields *fields, const char *key,
                        struct trace_fields *inner)
{
    const struct trace_value *value = get(fields, key);
    *inner = (struct trace_fields){
        .file = fields->file,
        .line = fields->line,
        .arena = fields->arena,
        .pool = fields->pool,
        .error = fields->error,
    };
    if (!is_kind(value, TRACE_VALUE_OBJECT)) {
        wrong(fields, key, "an object");
        return false;
    }
    return trace_fields_open(inner, value->at, value->size);
}

/* -- headers --------------------------------------------------------------- */

static bool read_header(struct trace_fields *fields,
                        const struct trace_value *pair,
                        struct http_header *header)
{
    struct trace_value name, value, more;
    struct trace_elements elements = trace_line_elements(pair);
    if (pair->kind != TRACE_VALUE_ARRAY || !trace_line_next(&elements, &name) ||
        !trace_line_next(&elements, &value) ||
        trace_line_next(&elements, &more) || name.kind != TRACE_VALUE_STRING ||
        value.kind != TRACE_VALUE_STRING)
        return false;
    header->name = copy(fields, &name);
    header->value = copy(fields, &value);
    return true;
}

/* False after a problem. */
static bool read_headers(struct trace_fields *fields, const char *key,
                         struct http_header *items, size_t *count)
{
    struct trace_elements elements = trace_line_elements(get(fields, key));
    struct trace_value pair;
    for (*count = 0; trace_line_next(&elements, &pair); ++*count) {
        if (*count == TRACE_HEADERS_MAX) {
            wrong(fields, key, "a list of headers");
            return false;
        }
        if (!read_header(fields, &pair, &items[*count])) {
            wrong(fields, key, "pairs of name and value");
            return false;
        }
    }
    return true;
}

struct http_headers trace_fields_headers(struct trace_fields *fields,
                                         const char *key)
{
    const struct trace_value *array = get(fields, key);
    struct http_headers headers = {0};
    struct http_header items[TRACE_HEADERS_MAX];
    size_t count;
    if (!is_kind(array, TRACE_VALUE_ARRAY)) {
        wrong(fields, key, "a list of headers");
        return headers;
    }
    if (fields->pool &&
        trace_pool_find(fields->pool, array->at, array->size, &headers))
        return headers;
    if (!read_headers(fields, key, items, &count))
        return headers;
    struct http_header *kept = arena_array(fields->arena, count, sizeof *kept);
    if (!kept) {
        trace_fields_no_memory(fields);
        return headers;
    }
    memcpy(kept, items, count * sizeof *kept);
    headers = (struct http_headers){.items = kept, .count = count};
    if (fields->pool)
        trace_pool_keep(fields->pool, array->at, array->size, &headers);
    return headers;
}

/* 64 hex digits in lower case, or "". */
static const char *read_sha256(struct trace_fields *fields)
{
    char digits[65];
    const char *text = trace_fields_text(fields, "sha256");
    if (*text == '\0')
        return "";
    size_t length = strlen(text);
    if (length != 64 || strspn(text, "0123456789abcdefABCDEF") != length) {
        wrong(fields, "sha256", "64 hex digits");
        return "";
    }
    for (size_t i = 0; i <= length; i++)
        digits[i] = (char)tolower((unsigned char)text[i]);
    return keep(fields, digits, length);
}

void trace_fields_result(struct trace_fields *fields,
                         struct trace_result *result)
{
    static const char *const outcomes[] = {"ok", "error"};
    *result = (struct trace_result){0};
    result->call = trace_fields_string(fields, "call");
    if (*result->call == '\0' && !fields->is_bad)
        wrong(fields, "call", "the token of a call");
    result->is_ok = trace_fields_word(fields, "outcome", outcomes, 2) == 0;
    const struct trace_value *status = get(fields, "status");
    if (status && status->kind != TRACE_VALUE_NULL)
        result->status = trace_fields_int(fields, "status", 0, 999);
    result->error = trace_fields_text(fields, "error");
    result->sha256 = read_sha256(fields);
}
