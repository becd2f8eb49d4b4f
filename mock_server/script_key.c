#include "mock_server/script_key.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mock_server/script_table.h"
#include "model/json_pointer.h"

/* Copies a value of the wire into a key. */
static bool keep(const char *value, size_t size,
                 char key[SCRIPT_KEY_BYTES_MAX + 1])
{
    enum { HASH_SIZE = 17 }; /* '~' and 16 hex digits */
    size_t kept = size;
    if (size > SCRIPT_KEY_BYTES_MAX)
        kept = SCRIPT_KEY_BYTES_MAX - HASH_SIZE;
    memcpy(key, value, kept);
    key[kept] = '\0';
    if (kept < size)
        snprintf(key + kept, HASH_SIZE + 1, "~%016" PRIx64,
                 script_table_hash(value, size));
    return size > 0;
}

/* -- tokens ---------------------------------------------------------------- */

static size_t count_digits(const char *bytes, size_t size)
{
    size_t count = 0;
    while (count < size && isdigit((unsigned char)bytes[count]))
        count++;
    return count;
}

/* The bytes of "<digits>-<digits>" at the front; 0 if that is not there. */
static size_t token_digits(const char *bytes, const char *end)
{
    size_t client = count_digits(bytes, (size_t)(end - bytes));
    const char *dash = bytes + client;
    if (client == 0 || dash == end || *dash != '-')
        return 0;
    size_t call = count_digits(dash + 1, (size_t)(end - dash - 1));
    return call > 0 ? client + 1 + call : 0;
}

size_t script_find_token(const char *bytes, size_t size, const char **token)
{
    const char *end = bytes + size, *dash = bytes;
    for (; (dash = memchr(dash, '-', (size_t)(end - dash))); dash++) {
        if (dash - bytes >= 2 && dash[-2] == 'r' && dash[-1] == 's') {
            size_t digits = token_digits(dash + 1, end);
            if (digits > 0) {
                *token = dash - 2;
                return 3 + digits;
            }
        }
    }
    return 0;
}

static size_t token_of_text(const char *text, const char **token)
{
    if (!strchr(text, '-'))
        return 0; /* as in most */
    return script_find_token(text, strlen(text), token);
}

size_t script_key_token(const struct script_request *request,
                        const char **token)
{
    size_t size = token_of_text(request->path, token);
    if (size == 0)
        size = token_of_text(request->query, token);
    for (size_t i = 0; size == 0 && i < request->headers->count; i++)
        size = token_of_text(request->headers->items[i].value, token);
    if (size == 0 && request->body)
        size = script_find_token(request->body, request->body_size, token);
    return size;
}

static bool read_token(const struct script_request *request,
                       char key[SCRIPT_KEY_BYTES_MAX + 1])
{
    const char *token = "";
    size_t size = script_key_token(request, &token);
    return keep(token, size, key);
}

/* -- header and query ------------------------------------------------------ */

static bool read_header(const struct script_request *request, const char *name,
                        char key[SCRIPT_KEY_BYTES_MAX + 1])
{
    const char *value = http_header_get(request->headers, name);
    return value && keep(value, strlen(value), key);
}

static int hex_digit(char digit)
{
    if (isdigit((unsigned char)digit))
        return digit - '0';
    int lower = tolower((unsigned char)digit);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* One character of a query at `*at`; moves `*at` behind it. */
static char decode_next(const char **at, const char *end)
{
    const char *text = *at;
    *at = text + 1;
    if (*text == '+')
        return ' ';
    if (*text != '%' || end - text < 3)
        return *text;
    int high = hex_digit(text[1]), low = hex_digit(text[2]);
    if (high < 0 || low < 0)
        return '%';
    *at = text + 3;
    return (char)(high * 16 + low);
}

/* Does [at, end), decoded, equal the name? */
static bool is_named(const char *at, const char *end, const char *name)
{
    while (at < end && *name) {
        if (decode_next(&at, end) != *name++)
            return false;
    }
    return at == end && *name == '\0';
}

static bool keep_decoded(const char *at, const char *end,
                         char key[SCRIPT_KEY_BYTES_MAX + 1])
{
    enum { DECODED_MAX = 4096 };
    char decoded[DECODED_MAX];
    size_t used = 0;
    while (at < end && used < DECODED_MAX) {
        char next = decode_next(&at, end);
        if (next == '\0')
            next = ' '; /* keys are C strings */
        decoded[used++] = next;
    }
    return keep(decoded, used, key);
}

static bool read_query(const struct script_request *request, const char *name,
                       char key[SCRIPT_KEY_BYTES_MAX + 1])
{
    const char *at = request->query;
    while (*at) {
        const char *end = at + strcspn(at, "&");
        const char *equals = memchr(at, '=', (size_t)(end - at));
        const char *name_end = equals ? equals : end;
        if (is_named(at, name_end, name))
            return equals && keep_decoded(equals + 1, end, key);
        at = *end ? end + 1 : end;
    }
    return false;
}

/* -- JSON ------------------------------------------------------------------ */

static bool keep_number(double value, char key[SCRIPT_KEY_BYTES_MAX + 1])
{
    const double exact = 9007199254740992.0; /* 2^53 */
    bool is_integer = fabs(value) <= exact && trunc(value) == value;
    snprintf(key, SCRIPT_KEY_BYTES_MAX + 1, is_integer ? "%.0f" : "%.17g",
             value);
    return true;
}

static bool read_json(const struct script_request *request, const char *pointer,
                      char key[SCRIPT_KEY_BYTES_MAX + 1])
{
    cJSON *root = NULL;
    if (request->body)
        root = cJSON_ParseWithLength(request->body, request->body_size);
    const cJSON *item = json_pointer_find(root, pointer);
    const char *text = cJSON_GetStringValue(item);
    bool is_found = false;
    if (text)
        is_found = keep(text, strlen(text), key);
    else if (cJSON_IsNumber(item))
        is_found = keep_number(item->valuedouble, key);
    cJSON_Delete(root);
    return is_found;
}

/* -------------------------------------------------------------------------- */

bool script_key_read(const struct route *route,
                     const struct script_request *request,
                     char key[SCRIPT_KEY_BYTES_MAX + 1])
{
    bool is_found = false;
    switch (route->key) {
    case KEY_TOKEN:
        is_found = read_token(request, key);
        break;
    case KEY_HEADER:
        is_found = read_header(request, route->key_name, key);
        break;
    case KEY_QUERY:
        is_found = read_query(request, route->key_name, key);
        break;
    case KEY_JSON:
        is_found = read_json(request, route->key_name, key);
        break;
    }
    if (!is_found)
        key[0] = '\0';
    return is_found;
}

char *script_key_missing(const struct route *route, char *text, size_t size)
{
    switch (route->key) {
    case KEY_TOKEN:
        snprintf(text, size,
                 "no token rs-<client>-<call> in target, headers "
                 "or body");
        break;
    case KEY_HEADER:
        snprintf(text, size, "no header \"%.80s\"", route->key_name);
        break;
    case KEY_QUERY:
        snprintf(text, size, "no query parameter \"%.80s\"", route->key_name);
        break;
    case KEY_JSON:
        snprintf(text, size, "no string or number at \"%.80s\" of a JSON body",
                 route->key_name);
        break;
    }
    return text;
}
