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

/* Says what is wrong with a line that cJSON did not take: the strict reader
 * knows the column. If it finds nothing, cJSON had no memory. */
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
    bool is_object = cJSON_IsObject(doc.root);
    jsonc_close(&doc);
    if (has_comment)
        trace_fields_problem(fields, "", "a comment has no place here");
    else if (!is_object)
        trace_fields_problem(fields, "", "expected a JSON object");
    else
        trace_fields_no_memory(fields);
}

bool trace_fields_open(struct trace_fields *fields, const char *line,
                       size_t size)
{
    const char *end = NULL;
    fields->root = NULL;
    fields->at = NULL;
    fields->is_bad = false;
    if (utf8_is_valid(line, size) && !memchr(line, '\0', size))
        fields->root = cJSON_ParseWithLengthOpts(line, size, &end, false);
    while (fields->root && end < line + size && isspace((unsigned char)*end))
        end++;
    if (cJSON_IsObject(fields->root) && end == line + size)
        return true;
    trace_fields_close(fields);
    explain_line(fields, line, size);
    return false;
}

void trace_fields_close(struct trace_fields *fields)
{
    cJSON_Delete(fields->root);
    fields->root = NULL;
}

/* The member from `from` on, before `end`. */
static const cJSON *find(const cJSON *from, const cJSON *end, const char *key)
{
    while (from != end &&
           (from->string[0] != key[0] || strcmp(from->string, key) != 0))
        from = from->next;
    return from == end ? NULL : from;
}

/* Lines are read in the order in which they were written, so the search begins
 * where the last one ended: a look from the start for each of twenty members
 * would be a fifth of the time that reading takes. */
static const cJSON *get(struct trace_fields *fields, const char *key)
{
    const cJSON *first = fields->root->child;
    const cJSON *from = fields->at ? fields->at : first;
    const cJSON *item = find(from, NULL, key);
    if (!item)
        item = find(first, from, key);
    if (item)
        fields->at = item;
    return item;
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

int64_t trace_fields_int(struct trace_fields *fields, const char *key,
                         int64_t min, int64_t max)
{
    const cJSON *item = get(fields, key);
    double value = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    if (value >= (double)min && value <= (double)max && trunc(value) == value)
        return (int64_t)value;
    char expected[96];
    snprintf(expected, sizeof expected,
             "an integer from %" PRId64 " to %" PRId64, min, max);
    wrong(fields, key, expected);
    return 0;
}

int64_t trace_fields_time(struct trace_fields *fields, const char *key,
                          int64_t absent)
{
    if (!trace_fields_has(fields, key))
        return absent;
    return trace_fields_int(fields, key, 0, TRACE_FIELDS_INT_MAX);
}

uint64_t trace_fields_wide(struct trace_fields *fields, const char *key)
{
    const char *text = cJSON_GetStringValue(get(fields, key));
    char *end = NULL;
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
    const cJSON *item = get(fields, key);
    if (!cJSON_IsBool(item))
        wrong(fields, key, "true or false");
    return cJSON_IsTrue(item);
}

static const char *copy(struct trace_fields *fields, const char *text)
{
    if (*text == '\0')
        return "";
    const char *kept = arena_strdup(fields->arena, text);
    if (!kept)
        trace_fields_no_memory(fields);
    return kept ? kept : "";
}

const char *trace_fields_string(struct trace_fields *fields, const char *key)
{
    const char *text = cJSON_GetStringValue(get(fields, key));
    if (text)
        return copy(fields, text);
    wrong(fields, key, "a string");
    return "";
}

const char *trace_fields_text(struct trace_fields *fields, const char *key)
{
    const cJSON *item = get(fields, key);
    if (!item || cJSON_IsNull(item))
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
    const char *text = cJSON_GetStringValue(get(fields, key));
    for (size_t i = 0; text && i < count; i++) {
        if (strcmp(text, words[i]) == 0)
            return (int)i;
    }
    wrong_word(fields, key, words, count);
    return 0;
}

static bool read_header(struct trace_fields *fields, const cJSON *pair,
                        struct http_header *header)
{
    const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
    const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
    if (!cJSON_IsArray(pair) || cJSON_GetArraySize(pair) != 2 || !name ||
        !value)
        return false;
    header->name = copy(fields, name);
    header->value = copy(fields, value);
    return true;
}

struct http_headers trace_fields_headers(struct trace_fields *fields,
                                         const char *key)
{
    const cJSON *array = get(fields, key);
    size_t count = (size_t)cJSON_GetArraySize(array), i = 0;
    if (!cJSON_IsArray(array) || count > TRACE_HEADERS_MAX) {
        wrong(fields, key, "a list of headers");
        return (struct http_headers){0};
    }
    struct http_header *items =
        arena_array(fields->arena, count, sizeof *items);
    if (!items) {
        trace_fields_no_memory(fields);
        return (struct http_headers){0};
    }
    const cJSON *pair = NULL;
    cJSON_ArrayForEach(pair, array)
    {
        if (!read_header(fields, pair, &items[i++])) {
            wrong(fields, key, "pairs of name and value");
            return (struct http_headers){0};
        }
    }
    return (struct http_headers){.items = items, .count = count};
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
    return copy(fields, digits);
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
    if (!cJSON_IsNull(get(fields, "status")) &&
        trace_fields_has(fields, "status"))
        result->status = trace_fields_int(fields, "status", 0, 999);
    result->error = trace_fields_text(fields, "error");
    result->sha256 = read_sha256(fields);
}
