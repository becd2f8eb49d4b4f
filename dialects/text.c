#include "dialects/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/units.h"
#include "model/utf8.h"

static const char ellipsis[] = "...";

/* Always kept free at the end. */
enum { RESERVE = sizeof ellipsis };

void text_begin(struct text *text)
{
    text->length = 0;
    text->is_cut = false;
    text->bytes[0] = '\0';
}

/* The longest beginning of at most `size` bytes that ends with a character. */
static size_t whole_characters(const char *bytes, size_t size, size_t limit)
{
    size_t length = 0;
    while (length < limit) {
        size_t step = utf8_step(bytes + length, size - length);
        step = step ? step : 1;
        if (length + step > limit) {
            break;
        }
        length += step;
    }
    return length;
}

static void append(struct text *text, const char *bytes, size_t size)
{
    memcpy(text->bytes + text->length, bytes, size);
    text->length += size;
    text->bytes[text->length] = '\0';
}

void text_add_bytes(struct text *text, const char *bytes, size_t size)
{
    size_t room = TEXT_MAX - RESERVE - text->length;
    if (text->is_cut) {
        return;
    }
    if (size <= room) {
        append(text, bytes, size);
        return;
    }
    append(text, bytes, whole_characters(bytes, size, room));
    append(text, ellipsis, sizeof ellipsis - 1);
    text->is_cut = true;
}

void text_add(struct text *text, const char *bytes)
{
    text_add_bytes(text, bytes, strlen(bytes));
}

void text_addf(struct text *text, const char *format, ...)
{
    char part[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(part, sizeof part, format, arguments);
    va_end(arguments);
    size_t size = length < 0 ? 0 : (size_t)length;
    text_add_bytes(text, part, size < sizeof part ? size : sizeof part - 1);
}

void text_add_shown(struct text *text, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        size_t length = utf8_step(bytes + i, size - i);
        if (byte == '\n') {
            text_add(text, "\\n");
        } else if (byte < 0x20 || byte == 0x7f || length == 0) {
            text_addf(text, "\\x%02x", byte);
        } else {
            text_add_bytes(text, bytes + i, length);
            i += length - 1;
        }
    }
}

void text_copy(const struct text *text, char *to, size_t size)
{
    size_t length =
        whole_characters(text->bytes, text->length,
                         text->length < size ? text->length : size - 1);
    memcpy(to, text->bytes, length);
    to[length] = '\0';
}

/* -- dates ------------------------------------------------------------------
 */

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01 to a date of the Gregorian calendar. Years begin in
 * March, so that the leap day comes last; eras are of 400 years. */
static void set_day(struct text_date *date, int64_t days)
{
    const int64_t since_march_of_0 = days + 719468;
    int64_t era = floor_divide(since_march_of_0, 146097);
    int64_t day = since_march_of_0 - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153;
    date->day = (int)(day - (153 * month + 2) / 5 + 1);
    date->month = (int)(month < 10 ? month + 3 : month - 9);
    date->year = year + era * 400 + (date->month <= 2);
}

struct text_date text_date(int64_t wall_ns)
{
    struct text_date date;
    int64_t seconds = floor_divide(wall_ns, NS_PER_S);
    int64_t days = floor_divide(seconds, INT64_C(86400));
    int64_t rest = seconds - days * 86400;
    set_day(&date, days);
    date.hour = (int)(rest / 3600);
    date.minute = (int)(rest / 60 % 60);
    date.second = (int)(rest % 60);
    date.ns = wall_ns - seconds * NS_PER_S;
    return date;
}
