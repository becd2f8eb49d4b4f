/* The value at a JSON pointer (RFC 6901) of a text that a peer sent.
 *
 * Any bytes are accepted. */
#ifndef RETRYSPEC_MODEL_JSON_POINTER_H
#define RETRYSPEC_MODEL_JSON_POINTER_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

/* Borrowed; bytes NULL: there is none. */
struct json_text {
    const char *bytes;
    size_t size;
    const struct cJSON *parsed; /* NULL: it is parsed by who looks into it */
};

/* For who looks into a text often. NULL: it is no JSON, or no memory. */
struct cJSON *json_pointer_parse(const struct json_text *json);
void json_pointer_free(struct cJSON *parsed); /* may be NULL */

enum json_kind {
    JSON_ABSENT, /* nothing there, no JSON, or no memory to parse it */
    JSON_STRING,
    JSON_NUMBER,
    JSON_WORD,   /* true, false, null */
    JSON_NESTED, /* an object or an array */
};

enum { JSON_TEXT_MAX = 255 };

struct json_value {
    enum json_kind kind;
    /* Of a string, a number or a word: a string without its quotes and escapes,
     * a whole number below 2^53 in digits alone, another number in as few
     * digits as give the same double. A string with NUL ends there. */
    char text[JSON_TEXT_MAX + 1];
    bool is_cut; /* the string is longer than `text` holds */
};

/* The item at the pointer of a parsed text; NULL: nothing is there. */
const struct cJSON *json_pointer_find(const struct cJSON *root,
                                      const char *pointer);

void json_pointer_read(const struct json_text *json, const char *pointer,
                       struct json_value *value);

/* Is all of the value in `text`? */
static inline bool json_value_has_text(const struct json_value *value)
{
    return value->kind != JSON_ABSENT && value->kind != JSON_NESTED &&
           !value->is_cut;
}

#endif
