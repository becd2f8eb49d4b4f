/* Members of a JSON object, read into fields that hold their defaults.
 *
 * Each function returns true if the member is there and good, and then has
 * written *out. An absent member adds no problem unless the name says `need`;
 * a bad one adds a problem and leaves *out alone. */
#ifndef RETRYSPEC_MODEL_FIELDS_H
#define RETRYSPEC_MODEL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/jsonc.h"

struct fields_range {
    int64_t min, max;
};

struct fields_span {
    double min, max;
};

/* An array of a caller's element type. */
struct fields_list {
    struct jsonc_value at;
    size_t count;
};

/* Checks the keys as jsonc_expect_object. True if `at` is an object at all, so
 * that its known members are still read beside an unknown one. */
bool fields_open(const struct jsonc_value *at, const char *const *known_keys);

/* Checks that "retryspec" is 1, the version of the file formats. */
void fields_version(const struct jsonc_value *root);

bool fields_has(const struct jsonc_value *at, const char *key);

/* As fields_has; absence is a problem. */
bool fields_need(const struct jsonc_value *at, const char *key);

/* Texts are never empty. */
bool fields_text(const struct jsonc_value *at, const char *key,
                 struct arena *arena, const char **out);
/* Without control bytes, which would reach a terminal. */
bool fields_line(const struct jsonc_value *at, const char *key,
                 struct arena *arena, const char **out);
bool fields_need_line(const struct jsonc_value *at, const char *key,
                      struct arena *arena, const char **out);

bool fields_bool(const struct jsonc_value *at, const char *key, bool *out);
bool fields_int(const struct jsonc_value *at, const char *key,
                struct fields_range range, int64_t *out);
bool fields_number(const struct jsonc_value *at, const char *key,
                   struct fields_span span, double *out);
bool fields_duration(const struct jsonc_value *at, const char *key,
                     int64_t *out_ns);
/* A duration above 0. */
bool fields_positive(const struct jsonc_value *at, const char *key,
                     int64_t *out_ns);
bool fields_choice(const struct jsonc_value *at, const char *key,
                   const char *const *words, int *out);

/* An array of `range` elements. */
bool fields_list(const struct jsonc_value *at, const char *key,
                 struct fields_range range, struct fields_list *out);

/* Adds a problem at the member `key` if it is there: it means nothing without
 * `needed`. */
void fields_refuse(const struct jsonc_value *at, const char *key,
                   const char *needed);

/* Adds the problem that memory ran out. Returns NULL. */
void *fields_out_of_memory(const struct jsonc_value *at);

/* `count` zeroed elements of `size` bytes; NULL and a problem without memory.
 */
void *fields_array(const struct jsonc_value *at, struct arena *arena,
                   size_t count, size_t size);

/* A copy of the JSON path of `at`; NULL and a problem without memory. */
const char *fields_where(const struct jsonc_value *at, struct arena *arena);

/* Adds the problem "expected <format>, found <the value>". Returns it. */
struct problem *fields_expected(const struct jsonc_value *at,
                                const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
