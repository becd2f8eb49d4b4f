/* Strict JSON with comments over cJSON.
 *
 * Comments (// and slash-star) are blanked in place, newlines kept, so that
 * places stay true; then cJSON parses. Each object is walked once: duplicate
 * and unknown keys are problems. Look-ups are case-sensitive. Values are asked
 * for through a cursor that knows its JSON path, so that every problem says
 * where. */
#ifndef RETRYSPEC_MODEL_JSONC_H
#define RETRYSPEC_MODEL_JSONC_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/error.h"

enum { JSONC_BYTES_MAX = 4 << 20, JSONC_DEPTH_MAX = 64 };

struct jsonc_places;

/* One opened file. */
struct jsonc {
    char *text; /* the bytes, comments blanked */
    size_t size;
    cJSON *root;
    struct jsonc_places *places; /* where each value stands in the text */
    const char *file;            /* name for messages, not owned */
    struct error *error;
};

/* A value and where it stands. */
struct jsonc_value {
    struct jsonc *doc;
    const cJSON *item;
    char path[128];
};

/* Parses `size` bytes. On failure `error` holds `file:line:col` and what was
 * found, and false is returned; jsonc_close is then a no-op. Refused: bytes
 * after the value, an unterminated comment, NUL, invalid UTF-8, more than
 * JSONC_BYTES_MAX or JSONC_DEPTH_MAX. */
bool jsonc_open(struct jsonc *doc, const char *file, const char *bytes,
                size_t size, struct error *error);
void jsonc_close(struct jsonc *doc);

/* As jsonc_open, from a file on disk. */
bool jsonc_open_file(struct jsonc *doc, const char *file, struct error *error);

struct jsonc_value jsonc_root(struct jsonc *doc);

/* Adds a problem at the value's line, column and path. Returns it for a hint.
 */
struct problem *jsonc_problem(const struct jsonc_value *at, const char *format,
                              ...) __attribute__((format(printf, 2, 3)));

/* As jsonc_problem: "expected <this>, found <the value in words>". */
struct problem *jsonc_refuse(const struct jsonc_value *at, const char *expected,
                             ...) __attribute__((format(printf, 2, 3)));

/* Sets the problem's hint, printf-formatted. */
void jsonc_hint(struct problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Checks that `at` is an object whose keys are unique and in the NULL-ended
 * list; an unknown key gets the nearest known one as its hint. */
bool jsonc_expect_object(const struct jsonc_value *at,
                         const char *const *known_keys);

/* The member `key`; false when absent (no problem is added). */
bool jsonc_get(const struct jsonc_value *at, const char *key,
               struct jsonc_value *out);
/* As jsonc_get; absence is a problem. */
bool jsonc_need(const struct jsonc_value *at, const char *key,
                struct jsonc_value *out);

/* Checks that `at` is an object with any keys, unique, at most `max` of them.
 * Returns their number, -1 after a problem. */
int jsonc_expect_map(const struct jsonc_value *at, int max);

/* The member number `index` of an object; its key is out.item->string. */
struct jsonc_value jsonc_member(const struct jsonc_value *at, int index);

/* Elements of an array; a value that is no array is a problem and gives -1. */
int jsonc_length(const struct jsonc_value *at);
struct jsonc_value jsonc_at(const struct jsonc_value *at, int index);

/* The value as compact JSON text, numbers and escapes as they were written.
 * NULL and a problem without memory. */
const char *jsonc_text(const struct jsonc_value *at, struct arena *arena);

/* Typed reads: false and a problem (found, expected) on another type or range.
 */
bool jsonc_string(const struct jsonc_value *at, struct arena *arena,
                  const char **out);
/* Of a text that people are shown in one line: has it no control bytes? */
bool jsonc_check_line(const struct jsonc_value *at, const char *text);
bool jsonc_bool(const struct jsonc_value *at, bool *out);
bool jsonc_int(const struct jsonc_value *at, int64_t min, int64_t max,
               int64_t *out);
bool jsonc_number(const struct jsonc_value *at, double min, double max,
                  double *out);
bool jsonc_duration(const struct jsonc_value *at, int64_t *ns);
bool jsonc_size(const struct jsonc_value *at, int64_t *bytes);

/* The index of the string in the NULL-ended list; a wrong word gets the list
 * and the nearest word as its hint. */
bool jsonc_choice(const struct jsonc_value *at, const char *const *words,
                  int *index);

/* The nearest of a NULL-ended list by edit distance, NULL if none is near. */
const char *jsonc_nearest(const char *word, const char *const *words);

/* 1-based line and column, counted in bytes, of byte `offset`. */
void jsonc_place(const char *text, size_t offset, int *line, int *column);

#endif
