/* The body of a response, as far as an error says something in it. */
#ifndef RETRYSPEC_DIALECTS_BODY_H
#define RETRYSPEC_DIALECTS_BODY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "client/retry.h"
#include "dialects/text.h"

/* The body as JSON, to be freed with cJSON_Delete; NULL if it is none. */
cJSON *body_parse(const struct attempt_outcome *outcome);

/* A member of the outermost object that is a string. False if there is none or
 * it is longer than `size`. */
bool body_string(const struct attempt_outcome *outcome, const char *key,
                 char *to, size_t size);

/* The body without blanks around it, shown by text_add_shown. */
void body_add_shown(struct text *text, const struct attempt_outcome *outcome);

/* How a language writes the values of JSON. */
struct body_style {
    const char *object, *object_end, *colon;
    const char *true_word, *false_word, *null_word;
    void (*add_string)(struct text *text, const char *string);
    void (*add_number)(struct text *text, const char *number, size_t size);
};

/* A well-formed JSON text in the words of another language, members in the
 * order in which they stand. */
void body_add_json(struct text *text, const struct attempt_outcome *outcome,
                   const struct body_style *style);

#endif
