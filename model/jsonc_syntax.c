/* The grammar of RFC 8259, for its messages and for what cJSON lets pass. */
#include "model/jsonc_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_LENGTH_MAX = 60 }; /* cJSON copies numbers into 64 bytes */

struct syntax {
    struct jsonc *doc;
    const char *at;
    int depth;
};

static size_t offset_of(const struct syntax *s)
{
    return (size_t)(s->at - s->doc->text);
}

static void skip_space(struct syntax *s)
{
    s->at += strspn(s->at, " \t\r\n");
}

/* What stands at the current place, in words. */
static const char *found(const struct syntax *s, char words[64])
{
    unsigned char c = (unsigned char)*s->at;
    if (c == '\0')
        return "the end of the file";
    size_t length = strcspn(s->at, " \t\r\n,:{}[]\"'/");
    if (c > 0x20 && c < 0x7f && length > 1)
        snprintf(words, 64, "\"%.*s\"", (int)(length < 40 ? length : 40),
                 s->at);
    else if (c > 0x20 && c < 0x7f)
        snprintf(words, 64, "'%c'", c);
    else
        snprintf(words, 64, "byte 0x%02x", (unsigned)c);
    return words;
}

static struct problem *refuse(struct syntax *s, const char *expected)
{
    char words[64];
    return jsonc_problem_at(s->doc, offset_of(s), "expected %s, found %s",
                            expected, found(s, words));
}

static const char *const bare_words[] = {"true", "false", "null", NULL};

/* Usual slips of people who write JSON by hand. */
static void hint_at_slip(const struct syntax *s, struct problem *problem)
{
    char word[16] = "";
    size_t length = strcspn(s->at, " \t\r\n,:{}[]\"'/");
    if (length < sizeof word)
        memcpy(word, s->at, length);
    const char *near = word[0] ? jsonc_nearest(word, bare_words) : NULL;
    if (*s->at == '\'')
        jsonc_hint(problem, "strings take double quotes");
    else if (*s->at == '#')
        jsonc_hint(problem, "comments start with // or /*");
    else if (*s->at == '.' || *s->at == '+')
        jsonc_hint(problem, "numbers start with a digit or '-'");
    else if (near)
        jsonc_hint(problem, "did you mean %s?", near);
}

static bool refuse_value(struct syntax *s)
{
    struct problem *problem = refuse(s, "a value");
    if (*s->at == ']' || *s->at == '}')
        jsonc_hint(problem, "is there a comma too many before it?");
    else
        hint_at_slip(s, problem);
    return false;
}

static bool is_hex4(const char *at, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)at[i];
        if (!isxdigit(c))
            return false;
        unsigned digit =
            isdigit(c) ? c - (unsigned)'0' : (c | 0x20u) - (unsigned)'a' + 10;
        *value = *value * 16 + digit;
    }
    return true;
}

static bool refuse_escape(struct syntax *s, const char *why)
{
    jsonc_problem_at(s->doc, offset_of(s), "%s", why);
    return false;
}

/* A low surrogate must follow a high one (RFC 8259 section 7). */
static bool check_unicode_escape(struct syntax *s)
{
    unsigned high, low;
    if (!is_hex4(s->at + 2, &high))
        return refuse_escape(s, "expected four hexadecimal digits after \\u");
    if (high == 0)
        return refuse_escape(s, "found a NUL character (\\u0000)");
    if (high < 0xd800 || high > 0xdfff) {
        s->at += 6;
        return true;
    }
    if (high > 0xdbff || s->at[6] != '\\' || s->at[7] != 'u' ||
        !is_hex4(s->at + 8, &low) || low < 0xdc00 || low > 0xdfff)
        return refuse_escape(s, "found half of a surrogate pair");
    s->at += 12;
    return true;
}

static bool check_escape(struct syntax *s)
{
    if (s->at[1] == 'u')
        return check_unicode_escape(s);
    if (s->at[1] && strchr("\"\\/bfnrt", s->at[1])) {
        s->at += 2;
        return true;
    }
    struct problem *problem =
        jsonc_problem_at(s->doc, offset_of(s), "unknown escape in a string");
    jsonc_hint(problem, "write \\\\ for a backslash");
    return false;
}

static bool check_string(struct syntax *s)
{
    size_t start = offset_of(s);
    s->at++;
    while (*s->at != '"') {
        unsigned char c = (unsigned char)*s->at;
        if (c == '\\') {
            if (!check_escape(s))
                return false;
        } else if (c == '\0' || c == '\n') {
            jsonc_hint(jsonc_problem_at(s->doc, start,
                                        "this string does not end on its line"),
                       "end it with \", or write \\n for a line break");
            return false;
        } else if (c < 0x20) {
            jsonc_hint(jsonc_problem_at(s->doc, offset_of(s),
                                        "control byte 0x%02x in a string",
                                        (unsigned)c),
                       "write it as \\u%04x", (unsigned)c);
            return false;
        } else {
            s->at++;
        }
    }
    s->at++;
    return true;
}

static const char *skip_digits(const char *at)
{
    return at + strspn(at, "0123456789");
}

/* The end of the number at `at`, NULL if it is none. */
static const char *number_end(const char *at)
{
    at += *at == '-';
    if (!isdigit((unsigned char)*at))
        return NULL;
    at = *at == '0' ? at + 1 : skip_digits(at);
    if (*at == '.') {
        if (!isdigit((unsigned char)at[1]))
            return NULL;
        at = skip_digits(at + 1);
    }
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        if (!isdigit((unsigned char)*at))
            return NULL;
        at = skip_digits(at);
    }
    return at;
}

static bool check_number(struct syntax *s)
{
    const char *end = number_end(s->at);
    /* What goes on like a number is one, and a wrong one: 01, 1.2.3, 5s. */
    if (!end || isalnum((unsigned char)*end) || *end == '.') {
        struct problem *problem = refuse(s, "a number");
        if (end && isalpha((unsigned char)*end))
            jsonc_hint(problem, "a number with a unit takes double quotes");
        return false;
    }
    if (end - s->at > NUMBER_LENGTH_MAX) {
        jsonc_problem_at(s->doc, offset_of(s), "more than %d digits",
                         (int)NUMBER_LENGTH_MAX);
        return false;
    }
    s->at = end;
    return true;
}

static bool check_word(struct syntax *s)
{
    for (const char *const *word = bare_words; *word; word++) {
        size_t length = strlen(*word);
        if (strncmp(s->at, *word, length) == 0 &&
            !isalnum((unsigned char)s->at[length])) {
            s->at += length;
            return true;
        }
    }
    return refuse_value(s);
}

static bool check_value(struct syntax *s);

static bool check_key(struct syntax *s)
{
    if (*s->at != '"') {
        struct problem *problem = refuse(s, "a key in double quotes");
        if (*s->at == '}')
            jsonc_hint(problem, "is there a comma too many before it?");
        else if (*s->at == '\'')
            jsonc_hint(problem, "strings take double quotes");
        return false;
    }
    if (!check_string(s))
        return false;
    skip_space(s);
    if (*s->at != ':')
        return refuse(s, "':' after the key"), false;
    s->at++;
    skip_space(s);
    return true;
}

static bool refuse_separator(struct syntax *s, char close)
{
    struct problem *problem =
        refuse(s, close == '}' ? "',' or '}'" : "',' or ']'");
    if (*s->at == '#')
        hint_at_slip(s, problem);
    else if (*s->at && strchr("\"{[-0123456789", *s->at))
        jsonc_hint(problem, "is a comma missing before it?");
    return false;
}

/* The members or elements up to `close`, which is consumed. */
static bool check_contents(struct syntax *s, char close)
{
    skip_space(s);
    if (*s->at == close)
        return s->at++, true;
    for (;;) {
        if ((close == '}' && !check_key(s)) || !check_value(s))
            return false;
        skip_space(s);
        if (*s->at == close)
            return s->at++, true;
        if (*s->at != ',')
            return refuse_separator(s, close);
        s->at++;
        skip_space(s);
    }
}

static bool check_container(struct syntax *s)
{
    if (++s->depth > JSONC_DEPTH_MAX) {
        jsonc_problem_at(s->doc, offset_of(s),
                         "nested more than %d levels deep",
                         (int)JSONC_DEPTH_MAX);
        return false;
    }
    char close = *s->at == '{' ? '}' : ']';
    s->at++;
    if (!check_contents(s, close))
        return false;
    s->depth--;
    return true;
}

static bool check_value(struct syntax *s)
{
    if (*s->at == '{' || *s->at == '[')
        return check_container(s);
    if (*s->at == '"')
        return check_string(s);
    if (*s->at == '-' || isdigit((unsigned char)*s->at))
        return check_number(s);
    return check_word(s);
}

bool jsonc_syntax_check(struct jsonc *doc)
{
    struct syntax s = {.doc = doc, .at = doc->text};
    skip_space(&s);
    if (!check_value(&s))
        return false;
    skip_space(&s);
    if (*s.at == '\0')
        return true;
    refuse(&s, "the end of the file");
    return false;
}
