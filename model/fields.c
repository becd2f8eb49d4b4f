#include "model/fields.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

bool fields_open(const struct jsonc_value *at, const char *const *known_keys)
{
    jsonc_expect_object(at, known_keys);
    return cJSON_IsObject(at->item);
}

void fields_version(const struct jsonc_value *root)
{
    struct jsonc_value value;
    if (jsonc_need(root, "retryspec", &value) &&
        !(cJSON_IsNumber(value.item) && value.item->valuedouble == 1.0)) {
        fields_expected(&value, "1, the version of the format");
    }
}

bool fields_has(const struct jsonc_value *at, const char *key)
{
    struct jsonc_value value;
    return jsonc_get(at, key, &value);
}

bool fields_need(const struct jsonc_value *at, const char *key)
{
    struct jsonc_value value;
    return jsonc_need(at, key, &value);
}

static bool read_text(const struct jsonc_value *value, struct arena *arena,
                      const char **out)
{
    const char *text = NULL;
    if (!jsonc_string(value, arena, &text)) {
        return false;
    }
    if (!*text) {
        fields_expected(value, "a text");
        return false;
    }
    *out = text;
    return true;
}

bool fields_text(const struct jsonc_value *at, const char *key,
                 struct arena *arena, const char **out)
{
    struct jsonc_value value;
    return jsonc_get(at, key, &value) && read_text(&value, arena, out);
}

static bool read_line(const struct jsonc_value *value, struct arena *arena,
                      const char **out)
{
    return read_text(value, arena, out) && jsonc_check_line(value, *out);
}

bool fields_line(const struct jsonc_value *at, const char *key,
                 struct arena *arena, const char **out)
{
    struct jsonc_value value;
    return jsonc_get(at, key, &value) && read_line(&value, arena, out);
}

bool fields_need_line(const struct jsonc_value *at, const char *key,
                      struct arena *arena, const char **out)
{
    struct jsonc_value value;
    return jsonc_need(at, key, &value) && read_line(&value, arena, out);
}

bool fields_bool(const struct jsonc_value *at, const char *key, bool *out)
{
    struct jsonc_value value;
    return jsonc_get(at, key, &value) && jsonc_bool(&value, out);
}

bool fields_int(const struct jsonc_value *at, const char *key,
                struct fields_range range, int64_t *out)
{
    struct jsonc_value value;
    return jsonc_get(at, key, &value) &&
           jsonc_int(&value, range.min, range.max, out);
}

bool fields_number(const struct jsonc_value *at, const char *key,
                   struct fields_span span, double *out)
{
    struct jsonc_value value;
    return jsonc_get(at, key, &value) &&
           jsonc_number(&value, span.min, span.max, out);
}

bool fields_duration(const struct jsonc_value *at, const char *key,
                     int64_t *out_ns)
{
    struct jsonc_value value;
    return jsonc_get(at, key, &value) && jsonc_duration(&value, out_ns);
}

bool fields_positive(const struct jsonc_value *at, const char *key,
                     int64_t *out_ns)
{
    struct jsonc_value value;
    int64_t ns = 0;
    if (!jsonc_get(at, key, &value) || !jsonc_duration(&value, &ns)) {
        return false;
    }
    if (ns == 0) {
        fields_expected(&value, "more than 0s");
        return false;
    }
    *out_ns = ns;
    return true;
}

bool fields_choice(const struct jsonc_value *at, const char *key,
                   const char *const *words, int *out)
{
    struct jsonc_value value;
    return jsonc_get(at, key, &value) && jsonc_choice(&value, words, out);
}

static void refuse_count(const struct jsonc_value *at,
                         struct fields_range range)
{
    if (range.min == range.max) {
        fields_expected(at, "%" PRId64 " elements", range.min);
    } else {
        fields_expected(at, "%" PRId64 " to %" PRId64 " elements", range.min,
                        range.max);
    }
}

bool fields_list(const struct jsonc_value *at, const char *key,
                 struct fields_range range, struct fields_list *out)
{
    struct jsonc_value value;
    if (!jsonc_get(at, key, &value)) {
        return false;
    }
    int count = jsonc_length(&value);
    if (count < 0) {
        return false;
    }
    if (count < range.min || count > range.max) {
        refuse_count(&value, range);
        return false;
    }
    *out = (struct fields_list){.at = value, .count = (size_t)count};
    return true;
}

void fields_refuse(const struct jsonc_value *at, const char *key,
                   const char *needed)
{
    struct jsonc_value value;
    if (jsonc_get(at, key, &value)) {
        jsonc_hint(jsonc_problem(&value, "\"%s\" means nothing without %s", key,
                                 needed),
                   "leave \"%s\" out", key);
    }
}

void *fields_out_of_memory(const struct jsonc_value *at)
{
    error_add(at->doc->error, PROBLEM_MEMORY, "out of memory");
    return NULL;
}

void *fields_array(const struct jsonc_value *at, struct arena *arena,
                   size_t count, size_t size)
{
    void *elements = arena_array(arena, count, size);
    return elements ? elements : fields_out_of_memory(at);
}

const char *fields_where(const struct jsonc_value *at, struct arena *arena)
{
    char *path = arena_strdup(arena, at->path);
    return path ? path : fields_out_of_memory(at);
}

/* A value in words; an array by its length. */
static void describe(const cJSON *item, char *words, size_t size)
{
    if (cJSON_IsString(item)) {
        snprintf(words, size, "\"%.60s\"", item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        snprintf(words, size, "%.15g", item->valuedouble);
    } else if (cJSON_IsArray(item)) {
        snprintf(words, size, "%d", cJSON_GetArraySize(item));
    } else {
        snprintf(words, size, "%s",
                 cJSON_IsObject(item) ? "an object" : "something else");
    }
}

struct problem *fields_expected(const struct jsonc_value *at,
                                const char *format, ...)
{
    char expected[256], found[80];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    describe(at->item, found, sizeof found);
    return jsonc_problem(at, "expected %s, found %s", expected, found);
}
