/* HTTP-dates (RFC 9110 5.6.7) without locale, time zone or clock. */
#include <string.h>

#include "client/retry_after.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Optional whitespace around a field value, generously. */
static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

struct date {
    int year, month, day, hour, minute, second; /* month: 0 to 11 */
};

/* Each reader returns the rest of the text, NULL if it does not fit. */
static const char *read_literal(const char *text, const char *literal)
{
    size_t length = strlen(literal);
    return text && strncmp(text, literal, length) == 0 ? text + length : NULL;
}

static const char *read_number(const char *text, int width, int *out)
{
    int value = 0;
    for (int i = 0; text && i < width; i++) {
        if (!is_digit(text[i])) {
            return NULL;
        }
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return text ? text + width : NULL;
}

static const char *read_name(const char *text, const char *const *names,
                             int *index)
{
    for (int i = 0; text && names[i]; i++) {
        const char *rest = read_literal(text, names[i]);
        if (rest) {
            *index = i;
            return rest;
        }
    }
    return NULL;
}

static const char *read_month(const char *text, int *month)
{
    const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May",
                                 "Jun", "Jul", "Aug", "Sep", "Oct",
                                 "Nov", "Dec", NULL};
    return read_name(text, names, month);
}

static const char *read_short_day(const char *text)
{
    const char *const names[] = {"Mon", "Tue", "Wed", "Thu",
                                 "Fri", "Sat", "Sun", NULL};
    int index;
    return read_name(text, names, &index);
}

static const char *read_long_day(const char *text)
{
    const char *const names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                 "Friday", "Saturday", "Sunday",    NULL};
    int index;
    return read_name(text, names, &index);
}

static const char *read_year(const char *text, struct date *date)
{
    return read_number(text, 4, &date->year);
}

/* RFC 9110 5.6.7 wants a sliding century; without a clock the fixed one of
 * POSIX: 69 to 99 are 19xx. */
static const char *read_short_year(const char *text, struct date *date)
{
    text = read_number(text, 2, &date->year);
    date->year += date->year >= 69 ? 1900 : 2000;
    return text;
}

static const char *read_clock(const char *text, struct date *date)
{
    text = read_number(text, 2, &date->hour);
    text = read_number(read_literal(text, ":"), 2, &date->minute);
    return read_number(read_literal(text, ":"), 2, &date->second);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static const char *read_imf_date(const char *text, struct date *date)
{
    text = read_literal(read_short_day(text), ", ");
    text = read_literal(read_number(text, 2, &date->day), " ");
    text = read_literal(read_month(text, &date->month), " ");
    text = read_literal(read_year(text, date), " ");
    return read_literal(read_clock(text, date), " GMT");
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static const char *read_rfc850_date(const char *text, struct date *date)
{
    text = read_literal(read_long_day(text), ", ");
    text = read_literal(read_number(text, 2, &date->day), "-");
    text = read_literal(read_month(text, &date->month), "-");
    text = read_literal(read_short_year(text, date), " ");
    return read_literal(read_clock(text, date), " GMT");
}

/* Sun Nov  6 08:49:37 1994 */
static const char *read_asctime_date(const char *text, struct date *date)
{
    text = read_literal(read_short_day(text), " ");
    text = read_literal(read_month(text, &date->month), " ");
    text = text && *text == ' ' ? read_number(text + 1, 1, &date->day)
                                : read_number(text, 2, &date->day);
    text = read_clock(read_literal(text, " "), date);
    return read_year(read_literal(text, " "), date);
}

static bool is_leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool date_is_valid(const struct date *date)
{
    const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int last =
        days[date->month] + (date->month == 1 && is_leap_year(date->year));
    return date->day >= 1 && date->day <= last && date->hour <= 23 &&
           date->minute <= 59 && date->second <= 60; /* 60: leap second */
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar, with years that
 * begin in March so that the leap day comes last. */
static int64_t days_from_epoch(const struct date *date)
{
    int64_t year = date->year - (date->month <= 1);
    int64_t month = (date->month + 10) % 12;
    int64_t year_days = 365 * year + year / 4 - year / 100 + year / 400;
    return year_days + (153 * month + 2) / 5 + date->day - 1 - 719468;
}

bool http_date_parse(const char *text, int64_t *unix_s)
{
    struct date date = {0};
    text = skip_blanks(text);
    const char *end = read_imf_date(text, &date);
    if (!end) {
        end = read_rfc850_date(text, &date);
    }
    if (!end) {
        end = read_asctime_date(text, &date);
    }
    if (!end || *skip_blanks(end) != '\0' || !date_is_valid(&date)) {
        return false;
    }
    int64_t minutes =
        days_from_epoch(&date) * 1440 + date.hour * INT64_C(60) + date.minute;
    *unix_s = minutes * 60 + date.second;
    return true;
}
