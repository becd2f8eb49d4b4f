/* The members of one JSON object on one line of a file, asked for strictly: a
 * value of another type or out of range is a problem with the line's number. */
#ifndef RETRYSPEC_MODEL_TRACE_FIELDS_H
#define RETRYSPEC_MODEL_TRACE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/http.h"
#include "model/trace.h"
#include "model/trace_line.h"
#include "model/trace_pool.h"

/* The largest integer that a JSON number carries for every reader: 2^53. */
#define TRACE_FIELDS_INT_MAX (INT64_C(1) << 53)

struct trace_fields {
    const char *file;
    int line;
    struct arena *arena;     /* strings are copied into it */
    struct trace_pool *pool; /* ... once; NULL: each time */
    struct error *error;
    bool is_bad;                  /* a problem was added through this value */
    size_t at;                    /* of the member found last */
    struct trace_members members; /* spans of the line */
};

/* Takes one line without its newline apart; it must outlive the questions. On
 * failure adds a problem and returns false. */
bool trace_fields_open(struct trace_fields *fields, const char *line,
                       size_t size);

/* The members of the object that is a member; a problem and false if there is
 * none. What goes wrong inside is noted in `inner` alone. */
bool trace_fields_inner(struct trace_fields *fields, const char *key,
                        struct trace_fields *inner);

/* Adds a problem at this line. Returns it for path and hint. */
struct problem *trace_fields_problem(struct trace_fields *fields,
                                     const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void trace_fields_no_memory(struct trace_fields *fields);

/* Members are found fastest in the order in which they stand. Of several of one
 * name, which JSON does not forbid, any may be found. */
bool trace_fields_has(struct trace_fields *fields, const char *key);

/* An integer from `min` to TRACE_FIELDS_INT_MAX, or to `max`. 0 on failure. */
int64_t trace_fields_int(struct trace_fields *fields, const char *key,
                         int64_t min, int64_t max);

/* As trace_fields_int from 0; `absent` if the key is absent. */
int64_t trace_fields_time(struct trace_fields *fields, const char *key,
                          int64_t absent);

/* A decimal number in quotes, up to 2^64 - 1. */
uint64_t trace_fields_wide(struct trace_fields *fields, const char *key);

bool trace_fields_bool(struct trace_fields *fields, const char *key);

/* A number from 0 to 1; 1 if the key is absent. */
double trace_fields_chance(struct trace_fields *fields, const char *key);

/* A string. "" on failure, never NULL. */
const char *trace_fields_string(struct trace_fields *fields, const char *key);

/* As trace_fields_string; "" if the key is absent or null. */
const char *trace_fields_text(struct trace_fields *fields, const char *key);

/* The index of the string in the first `count` words. 0 on failure. */
int trace_fields_word(struct trace_fields *fields, const char *key,
                      const char *const *words, size_t count);

/* The index of the string in a NULL-ended list of words; -1 if it is none of
 * them. Without a string there, a problem too. */
int trace_fields_find(struct trace_fields *fields, const char *key,
                      const char *const *words);

/* [["name","value"],...] */
struct http_headers trace_fields_headers(struct trace_fields *fields,
                                         const char *key);

/* "call", "outcome", "status", "error" and "sha256". */
void trace_fields_result(struct trace_fields *fields,
                         struct trace_result *result);

#endif
