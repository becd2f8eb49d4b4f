#include "dialects/language.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/units.h"
#include "model/utf8.h"

/* -- Python -----------------------------------------------------------------
 */

enum { DIGITS_MAX = 17 }; /* of a double that reads back the same */

/* The shortest digits of `value` >= 0, and the place of the point after them:
 * value = 0.d1d2d3... * 10^point. Returns the number of digits. */
static int shortest_digits(double value, char digits[DIGITS_MAX + 1],
                           int *point)
{
    char text[32];
    int precision = 0;
    do {
        snprintf(text, sizeof text, "%.*e", precision, value);
    } while (strtod(text, NULL) != value && ++precision < DIGITS_MAX);
    const char *exponent = strchr(text, 'e');
    int count = 0;
    for (const char *at = text; at < exponent; at++) {
        if (*at != '.') {
            digits[count++] = *at;
        }
    }
    *point = atoi(exponent + 1) + 1;
    return count;
}

static void add_zeros(struct text *text, int count)
{
    for (int i = 0; i < count; i++) {
        text_add(text, "0");
    }
}

/* 1e+16, 1.5e-07 */
static void add_scientific(struct text *text, const char *digits, int count,
                           int exponent)
{
    text_add_bytes(text, digits, 1);
    if (count > 1) {
        text_add(text, ".");
        text_add_bytes(text, digits + 1, (size_t)count - 1);
    }
    text_addf(text, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

/* 0.001, 12.5, 7200.0 */
static void add_fixed(struct text *text, const char *digits, int count,
                      int point)
{
    if (point <= 0) {
        text_add(text, "0.");
        add_zeros(text, -point);
        text_add_bytes(text, digits, (size_t)count);
        return;
    }
    int whole = count < point ? count : point;
    text_add_bytes(text, digits, (size_t)whole);
    add_zeros(text, point - whole);
    text_add(text, ".");
    text_add_bytes(text, digits + whole, (size_t)(count - whole));
    add_zeros(text, count == whole);
}

void language_python_float(struct text *text, double value)
{
    char digits[DIGITS_MAX + 1];
    int point;
    if (value < 0) {
        text_add(text, "-");
        value = -value;
    }
    if (value > DBL_MAX) {
        text_add(text, "inf");
        return;
    }
    int count = shortest_digits(value, digits, &point);
    if (value != 0 && (point < -3 || point > 16)) {
        add_scientific(text, digits, count, point - 1);
    } else {
        add_fixed(text, digits, count, point);
    }
}

void language_python_seconds(struct text *text, int64_t ns)
{
    if (ns % NS_PER_S == 0) {
        text_addf(text, "%lld", (long long)(ns / NS_PER_S));
    } else {
        language_python_float(text, (double)ns / (double)NS_PER_S);
    }
}

/* One character of a string between quotes; returns its bytes. */
static size_t add_python_character(struct text *text, const char *at,
                                   char quote)
{
    unsigned char byte = (unsigned char)*at;
    size_t length = utf8_step(at, strlen(at));
    if (byte == '\\' || *at == quote) {
        text_addf(text, "\\%c", *at);
    } else if (byte == '\n' || byte == '\r' || byte == '\t') {
        text_addf(text, "\\%c", byte == '\n' ? 'n' : byte == '\r' ? 'r' : 't');
    } else if (byte < 0x20 || byte == 0x7f || length == 0) {
        text_addf(text, "\\x%02x", byte);
    } else {
        text_add_bytes(text, at, length);
    }
    return length ? length : 1;
}

void language_python_string(struct text *text, const char *string)
{
    /* Double quotes only where they save an escape. */
    char quote = strchr(string, '\'') && !strchr(string, '"') ? '"' : '\'';
    text_add_bytes(text, &quote, 1);
    while (*string) {
        string += add_python_character(text, string, quote);
    }
    text_add_bytes(text, &quote, 1);
}

/* An int stays as it is, a float is what Python reads from it. */
static void add_python_number(struct text *text, const char *number,
                              size_t size)
{
    if (memchr(number, '.', size) || memchr(number, 'e', size) ||
        memchr(number, 'E', size)) {
        char copy[64];
        snprintf(copy, sizeof copy, "%.*s", (int)size, number);
        language_python_float(text, strtod(copy, NULL));
    } else {
        text_add_bytes(text, number, size);
    }
}

const struct body_style language_python = {
    .object = "{",
    .object_end = "}",
    .colon = ": ",
    .true_word = "True",
    .false_word = "False",
    .null_word = "None",
    .add_string = language_python_string,
    .add_number = add_python_number,
};

/* -- Elixir -----------------------------------------------------------------
 */

static size_t add_elixir_character(struct text *text, const char *at)
{
    unsigned char byte = (unsigned char)*at;
    size_t length = utf8_step(at, strlen(at));
    if (byte == '\\' || byte == '"') {
        text_addf(text, "\\%c", *at);
    } else if (byte == '\n' || byte == '\r' || byte == '\t') {
        text_addf(text, "\\%c", byte == '\n' ? 'n' : byte == '\r' ? 'r' : 't');
    } else if (byte < 0x20 || byte == 0x7f || length == 0) {
        text_addf(text, "\\x%02X", byte);
    } else {
        text_add_bytes(text, at, length);
    }
    return length ? length : 1;
}

void language_elixir_string(struct text *text, const char *string)
{
    text_add(text, "\"");
    while (*string) {
        string += add_elixir_character(text, string);
    }
    text_add(text, "\"");
}

const struct body_style language_elixir = {
    .object = "%{",
    .object_end = "}",
    .colon = " => ",
    .true_word = "true",
    .false_word = "false",
    .null_word = "nil",
    .add_string = language_elixir_string,
    .add_number = text_add_bytes,
};

/* -- Go ---------------------------------------------------------------------
 */

/* `value` in units of 10^places, without zeros at the end: 1.053218945 */
static void add_go_decimal(struct text *text, uint64_t value, int places)
{
    uint64_t unit = 1;
    for (int i = 0; i < places; i++) {
        unit *= 10;
    }
    text_addf(text, "%llu", (unsigned long long)(value / unit));
    uint64_t rest = value % unit;
    if (rest == 0) {
        return;
    }
    while (rest % 10 == 0) {
        rest /= 10;
        places--;
    }
    text_addf(text, ".%0*llu", places, (unsigned long long)rest);
}

/* Below a second: the largest unit that leaves a digit before the point. */
static void add_go_fraction(struct text *text, uint64_t ns)
{
    if (ns < 1000) {
        text_addf(text, "%lluns", (unsigned long long)ns);
    } else if (ns < 1000000) {
        add_go_decimal(text, ns, 3);
        text_add(text, "\u00b5s");
    } else {
        add_go_decimal(text, ns, 6);
        text_add(text, "ms");
    }
}

void language_go_duration(struct text *text, int64_t ns)
{
    const uint64_t second = (uint64_t)NS_PER_S, minute = 60 * second;
    uint64_t rest = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    text_add(text, ns < 0 ? "-" : "");
    if (rest == 0) {
        text_add(text, "0s");
        return;
    }
    if (rest < second) {
        add_go_fraction(text, rest);
        return;
    }
    uint64_t minutes = rest / minute;
    if (minutes >= 60) {
        text_addf(text, "%lluh", (unsigned long long)(minutes / 60));
    }
    if (minutes > 0) {
        text_addf(text, "%llum", (unsigned long long)(minutes % 60));
    }
    add_go_decimal(text, rest % minute, 9);
    text_add(text, "s");
}
