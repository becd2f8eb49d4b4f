#include "model/trace_text.h"

#include <assert.h>
#include <string.h>

#include "model/trace.h"
#include "model/utf8.h"

enum { ESCAPE_MAX = 6, INT_MAX_DIGITS = 20 };

/* Least room for which another header or argument is begun. */
enum { ITEM_ROOM = 64 };

struct trace_text trace_text_begin(char *line, size_t size)
{
    assert(size >= (size_t)2 * TRACE_TEXT_RESERVE);
    return (struct trace_text){
        .at = line,
        .soft_end = line + size - TRACE_TEXT_RESERVE,
    };
}

void trace_text_end(struct trace_text *text)
{
    if (text->is_cut)
        trace_text_literal(text, ",\"cut\":true");
    trace_text_literal(text, "}\n");
    assert(text->at <= text->soft_end + TRACE_TEXT_RESERVE);
}

void trace_text_uint(struct trace_text *text, uint64_t value)
{
    static const char pairs[] = "00010203040506070809"
                                "10111213141516171819"
                                "20212223242526272829"
                                "30313233343536373839"
                                "40414243444546474849"
                                "50515253545556575859"
                                "60616263646566676869"
                                "70717273747576777879"
                                "80818283848586878889"
                                "90919293949596979899";
    char digits[INT_MAX_DIGITS];
    char *first = digits + sizeof digits;
    while (value >= 100) {
        first -= 2;
        memcpy(first, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        first -= 2;
        memcpy(first, pairs + 2 * value, 2);
    } else {
        *--first = (char)('0' + value);
    }
    trace_text_raw(text, first, (size_t)(digits + sizeof digits - first));
}

void trace_text_int(struct trace_text *text, int64_t value)
{
    if (value < 0) {
        trace_text_literal(text, "-");
        trace_text_uint(text, 0 - (uint64_t)value);
    } else {
        trace_text_uint(text, (uint64_t)value);
    }
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* is_plain of eight bytes at once: the high bit of a byte is set in the sum
 * of the terms if one of the eight is none. */
static bool are_plain(const char *bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t quote = word ^ (ones * '"'), slash = word ^ (ones * '\\');
    uint64_t control = (word - ones * 0x20) & ~word;
    quote = (quote - ones) & ~quote;
    slash = (slash - ones) & ~slash;
    return ((control | quote | slash | word) & high) == 0;
}

/* One byte that can't stand as it is. */
static void put_escaped(struct trace_text *text, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    if (byte == '"' || byte == '\\') {
        *text->at++ = '\\';
        *text->at++ = (char)byte;
        return;
    }
    trace_text_literal(text, "\\u00");
    *text->at++ = hex[byte >> 4];
    *text->at++ = hex[byte & 15];
}

/* The next character, which is not plain; returns the bytes consumed. */
static size_t put_special(struct trace_text *text, const char *bytes,
                          size_t size)
{
    unsigned char byte = (unsigned char)*bytes;
    size_t length = byte >= 0x80 ? utf8_step(bytes, size) : 0;
    if (length == 0) {
        put_escaped(text, byte);
        return 1;
    }
    trace_text_raw(text, bytes, length);
    return length;
}

/* Copies the plain bytes at the front of `value`, eight at a time while eight
 * remain. Returns their number. */
static size_t put_plain(struct trace_text *text, const char *value, size_t size)
{
    ptrdiff_t room = text->soft_end - text->at;
    size_t done = 0, length = size;
    if (room < (ptrdiff_t)size)
        length = room > 0 ? (size_t)room : 0;
    char *to = text->at;
    while (length - done >= sizeof(uint64_t) && are_plain(value + done)) {
        memcpy(to + done, value + done, sizeof(uint64_t));
        done += sizeof(uint64_t);
    }
    while (done < length && is_plain((unsigned char)value[done])) {
        to[done] = value[done];
        done++;
    }
    text->at += done;
    return done;
}

void trace_text_string(struct trace_text *text, const char *value)
{
    size_t left = strlen(value);
    *text->at++ = '"';
    while (left > 0) {
        size_t taken = put_plain(text, value, left);
        if (taken == left)
            break;
        if (text->soft_end - text->at < ESCAPE_MAX) {
            text->is_cut = true;
            break;
        }
        taken += put_special(text, value + taken, left - taken);
        value += taken;
        left -= taken;
    }
    *text->at++ = '"';
}

static bool has_room(const struct trace_text *text)
{
    return text->soft_end - text->at >= ITEM_ROOM;
}

size_t trace_text_headers(struct trace_text *text,
                          const struct http_headers *headers)
{
    size_t i = 0;
    trace_text_literal(text, "[");
    for (; i < headers->count && i < TRACE_HEADERS_MAX; i++) {
        if (!has_room(text)) {
            text->is_cut = true;
            break;
        }
        if (i > 0)
            trace_text_literal(text, ",");
        trace_text_literal(text, "[");
        trace_text_string(text, headers->items[i].name);
        trace_text_literal(text, ",");
        trace_text_string(text, headers->items[i].value);
        trace_text_literal(text, "]");
    }
    trace_text_literal(text, "]");
    return headers->count - i;
}

void trace_text_list(struct trace_text *text, const char *const *items)
{
    trace_text_literal(text, "[");
    for (size_t i = 0; items[i]; i++) {
        if (!has_room(text)) {
            text->is_cut = true;
            break;
        }
        if (i > 0)
            trace_text_literal(text, ",");
        trace_text_string(text, items[i]);
    }
    trace_text_literal(text, "]");
}
