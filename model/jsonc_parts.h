/* Between the files of the JSONC reader; nobody else includes this. */
#ifndef RETRYSPEC_MODEL_JSONC_PARTS_H
#define RETRYSPEC_MODEL_JSONC_PARTS_H

#include "model/jsonc.h"

/* Adds a problem at byte `offset` of the document's text. */
struct problem *jsonc_problem_at(struct jsonc *doc, size_t offset,
                                 const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* doc->text is free of NUL and valid UTF-8 (RFC 3629); else a problem. */
bool jsonc_text_check(struct jsonc *doc);

/* Blanks the comments of doc->text; an unterminated one is a problem. */
bool jsonc_text_blank(struct jsonc *doc);

/* The blanked text is one JSON value by RFC 8259; else a problem. cJSON itself
 * lets 01, 1., control bytes in strings and \u0000 pass. */
bool jsonc_syntax_check(struct jsonc *doc);

/* Where a value and its key (the value itself outside objects) begin, and the
 * byte after the value's last. */
struct jsonc_span {
    size_t key, start, end;
};

/* Records the place of every value of doc->root. False without memory. */
bool jsonc_places_build(struct jsonc *doc);
struct jsonc_span jsonc_places_find(const struct jsonc *doc, const cJSON *item);

#endif
