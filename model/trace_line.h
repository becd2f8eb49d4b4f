/* One line of a trace, taken apart where it stands: values are spans of it, and
 * nothing is copied. A tree of nodes would be most of the time that reading a
 * long trace takes. Pure: bytes into spans.
 *
 * The grammar is that of RFC 8259. The bytes are known to be UTF-8. */
#ifndef RETRYSPEC_MODEL_TRACE_LINE_H
#define RETRYSPEC_MODEL_TRACE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line of a later version may have more members than ours; one that has so
 * many is none. */
enum { TRACE_MEMBERS_MAX = 64 };

enum trace_value_kind {
    TRACE_VALUE_NULL,
    TRACE_VALUE_FALSE,
    TRACE_VALUE_TRUE,
    TRACE_VALUE_NUMBER,
    TRACE_VALUE_STRING,
    TRACE_VALUE_ARRAY,
    TRACE_VALUE_OBJECT,
};

/* Where it stands; a string without its quotes. */
struct trace_value {
    enum trace_value_kind kind;
    bool has_escape; /* of a string */
    const char *at;
    size_t size;
};

/* The name is as written: one with an escape in it is none of ours. */
struct trace_member {
    const char *name;
    size_t name_size;
    struct trace_value value;
};

struct trace_members {
    struct trace_member items[TRACE_MEMBERS_MAX];
    size_t count;
    bool is_full; /* there were more */
};

/* The members of the object that `size` bytes are, blanks around it aside.
 * False if they are none, or if it has too many. */
bool trace_line_split(const char *line, size_t size,
                      struct trace_members *members);

/* The elements of an array, one after the other. */
struct trace_elements {
    const char *at, *end;
};
struct trace_elements trace_line_elements(const struct trace_value *array);
bool trace_line_next(struct trace_elements *elements,
                     struct trace_value *value);

/* The bytes of a string without its escapes, at most as many as it has. Returns
 * their number; no NUL is added. */
size_t trace_line_decode(const struct trace_value *string, char *bytes);

/* Is it this string? */
bool trace_line_is(const struct trace_value *value, const char *word);

/* Of a number. */
double trace_line_number(const struct trace_value *number);

/* True if the number is written as up to 18 digits. */
bool trace_line_digits(const struct trace_value *number, int64_t *value);

#endif
