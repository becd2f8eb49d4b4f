#include "model/trace_text.h"

#include <assert.h>
#include <string.h>

#include "model/trace.h"
#include "model/utf8.h"

enum { ESCAPE_MAX = 6 };

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

static size_t count_digits(uint64_t value)
{
    size_t count = 1;
    for (; value >= 10000; value /= 10000)
        count += 4;
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

/* The two digits of a number below 100. */
static void put_pair(char *to, unsigned value)
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
    memcpy(to, pairs + (size_t)2 * value, 2);
}

char *trace_text_put_uint(char *at, uint64_t value)
{
    char *end = at + count_digits(value), *first = end;
    for (; value >= 10000; value /= 10000) {
        unsigned low = (unsigned)(value % 10000);
        first -= 4;
        put_pair(first, low / 100);
        put_pair(first + 2, low % 100);
    }
    unsigned high = (unsigned)value;
    if (high >= 100) {
        first -= 2;
        put_pair(first, high % 100);
        high /= 100;
    }
    if (high >= 10)
        put_pair(first - 2, high);
    else
        first[-1] = (char)('0' + high);
    return end;
}

void trace_text_int(struct trace_text *text, int64_t value)
{
    text->at = trace_text_put_int(text->at, value);
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* is_plain of eight bytes at once: the high bit of a byte is set in one of the
 * terms if it is not plain. A borrow reaches the next byte only from one that
 * is not plain itself. */
static bool are_plain(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t control = word - ones * 0x20;
    uint64_t quote = (word ^ (ones * '"')) - ones;
    uint64_t slash = (word ^ (ones * '\\')) - ones;
    return ((control | quote | slash | word) & (ones << 7)) == 0;
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

/* Copies eight bytes, if they are plain. */
static bool put_word(char *to, const char *value)
{
    uint64_t word;
    memcpy(&word, value, sizeof word);
    memcpy(to, &word, sizeof word);
    return are_plain(word);
}

/* As put_word, of fewer than eight; from four on, two halves may overlap. */
static bool put_short(char *to, const char *value, size_t size)
{
    uint32_t first, last;
    if (size >= sizeof first) {
        memcpy(&first, value, sizeof first);
        memcpy(&last, value + size - sizeof last, sizeof last);
        memcpy(to, &first, sizeof first);
        memcpy(to + size - sizeof last, &last, sizeof last);
        return are_plain((uint64_t)first << 32 | last);
    }
    bool is_whole = true;
    for (size_t i = 0; i < size; i++) {
        to[i] = value[i];
        is_whole &= is_plain((unsigned char)value[i]);
    }
    return is_whole;
}

/* Copies a string that is plain as a whole, as most are; the last eight bytes
 * may overlap those before. False: it is not, and the copy is no good. */
static bool put_plain(char *to, const char *value, size_t size)
{
    enum { WORD = sizeof(uint64_t) };
    if (size < WORD)
        return put_short(to, value, size);
    size_t done = 0;
    for (; size - done >= WORD; done += WORD) {
        if (!put_word(to + done, value + done))
            return false;
    }
    return done == size || put_word(to + size - WORD, value + size - WORD);
}

/* The same byte by byte, as far as there is room. */
static void put_any(struct trace_text *text, const char *value, size_t left)
{
    while (left > 0) {
        if (text->soft_end - text->at < ESCAPE_MAX) {
            text->is_cut = true;
            return;
        }
        size_t taken = 1;
        if (is_plain((unsigned char)*value))
            *text->at++ = *value;
        else
            taken = put_special(text, value, left);
        value += taken;
        left -= taken;
    }
}

char *trace_text_put_string(char *at, struct trace_text *text,
                            const char *value)
{
    size_t size = strlen(value);
    *at++ = '"';
    if (text->soft_end - at >= (ptrdiff_t)size && put_plain(at, value, size)) {
        at += size;
    } else {
        text->at = at;
        put_any(text, value, size);
        at = text->at;
    }
    *at++ = '"';
    return at;
}

void trace_text_string(struct trace_text *text, const char *value)
{
    text->at = trace_text_put_string(text->at, text, value);
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
