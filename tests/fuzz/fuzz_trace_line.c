/* Any bytes: a line is taken apart if and only if the strict reader of JSON
 * finds an object in it, and its members are the same. Beside that reader cJSON
 * says what the values are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/jsonc.h"
#include "model/trace_line.h"
#include "model/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

/* The members are in order; a name with an escape stands as it is written. */
static void check_members(const struct trace_members *members,
                          const cJSON *root);

static void check_array(const struct trace_value *value, const cJSON *item)
{
    struct trace_elements elements = trace_line_elements(value);
    struct trace_value element;
    int count = 0;
    while (trace_line_next(&elements, &element))
        count++;
    require(count == cJSON_GetArraySize(item));
}

static void check_object(const struct trace_value *value, const cJSON *item)
{
    struct trace_members members;
    bool is_whole = trace_line_split(value->at, value->size, &members);
    require(is_whole != members.is_full);
    if (is_whole)
        check_members(&members, item);
}

static void check_string(const struct trace_value *value, const cJSON *item)
{
    char *text = malloc(value->size + 1);
    require(text != NULL);
    text[trace_line_decode(value, text)] = '\0';
    require(strcmp(text, item->valuestring) == 0);
    require(trace_line_is(value, item->valuestring) ||
            (value->has_escape && value->size > 64));
    require(value->has_escape == (memchr(value->at, '\\', value->size) != 0));
    free(text);
}

static void check_number(const struct trace_value *value, const cJSON *item)
{
    int64_t digits;
    require(trace_line_number(value) == item->valuedouble);
    if (trace_line_digits(value, &digits))
        require((double)digits == item->valuedouble);
}

static void check_value(const struct trace_value *value, const cJSON *item)
{
    switch (value->kind) {
    case TRACE_VALUE_NULL:
        require(cJSON_IsNull(item));
        break;
    case TRACE_VALUE_FALSE:
        require(cJSON_IsFalse(item));
        break;
    case TRACE_VALUE_TRUE:
        require(cJSON_IsTrue(item));
        break;
    case TRACE_VALUE_NUMBER:
        require(cJSON_IsNumber(item));
        check_number(value, item);
        break;
    case TRACE_VALUE_STRING:
        require(cJSON_IsString(item));
        check_string(value, item);
        break;
    case TRACE_VALUE_ARRAY:
        require(cJSON_IsArray(item));
        check_array(value, item);
        break;
    case TRACE_VALUE_OBJECT:
        require(cJSON_IsObject(item));
        check_object(value, item);
        break;
    }
}

static void check_members(const struct trace_members *members,
                          const cJSON *root)
{
    const cJSON *item = root->child;
    for (size_t i = 0; i < members->count; i++, item = item->next) {
        const struct trace_member *member = &members->items[i];
        require(item != NULL);
        if (!memchr(member->name, '\\', member->name_size))
            require(strlen(item->string) == member->name_size &&
                    memcmp(item->string, member->name, member->name_size) == 0);
        check_value(&member->value, item);
    }
    require(item == NULL);
}

/* The strict reader takes comments, too. */
static bool is_object(const struct jsonc *doc, const char *bytes, size_t size)
{
    return cJSON_IsObject(doc->root) && memcmp(doc->text, bytes, size) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct jsonc doc;
    struct trace_members members;
    char *bytes = malloc(size + 1); /* exactly what is read */
    require(bytes != NULL);
    memcpy(bytes, data, size);
    bool is_line =
        utf8_is_valid(bytes, size) && trace_line_split(bytes, size, &members);
    if (jsonc_open(&doc, "line", bytes, size, &error)) {
        bool is_wanted = is_object(&doc, bytes, size);
        require(is_line == (is_wanted && !members.is_full));
        if (is_line)
            check_members(&members, doc.root);
        jsonc_close(&doc);
    } else {
        require(!is_line);
    }
    free(bytes);
    return 0;
}
