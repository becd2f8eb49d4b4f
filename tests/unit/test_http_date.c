/* HTTP-dates (RFC 9110 5.6.7): every day of 138 years, every edge of the
 * clock, and texts that are nearly dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "client/retry_after.h"

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const days[] = {"Sun", "Mon", "Tue", "Wed",
                                   "Thu", "Fri", "Sat"};
static const char *const long_days[] = {"Sunday",    "Monday",   "Tuesday",
                                        "Wednesday", "Thursday", "Friday",
                                        "Saturday"};

enum form { IMF, RFC850, ASCTIME, FORMS };

static void write_date(char text[64], enum form form, const struct tm *tm)
{
    const char *month = months[tm->tm_mon];
    int year = tm->tm_year + 1900;
    char clock[32];
    snprintf(clock, sizeof clock, "%02d:%02d:%02d", tm->tm_hour, tm->tm_min,
             tm->tm_sec);
    if (form == IMF) {
        snprintf(text, 64, "%s, %02d %s %04d %s GMT", days[tm->tm_wday],
                 tm->tm_mday, month, year, clock);
    } else if (form == RFC850) {
        snprintf(text, 64, "%s, %02d-%s-%02d %s GMT", long_days[tm->tm_wday],
                 tm->tm_mday, month, year % 100, clock);
    } else {
        snprintf(text, 64, "%s %s %2d %s %04d", days[tm->tm_wday], month,
                 tm->tm_mday, clock, year);
    }
}

static void check_date(const char *text, int64_t expected)
{
    int64_t unix_s;
    if (!http_date_parse(text, &unix_s)) {
        fail_msg("\"%s\" is not read", text);
    }
    if (unix_s != expected) {
        fail_msg("\"%s\" is %lld, expected %lld", text, (long long)unix_s,
                 (long long)expected);
    }
}

static void check_no_date(const char *text)
{
    int64_t unix_s;
    if (http_date_parse(text, &unix_s)) {
        fail_msg("\"%s\" is read", text);
    }
}

static void check_days(int from_year, int to_year, int stride)
{
    const time_t day_s = 86400;
    struct tm first = {.tm_year = from_year - 1900, .tm_mday = 1};
    struct tm last = {.tm_year = to_year - 1900, .tm_mday = 1};
    time_t end = timegm(&last);
    for (time_t t = timegm(&first); t < end; t += stride * day_s) {
        struct tm tm;
        time_t at = t + (t / day_s * 7919 % day_s + day_s) % day_s;
        gmtime_r(&at, &tm);
        for (enum form form = IMF; form < FORMS; form++) {
            bool has_century =
                form != RFC850 || (tm.tm_year >= 69 && tm.tm_year < 169);
            char text[64];
            write_date(text, form, &tm);
            if (has_century) {
                check_date(text, at);
            }
        }
    }
}

static void test_days(void **state)
{
    (void)state;
    check_days(1968, 2106, 1);
    check_days(1600, 2400, 11);
}

static void test_days_that_are_not(void **state)
{
    (void)state;
    for (int year = 1999; year <= 2100; year++) {
        for (int month = 0; month < 12; month++) {
            struct tm next = {
                .tm_year = year - 1900, .tm_mon = month + 1, .tm_mday = 0};
            timegm(&next); /* day 0 of the next month is the last of this */
            char text[64];
            snprintf(text, sizeof text, "Mon, %02d %s %d 00:00:00 GMT",
                     next.tm_mday + 1, months[month], year);
            check_no_date(text);
            snprintf(text, sizeof text, "Mon, 00 %s %d 00:00:00 GMT",
                     months[month], year);
            check_no_date(text);
        }
    }
}

static void test_edges_of_the_clock(void **state)
{
    (void)state;
    check_date("Thu, 01 Jan 1970 00:00:00 GMT", 0);
    check_date("Thu, 01 Jan 1970 23:59:59 GMT", 86399);
    check_date("Thu, 01 Jan 1970 23:59:60 GMT", 86400); /* leap second */
    check_no_date("Thu, 01 Jan 1970 24:00:00 GMT");
    check_no_date("Thu, 01 Jan 1970 23:60:00 GMT");
    check_no_date("Thu, 01 Jan 1970 23:59:61 GMT");
    check_date("Thursday, 01-Jan-69 00:00:00 GMT", -31536000);
    check_date("Sunday, 01-Jan-68 00:00:00 GMT", 3092601600);
    check_date("Monday, 01-Jan-00 00:00:00 GMT", 946684800);
    check_date(" \tThu, 01 Jan 1970 00:00:00 GMT \t", 0);
    check_date("Fri Jan  1 00:00:00 1971", 31536000);
    check_date("Sun Jan 10 00:00:00 1971", 31536000 + 9 * 86400);
}

/* Cut short, longer, or with one character changed into one that never stands
 * in a date. */
static void test_nearly_dates(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Sun Nov 16 08:49:37 1994"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t length = strlen(texts[i]);
        for (size_t k = 0; k < length; k++) {
            char text[64];
            snprintf(text, sizeof text, "%.*s", (int)k, texts[i]);
            check_no_date(text);
            snprintf(text, sizeof text, "%s", texts[i]);
            text[k] = '_';
            check_no_date(text);
        }
        char text[64];
        snprintf(text, sizeof text, "%sx", texts[i]);
        check_no_date(text);
    }
    check_no_date("");
    check_no_date("Sun, 06 nov 1994 08:49:37 GMT");
    check_no_date("Sun, 6 Nov 1994 08:49:37 GMT");
    check_no_date("Sun, 06 Nov 1994 08:49:37 UTC");
    check_no_date("Sun, 06 Nov 1994 08:49:3/ GMT");
    check_no_date("Sun, 06 Nov 1994 08:49:3: GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_days_that_are_not),
        cmocka_unit_test(test_edges_of_the_clock),
        cmocka_unit_test(test_nearly_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
