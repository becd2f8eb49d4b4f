#include "model/trace_line.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* As in model/jsonc.h, whose reader explains what this one refuses. */
enum { DEPTH_MAX = 64, NUMBER_MAX = 60 };

struct scan {
    const char *at, *end;
    int depth;
};

static bool scan_value(struct scan *scan, struct trace_value *value);

/* -- bytes ----------------------------------------------------------------- */

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' &&
           (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && is_blank(*scan->at))
        scan->at++;
}

/* True if the next byte that is no blank is `c`; then it is behind us. */
static bool take(struct scan *scan, char c)
{
    skip_blanks(scan);
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

/* -- strings --------------------------------------------------------------- */

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (unsigned char)(c))

/* The upper bit of each byte that is less than `least`; bytes behind the first
 * of them may have theirs set, too. */
static uint64_t below(uint64_t word, unsigned char least)
{
    return (word - EACH_BYTE(least)) & ~word & EACH_BYTE(0x80);
}

/* Of eight bytes those before a quote, a backslash or a control byte. */
static size_t count_plain(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    word = le64toh(word);
    uint64_t found = below(word, 0x20) | below(word ^ EACH_BYTE('"'), 1) |
                     below(word ^ EACH_BYTE('\\'), 1);
    return found ? (size_t)__builtin_ctzll(found) / 8 : sizeof word;
}

static const char *skip_plain(const char *at, const char *end)
{
    while (end - at >= 8) {
        size_t plain = count_plain(at);
        at += plain;
        if (plain < 8)
            return at;
    }
    while (at < end && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* Four hexadecimal digits; -1 if they are none. */
static long hex4(const char *at, const char *end)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    long value = 0;
    for (int i = 0; i < 4; i++) {
        const char *digit =
            at + i < end && at[i] ? strchr(digits, at[i]) : NULL;
        if (!digit)
            return -1;
        value = value * 16 + (digit - digits) % 16;
    }
    return value;
}

/* The bytes of the escape at `at`, and the code point that it is. 0: it is
 * wrong. NUL is none of ours, and neither half of a pair is alone. */
static size_t read_escape(const char *at, const char *end, long *point)
{
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    if (end - at < 2 || at[1] == '\0')
        return 0;
    const char *letter = strchr(letters, at[1]);
    if (letter) {
        *point = (unsigned char)bytes[letter - letters];
        return 2;
    }
    *point = at[1] == 'u' ? hex4(at + 2, end) : -1;
    if (*point <= 0 || (*point >= 0xDC00 && *point <= 0xDFFF))
        return 0;
    if (*point < 0xD800 || *point > 0xDBFF)
        return 6;
    bool has_second = end - at >= 12 && at[6] == '\\' && at[7] == 'u';
    long low = has_second ? hex4(at + 8, end) : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    *point = 0x10000 + ((*point - 0xD800) << 10) + (low - 0xDC00);
    return 12;
}

static bool scan_string(struct scan *scan, struct trace_value *value)
{
    const char *first = ++scan->at;
    long point;
    value->kind = TRACE_VALUE_STRING;
    value->has_escape = false;
    for (;;) {
        scan->at = skip_plain(scan->at, scan->end);
        if (scan->at == scan->end || (unsigned char)*scan->at < 0x20)
            return false;
        if (*scan->at == '"')
            break;
        size_t length = read_escape(scan->at, scan->end, &point);
        if (length == 0)
            return false;
        value->has_escape = true;
        scan->at += length;
    }
    value->at = first;
    value->size = (size_t)(scan->at++ - first);
    return true;
}

/* UTF-8 (RFC 3629), never longer than the escape it stands for. */
static char *put_point(char *to, long point)
{
    if (point < 0x80) {
        *to++ = (char)point;
        return to;
    }
    int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char first[] = {0, 0xC0, 0xE0, 0xF0};
    *to++ = (char)(first[more] | point >> 6 * more);
    while (more-- > 0)
        *to++ = (char)(0x80 | (point >> 6 * more & 0x3F));
    return to;
}

size_t trace_line_decode(const struct trace_value *string, char *bytes)
{
    const char *at = string->at, *end = at + string->size;
    char *to = bytes;
    while (at < end) {
        const char *plain_end = skip_plain(at, end);
        size_t plain = (size_t)(plain_end - at);
        memcpy(to, at, plain);
        to += plain;
        at = plain_end;
        long point;
        size_t length = at < end ? read_escape(at, end, &point) : 0;
        if (length == 0)
            break;
        to = put_point(to, point);
        at += length;
    }
    return (size_t)(to - bytes);
}

bool trace_line_is(const struct trace_value *value, const char *word)
{
    char bytes[64];
    size_t length = strlen(word), size = value->size;
    const char *at = value->at;
    if (value->kind != TRACE_VALUE_STRING)
        return false;
    if (value->has_escape && size <= sizeof bytes) {
        size = trace_line_decode(value, bytes);
        at = bytes;
    }
    return size == length && memcmp(at, word, length) == 0;
}

/* -- numbers and words ----------------------------------------------------- */

/* At least one. */
static bool take_digits(struct scan *scan)
{
    const char *first = scan->at;
    while (scan->at < scan->end && is_digit(*scan->at))
        scan->at++;
    return scan->at > first;
}

static bool is_next(const struct scan *scan, char a, char b)
{
    return scan->at < scan->end && (*scan->at == a || *scan->at == b);
}

static bool scan_number(struct scan *scan, struct trace_value *value)
{
    value->kind = TRACE_VALUE_NUMBER;
    value->at = scan->at;
    scan->at += *scan->at == '-';
    const char *first = scan->at;
    if (!take_digits(scan) || (*first == '0' && scan->at - first > 1))
        return false;
    if (is_next(scan, '.', '.')) {
        scan->at++;
        if (!take_digits(scan))
            return false;
    }
    if (is_next(scan, 'e', 'E')) {
        scan->at++;
        scan->at += is_next(scan, '+', '-');
        if (!take_digits(scan))
            return false;
    }
    value->size = (size_t)(scan->at - value->at);
    return value->size <= NUMBER_MAX;
}

static bool scan_word(struct scan *scan, struct trace_value *value)
{
    static const struct {
        const char *word;
        enum trace_value_kind kind;
    } words[] = {{"true", TRACE_VALUE_TRUE},
                 {"false", TRACE_VALUE_FALSE},
                 {"null", TRACE_VALUE_NULL}};
    size_t left = (size_t)(scan->end - scan->at);
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(words[i].word);
        if (left >= length && memcmp(scan->at, words[i].word, length) == 0) {
            *value = (struct trace_value){
                .kind = words[i].kind, .at = scan->at, .size = length};
            scan->at += length;
            return true;
        }
    }
    return false;
}

double trace_line_number(const struct trace_value *number)
{
    char text[NUMBER_MAX + 1];
    memcpy(text, number->at, number->size);
    text[number->size] = '\0';
    return strtod(text, NULL);
}

bool trace_line_digits(const struct trace_value *number, int64_t *value)
{
    if (number->size > 18)
        return false;
    *value = 0;
    for (size_t i = 0; i < number->size; i++) {
        if (!is_digit(number->at[i]))
            return false;
        *value = *value * 10 + (number->at[i] - '0');
    }
    return true;
}

/* -- arrays and objects ---------------------------------------------------- */

static bool scan_array(struct scan *scan)
{
    struct trace_value value;
    scan->at++;
    if (take(scan, ']'))
        return true;
    do {
        if (!scan_value(scan, &value))
            return false;
    } while (take(scan, ','));
    return take(scan, ']');
}

static bool scan_member(struct scan *scan, struct trace_member *member)
{
    struct trace_value name;
    if (!take(scan, '"'))
        return false;
    scan->at--;
    if (!scan_string(scan, &name) || !take(scan, ':') ||
        !scan_value(scan, &member->value))
        return false;
    member->name = name.at;
    member->name_size = name.size;
    return true;
}

/* `members` NULL: nobody asks for them. */
static bool scan_object(struct scan *scan, struct trace_members *members)
{
    struct trace_member skipped;
    scan->at++;
    if (take(scan, '}'))
        return true;
    do {
        if (members && members->count == TRACE_MEMBERS_MAX) {
            members->is_full = true;
            return false;
        }
        if (!scan_member(scan, members ? &members->items[members->count++]
                                       : &skipped))
            return false;
    } while (take(scan, ','));
    return take(scan, '}');
}

static bool scan_container(struct scan *scan, struct trace_value *value)
{
    value->at = scan->at;
    value->kind = *scan->at == '[' ? TRACE_VALUE_ARRAY : TRACE_VALUE_OBJECT;
    if (++scan->depth >= DEPTH_MAX)
        return false;
    bool is_whole = value->kind == TRACE_VALUE_ARRAY ? scan_array(scan)
                                                     : scan_object(scan, NULL);
    scan->depth--;
    value->size = (size_t)(scan->at - value->at);
    return is_whole;
}

static bool scan_value(struct scan *scan, struct trace_value *value)
{
    skip_blanks(scan);
    if (scan->at == scan->end)
        return false;
    if (*scan->at == '"')
        return scan_string(scan, value);
    if (*scan->at == '-' || is_digit(*scan->at))
        return scan_number(scan, value);
    if (*scan->at == '[' || *scan->at == '{')
        return scan_container(scan, value);
    return scan_word(scan, value);
}

bool trace_line_split(const char *line, size_t size,
                      struct trace_members *members)
{
    struct scan scan = {.at = line, .end = line + size};
    members->count = 0;
    members->is_full = false;
    if (!take(&scan, '{'))
        return false;
    scan.at--;
    if (!scan_object(&scan, members))
        return false;
    skip_blanks(&scan);
    return scan.at == scan.end;
}

struct trace_elements trace_line_elements(const struct trace_value *array)
{
    return (struct trace_elements){array->at + 1, array->at + array->size};
}

bool trace_line_next(struct trace_elements *elements, struct trace_value *value)
{
    struct scan scan = {.at = elements->at, .end = elements->end};
    bool is_there = scan_value(&scan, value);
    take(&scan, ',');
    elements->at = scan.at;
    return is_there;
}
