/* Formatting one trace line by hand: cJSON would cost more than the request it
 * describes. Pure: bytes into memory.
 *
 * A line never exceeds TRACE_LINE_MAX. Strings and lists may fill all but
 * TRACE_TEXT_RESERVE bytes of it; what does not fit is left out and the line
 * says so with "cut":true. Keys, numbers and fixed words need no check: they
 * live in the reserve. */
#ifndef RETRYSPEC_MODEL_TRACE_TEXT_H
#define RETRYSPEC_MODEL_TRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "model/http.h"

enum { TRACE_TEXT_RESERVE = 4096 };

struct trace_text {
    char *at;
    char *soft_end; /* strings stop here */
    bool is_cut;
};

/* `size` bytes at `line`, at least twice TRACE_TEXT_RESERVE. */
struct trace_text trace_text_begin(char *line, size_t size);

/* Ends the object with the marker, if any, and the newline. */
void trace_text_end(struct trace_text *text);

/* Copies `length` bytes as they are: punctuation and keys. */
static inline void trace_text_raw(struct trace_text *text, const char *bytes,
                                  size_t length)
{
    memcpy(text->at, bytes, length); /* inline: lengths are mostly constants */
    text->at += length;
}
#define trace_text_literal(text, literal) \
    trace_text_raw((text), "" literal, sizeof(literal) - 1)

void trace_text_int(struct trace_text *text, int64_t value);

/* A quoted JSON string. Well-formed UTF-8 stays as it is; a byte that is none,
 * as a header value may hold, becomes \u00XX of its own value. */
void trace_text_string(struct trace_text *text, const char *value);

/* For lines that are written a million times. They put something at `at` and
 * give the place behind it: held in a register, it need not be stored and
 * loaded again for each piece, on which the next would wait. `text` says what
 * has room, its own `at` has no meaning. */
char *trace_text_put_uint(char *at, uint64_t value);
char *trace_text_put_string(char *at, struct trace_text *text,
                            const char *value);

static inline char *trace_text_put_int(char *at, int64_t value)
{
    if (value < 0)
        *at++ = '-';
    return trace_text_put_uint(at, value < 0 ? 0 - (uint64_t)value
                                             : (uint64_t)value);
}

/* [["name","value"],...]; at most TRACE_HEADERS_MAX and as many as fit.
 * Returns how many were left out. */
size_t trace_text_headers(struct trace_text *text,
                          const struct http_headers *headers);

/* ["a","b"] of a NULL-ended list, as many as fit. */
void trace_text_list(struct trace_text *text, const char *const *items);

#endif
