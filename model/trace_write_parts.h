/* What the files of the trace's writer share. Not for other folders.
 *
 * All put_... write at `at` and give the place behind what they put; `line` is
 * the writer's, and knows what still fits. */
#ifndef RETRYSPEC_MODEL_TRACE_WRITE_PARTS_H
#define RETRYSPEC_MODEL_TRACE_WRITE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "model/trace.h"
#include "model/trace_text.h"
#include "model/trace_words.h"

/* Room for a few hundred usual lines: one write(2) for all of them. */
enum { BUFFER_SIZE = 4 * TRACE_LINE_MAX };

/* A time as it stands in lines: most times of a request and its response are
 * the same. */
struct time_text {
    int64_t ns;
    size_t size; /* 0: none yet */
    char bytes[24];
};

struct trace_writer {
    int fd;
    bool is_failed;
    int64_t dropped;
    size_t used; /* whole lines only */
    size_t lines;
    struct trace_text line; /* the one being written */
    struct time_text last_time;
    char buffer[BUFFER_SIZE];
};

/* A line and the place behind its event. */
char *trace_write_begin_line(struct trace_writer *writer,
                             enum trace_event event);
void trace_write_end_line(struct trace_writer *writer, char *at);

static inline char *put_raw(char *at, const char *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static inline bool is_filled(const char *value)
{
    return value && *value;
}

/* Keys are literals: comma, quotes and colon are copied with them. */
#define put_literal(at, literal) put_raw(at, "" literal, sizeof(literal) - 1)
#define put_key(at, key)         put_literal(at, ",\"" key "\":")

#define put_int(at, key, value) trace_text_put_int(put_key(at, key), value)

/* A number in quotes: most readers of JSON keep only 53 bits of a bare one. */
#define put_wide(at, key, value) \
    put_literal(                 \
        trace_text_put_uint(put_literal(at, ",\"" key "\":\""), value), "\"")

#define put_bool(at, key, value)                    \
    ((value) ? put_literal(at, ",\"" key "\":true") \
             : put_literal(at, ",\"" key "\":false"))

#define put_string(at, line, key, value) \
    trace_text_put_string(put_key(at, key), line, value)

/* A string; an empty or missing one is left out. */
#define put_filled(at, line, key, value) \
    (is_filled(value) ? put_string(at, line, key, value) : (at))

#endif
