#include "model/json_pointer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

/* -- from token to token ----------------------------------------------------
 */

/* Does the member's name equal one reference token, in which ~1 stands for a
 * slash and ~0 for a tilde (RFC 6901, section 4)? */
static bool is_member(const char *name, const char *token, size_t size)
{
    const char *end = token + size;
    while (token < end && *name) {
        char wanted = *token++;
        if (wanted == '~' && token < end)
            wanted = *token++ == '1' ? '/' : '~';
        if (*name++ != wanted)
            return false;
    }
    return token == end && *name == '\0';
}

static const cJSON *array_element(const cJSON *array, const char *token,
                                  size_t size)
{
    bool is_padded = size > 1 && token[0] == '0';
    if (size == 0 || size > 9 || is_padded ||
        strspn(token, "0123456789") < size)
        return NULL;
    int index = 0;
    for (size_t i = 0; i < size; i++)
        index = index * 10 + (token[i] - '0');
    return cJSON_GetArrayItem(array, index);
}

static const cJSON *child(const cJSON *item, const char *token, size_t size)
{
    if (cJSON_IsArray(item))
        return array_element(item, token, size);
    const cJSON *member = NULL; /* a value that is no object has none */
    cJSON_ArrayForEach(member, item)
    {
        if (is_member(member->string, token, size))
            return member;
    }
    return NULL;
}

const cJSON *json_pointer_find(const cJSON *root, const char *pointer)
{
    const cJSON *item = root;
    while (item && *pointer == '/') {
        size_t size = strcspn(pointer + 1, "/");
        item = child(item, pointer + 1, size);
        pointer += 1 + size;
    }
    return *pointer ? NULL : item;
}

/* -- text of a value --------------------------------------------------------
 */

static void keep_number(double number, struct json_value *value)
{
    const double exact = 9007199254740992.0; /* 2^53 */
    value->kind = JSON_NUMBER;
    if (fabs(number) < exact && trunc(number) == number) {
        snprintf(value->text, sizeof value->text, "%lld", (long long)number);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(value->text, sizeof value->text, "%.*g", digits, number);
        if (strtod(value->text, NULL) == number)
            return;
    }
}

static void keep_string(const char *string, struct json_value *value)
{
    value->kind = JSON_STRING;
    value->is_cut = strlen(string) > JSON_TEXT_MAX;
    snprintf(value->text, sizeof value->text, "%s", string);
}

static void keep_word(const char *word, struct json_value *value)
{
    keep_string(word, value);
    value->kind = JSON_WORD;
}

static void keep(const cJSON *item, struct json_value *value)
{
    if (cJSON_IsString(item))
        keep_string(item->valuestring, value);
    else if (cJSON_IsNumber(item))
        keep_number(item->valuedouble, value);
    else if (cJSON_IsBool(item))
        keep_word(cJSON_IsTrue(item) ? "true" : "false", value);
    else if (cJSON_IsNull(item))
        keep_word("null", value);
    else if (item)
        value->kind = JSON_NESTED;
}

/* cJSON stops after the first value; trailing bytes make the text no JSON. */
cJSON *json_pointer_parse(const struct json_text *json)
{
    const char *end = NULL;
    cJSON *root =
        json->bytes
            ? cJSON_ParseWithLengthOpts(json->bytes, json->size, &end, false)
            : NULL;
    size_t left = root ? json->size - (size_t)(end - json->bytes) : 0;
    for (; left > 0; left--, end++) {
        if (!*end || !strchr(" \t\r\n", *end)) {
            cJSON_Delete(root);
            return NULL;
        }
    }
    return root;
}

void json_pointer_free(cJSON *parsed)
{
    cJSON_Delete(parsed);
}

void json_pointer_read(const struct json_text *json, const char *pointer,
                       struct json_value *value)
{
    cJSON *own = json->parsed ? NULL : json_pointer_parse(json);
    value->kind = JSON_ABSENT;
    value->text[0] = '\0';
    value->is_cut = false;
    keep(json_pointer_find(json->parsed ? json->parsed : own, pointer), value);
    cJSON_Delete(own);
}
