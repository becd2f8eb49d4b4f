/* One line of text in a buffer of the caller. What does not fit is left out:
 * the text then ends with "..." at the border of a character. */
#ifndef RETRYSPEC_DIALECTS_TEXT_H
#define RETRYSPEC_DIALECTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for a message with the head of a response body. */
enum { TEXT_MAX = 4096 };

struct text {
    size_t length;
    bool is_cut;
    char bytes[TEXT_MAX]; /* NUL-terminated from the first text_* on */
};

void text_begin(struct text *text);

/* Bytes as they are. */
void text_add(struct text *text, const char *bytes);
void text_add_bytes(struct text *text, const char *bytes, size_t size);
void text_addf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Bytes of a stranger: a control character is shown as \xNN (\n as "\n"), so
 * that a line stays a line and a terminal stays itself. */
void text_add_shown(struct text *text, const char *bytes, size_t size);

/* A NUL-terminated copy of at most `size` bytes, whole characters only. */
void text_copy(const struct text *text, char *to, size_t size);

/* -- dates ------------------------------------------------------------------
 */

struct text_date {
    int64_t year;
    int month, day, hour, minute, second; /* month and day from 1 */
    int64_t ns;
};

/* Of a Unix time, in UTC. */
struct text_date text_date(int64_t wall_ns);

#endif
