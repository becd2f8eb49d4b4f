/* Bytes to text: encoding and comments. */
#include "model/jsonc_parts.h"

#include <string.h>

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The second byte's range rules out overlong forms, surrogates and what is
 * beyond U+10FFFF (RFC 3629 section 4). */
static bool second_byte_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second <= 0x9f;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second <= 0x8f;
    default:
        return true;
    }
}

/* Length of the sequence that starts at `c`, 0 if it is not valid. The text is
 * NUL-terminated, and NUL is no continuation byte. */
static size_t sequence_length(const unsigned char *c)
{
    if (*c < 0x80)
        return 1;
    size_t length = 0;
    if (*c >= 0xc2 && *c <= 0xdf)
        length = 2;
    else if (*c >= 0xe0 && *c <= 0xef)
        length = 3;
    else if (*c >= 0xf0 && *c <= 0xf4)
        length = 4;
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(c[i]))
            return 0;
    }
    return length > 1 && second_byte_fits(c[0], c[1]) ? length : 0;
}

static bool starts_with_bom(const struct jsonc *doc)
{
    return doc->size >= 3 && memcmp(doc->text, "\xef\xbb\xbf", 3) == 0;
}

bool jsonc_text_check(struct jsonc *doc)
{
    if (starts_with_bom(doc)) {
        jsonc_hint(jsonc_problem_at(doc, 0, "found a byte order mark"),
                   "save the file as UTF-8 without one");
        return false;
    }
    size_t at = 0;
    while (at < doc->size) {
        const unsigned char *c = (const unsigned char *)doc->text + at;
        if (*c == '\0') {
            jsonc_problem_at(doc, at, "found a NUL byte");
            return false;
        }
        size_t length = sequence_length(c);
        if (length == 0) {
            jsonc_hint(jsonc_problem_at(doc, at,
                                        "byte 0x%02x is not valid UTF-8 here",
                                        (unsigned)*c),
                       "save the file as UTF-8");
            return false;
        }
        at += length;
    }
    return true;
}

/* The end of the string that starts at `at`. A line break ends it as well: the
 * grammar refuses it there, at the right place. */
static char *skip_string(char *at)
{
    for (at++; *at && *at != '"' && *at != '\n'; at++) {
        if (*at == '\\' && at[1] && at[1] != '\n')
            at++;
    }
    return *at == '"' ? at + 1 : at;
}

static void blank(char *from, const char *to)
{
    for (; from < to; from++) {
        if (*from != '\n')
            *from = ' ';
    }
}

/* The end of the comment that starts at `at`, NULL if it has none. */
static char *comment_end(char *at)
{
    if (at[1] == '/')
        return at + strcspn(at, "\n");
    char *end = strstr(at + 2, "*/");
    return end ? end + 2 : NULL;
}

bool jsonc_text_blank(struct jsonc *doc)
{
    char *at = doc->text;
    while (*at) {
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at == '/' && (at[1] == '/' || at[1] == '*')) {
            char *end = comment_end(at);
            if (!end) {
                jsonc_hint(jsonc_problem_at(doc, (size_t)(at - doc->text),
                                            "this comment does not end"),
                           "end it with */");
                return false;
            }
            blank(at, end);
            at = end;
        } else {
            at++;
        }
    }
    return true;
}
