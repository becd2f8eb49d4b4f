#include "dialects/body.h"

#include <string.h>

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* What cJSON takes for blank between two tokens. */
static bool is_between(char byte)
{
    return (unsigned char)byte <= ' ';
}

cJSON *body_parse(const struct attempt_outcome *outcome)
{
    if (!outcome || !outcome->body) {
        return NULL;
    }
    size_t size = outcome->body_size;
    while (size > 0 && is_blank(outcome->body[size - 1])) {
        size--;
    }
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(outcome->body, size, &end, false);
    if (root && end != outcome->body + size) {
        cJSON_Delete(root);
        return NULL;
    }
    return root;
}

bool body_string(const struct attempt_outcome *outcome, const char *key,
                 char *to, size_t size)
{
    cJSON *root = body_parse(outcome);
    const char *value =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, key));
    bool is_found = value && strlen(value) < size;
    if (is_found) {
        memcpy(to, value, strlen(value) + 1);
    }
    cJSON_Delete(root);
    return is_found;
}

void body_add_shown(struct text *text, const struct attempt_outcome *outcome)
{
    if (!outcome->body) {
        return;
    }
    const char *from = outcome->body;
    const char *end = from + outcome->body_size;
    while (from < end && is_blank(*from)) {
        from++;
    }
    while (end > from && is_blank(end[-1])) {
        end--;
    }
    text_add_shown(text, from, (size_t)(end - from));
}

/* -- other languages --------------------------------------------------------
 */

/* The string that begins at `from`; returns where it ends. */
static const char *add_string(struct text *text, const char *from,
                              const struct body_style *style)
{
    const char *end = from + 1;
    while (*end != '"') {
        end += *end == '\\' ? 2 : 1;
    }
    end++;
    cJSON *item = cJSON_ParseWithLength(from, (size_t)(end - from));
    const char *value = cJSON_GetStringValue(item);
    style->add_string(text, value ? value : "");
    cJSON_Delete(item);
    return end;
}

static const char *end_of_number(const char *from, const char *end)
{
    while (from < end && *from && strchr("+-.0123456789eE", *from)) {
        from++;
    }
    return from;
}

static const char *add_word(struct text *text, const char *from,
                            const char *end, const struct body_style *style)
{
    switch (*from) {
    case 't':
        text_add(text, style->true_word);
        return from + 4;
    case 'f':
        text_add(text, style->false_word);
        return from + 5;
    case 'n':
        text_add(text, style->null_word);
        return from + 4;
    default:
        break;
    }
    const char *to = end_of_number(from, end);
    style->add_number(text, from, (size_t)(to - from));
    return to > from ? to : from + 1; /* a byte order mark, say */
}

/* One token; the text was found well-formed, so its first byte tells all. */
static const char *add_token(struct text *text, const char *from,
                             const char *end, const struct body_style *style)
{
    switch (*from) {
    case '"':
        return add_string(text, from, style);
    case '{':
        text_add(text, style->object);
        return from + 1;
    case '}':
        text_add(text, style->object_end);
        return from + 1;
    case '[':
    case ']':
        text_add_bytes(text, from, 1);
        return from + 1;
    case ',':
        text_add(text, ", ");
        return from + 1;
    case ':':
        text_add(text, style->colon);
        return from + 1;
    default:
        return add_word(text, from, end, style);
    }
}

void body_add_json(struct text *text, const struct attempt_outcome *outcome,
                   const struct body_style *style)
{
    const char *at = outcome->body;
    const char *end = at + outcome->body_size;
    while (at < end && !text->is_cut) {
        at = is_between(*at) ? at + 1 : add_token(text, at, end, style);
    }
}
