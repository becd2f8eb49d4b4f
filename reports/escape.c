#include "reports/escape.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { REPLACEMENT = 0xFFFD };

/* -- characters -------------------------------------------------------------
 */

/* How many bytes follow a first byte, and what it brings; -1: it can't begin a
 * character. */
static int follower_count(unsigned char byte, uint32_t *bits)
{
    if (byte < 0x80) {
        *bits = byte;
        return 0;
    }
    if (byte >= 0xC2 && byte <= 0xDF) {
        *bits = byte & 0x1Fu;
        return 1;
    }
    if (byte >= 0xE0 && byte <= 0xEF) {
        *bits = byte & 0x0Fu;
        return 2;
    }
    *bits = byte & 0x07u;
    return byte >= 0xF0 && byte <= 0xF4 ? 3 : -1;
}

/* Overlong, a surrogate, or beyond Unicode. */
static bool is_wrong(uint32_t character, int followers)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    return character < least[followers] || character > 0x10FFFF ||
           (character >= 0xD800 && character <= 0xDFFF);
}

uint32_t escape_next(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    if (!*at)
        return 0;
    uint32_t character;
    int followers = follower_count(*at, &character);
    for (int i = 1; i <= followers; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            followers = -1;
            break;
        }
        character = character << 6 | (at[i] & 0x3Fu);
    }
    bool is_bad = followers < 0 || is_wrong(character, followers);
    *text += is_bad ? 1 : followers + 1;
    return is_bad ? REPLACEMENT : character;
}

void escape_put(uint32_t character, FILE *out)
{
    if (character < 0x80) {
        fputc((int)character, out);
        return;
    }
    int followers = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const int first[] = {0, 0xC0, 0xE0, 0xF0};
    fputc(first[followers] | (int)(character >> (6 * followers)), out);
    while (followers-- > 0)
        fputc(0x80 | (int)(character >> (6 * followers) & 0x3F), out);
}

static bool is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character < 0xA0) ||
           character == 0xFFFE || character == 0xFFFF ||
           (character >= 0x202A && character <= 0x202E) || /* turn text round */
           (character >= 0x2066 && character <= 0x2069);
}

static bool is_blank(uint32_t character)
{
    return character == '\t' || character == '\n' || character == '\r' ||
           character == 0x2028 || character == 0x2029;
}

/* For formats of one line: blanks are a space, controls nothing. Returns 0 at
 * the end. */
static uint32_t next_of_line(const char **text)
{
    uint32_t character;
    while ((character = escape_next(text)) != 0) {
        if (is_blank(character))
            return ' ';
        if (!is_control(character))
            return character;
    }
    return 0;
}

/* -- formats ----------------------------------------------------------------
 */

static const char *entity_of(uint32_t character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    }
    return NULL;
}

void escape_xml(const char *text, FILE *out)
{
    const char *at = text ? text : "";
    for (uint32_t c; (c = escape_next(&at)) != 0;) {
        const char *entity = entity_of(c);
        if (entity) {
            fputs(entity, out);
        } else if (c == '\t' || c == '\n' || !is_control(c)) {
            escape_put(c, out);
        }
    }
}

void escape_markdown(const char *text, FILE *out)
{
    const char *at = text ? text : "";
    for (uint32_t c; (c = next_of_line(&at)) != 0;) {
        /* Entities, as renderers differ in what a backslash does to a pipe. */
        const char *entity = c == '|' ? "&#124;" : entity_of(c);
        if (c == '@') {
            entity = "&#64;"; /* nobody is called by name */
        }
        if (entity && c != '\'' && c != '"') {
            fputs(entity, out);
            continue;
        }
        if (c < 0x80 && strchr("\\`*_{}[]#~!", (int)c)) {
            fputc('\\', out);
        }
        escape_put(c, out);
    }
}

void escape_tap(const char *text, FILE *out)
{
    const char *at = text ? text : "";
    for (uint32_t c; (c = next_of_line(&at)) != 0;) {
        if (c == '#' || c == '\\')
            fputc('\\', out);
        escape_put(c, out);
    }
}

void escape_yaml(const char *text, FILE *out)
{
    const char *at = text ? text : "";
    fputc('"', out);
    for (uint32_t c; (c = escape_next(&at)) != 0;) {
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", (int)c);
        } else if (c == '\n') {
            fputs("\\n", out);
        } else if (is_control(c) || is_blank(c)) {
            fprintf(out, "\\u%04x", (unsigned)c);
        } else {
            escape_put(c, out);
        }
    }
    fputc('"', out);
}

static void write_github(const char *text, const char *special, FILE *out)
{
    const char *at = text ? text : "";
    for (uint32_t c; (c = escape_next(&at)) != 0;) {
        if (c < 0x80 && strchr(special, (int)c)) {
            fprintf(out, "%%%02X", (unsigned)c);
        } else if (c == '\t' || !is_control(c)) {
            escape_put(c, out);
        }
    }
}

void escape_github(const char *text, FILE *out)
{
    write_github(text, "%\r\n", out);
}

void escape_github_property(const char *text, FILE *out)
{
    write_github(text, "%\r\n:,", out);
}

char *escape_utf8(const char *text)
{
    char *copy = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&copy, &size);
    if (!memory)
        return NULL;
    const char *at = text ? text : "";
    for (uint32_t c; (c = escape_next(&at)) != 0;)
        escape_put(c, memory);
    fclose(memory);
    return copy;
}
