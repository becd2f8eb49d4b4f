#include "model/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit time_units[] = {
    {"ns", 1},       {"us", NS_PER_US},      {"ms", NS_PER_MS},
    {"s", NS_PER_S}, {"min", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"B", 1},
    {"kB", 1000},
    {"KiB", 1024},
    {"MB", INT64_C(1000000)},
    {"MiB", INT64_C(1) << 20},
    {"GB", INT64_C(1000000000)},
    {"GiB", INT64_C(1) << 30},
    {NULL, 0},
};

/* A decimal number as digits / 10^places. */
struct decimal {
    int64_t digits;
    int places;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool push_digit(struct decimal *number, char c)
{
    int64_t digits;
    if (__builtin_mul_overflow(number->digits, 10, &digits) ||
        __builtin_add_overflow(digits, c - '0', &digits))
        return false;
    number->digits = digits;
    return true;
}

/* Zeros at the end of a fraction say nothing: "1.500s" is "1.5s". */
static size_t fraction_length(const char *text)
{
    size_t length = strspn(text, "0123456789");
    while (length > 0 && text[length - 1] == '0')
        length--;
    return length;
}

/* digits+ [ "." digits+ ]; returns what follows, NULL if there is no number. */
static const char *parse_decimal(const char *text, struct decimal *number)
{
    *number = (struct decimal){0};
    const char *at = text;
    for (; is_digit(*at); at++) {
        if (!push_digit(number, *at))
            return NULL;
    }
    if (at == text || *at != '.')
        return at == text ? NULL : at;
    at++;
    if (!is_digit(*at))
        return NULL;
    size_t length = fraction_length(at);
    for (size_t i = 0; i < length; i++) {
        if (!push_digit(number, at[i]))
            return NULL;
    }
    number->places = (int)length;
    return at + strspn(at, "0123456789");
}

/* digits * factor / 10^places, false unless that is a whole number below
 * INT64_MAX. */
static bool scale(struct decimal number, int64_t factor, int64_t *out)
{
    for (; number.places > 0 && factor % 10 == 0; number.places--)
        factor /= 10;
    int64_t value;
    if (__builtin_mul_overflow(number.digits, factor, &value))
        return false;
    for (; number.places > 0; number.places--) {
        if (value % 10 != 0)
            return false;
        value /= 10;
    }
    if (value == INT64_MAX)
        return false;
    *out = value;
    return true;
}

static bool parse_with(const struct unit *units, const char *text, int64_t *out)
{
    struct decimal number;
    const char *name = parse_decimal(text, &number);
    if (!name)
        return false;
    for (; units->name; units++) {
        if (strcmp(units->name, name) == 0)
            return scale(number, units->factor, out);
    }
    return false;
}

bool units_parse_duration(const char *text, int64_t *ns)
{
    return parse_with(time_units, text, ns);
}

bool units_parse_offset(const char *text, int64_t *ns)
{
    if (text[0] != '+' && text[0] != '-')
        return false;
    int64_t value;
    if (!units_parse_duration(text + 1, &value))
        return false;
    *ns = text[0] == '-' ? -value : value;
    return true;
}

bool units_parse_size(const char *text, int64_t *bytes)
{
    return parse_with(size_units, text, bytes);
}

bool units_parse_rate(const char *text, int64_t *bytes_per_s)
{
    enum { SIZE_TEXT_MAX = 40 };
    size_t length = strlen(text);
    if (length < 2 || length - 2 >= SIZE_TEXT_MAX ||
        strcmp(text + length - 2, "/s") != 0)
        return false;
    char size_text[SIZE_TEXT_MAX];
    memcpy(size_text, text, length - 2);
    size_text[length - 2] = '\0';
    int64_t bytes;
    if (!units_parse_size(size_text, &bytes) || bytes < 1)
        return false;
    *bytes_per_s = bytes;
    return true;
}

/* value / factor as an exact decimal; factor is a power of ten. */
static char *format_decimal(int64_t value, struct unit unit, char *text,
                            size_t size)
{
    char fraction[24] = "";
    int64_t rest = value % unit.factor;
    if (rest) {
        int places = 0;
        for (int64_t f = unit.factor; f > 1; f /= 10)
            places++;
        for (; rest % 10 == 0; rest /= 10)
            places--;
        snprintf(fraction, sizeof fraction, ".%0*" PRId64, places, rest);
    }
    snprintf(text, size, "%" PRId64 "%s%s", value / unit.factor, fraction,
             unit.name);
    return text;
}

/* The unit that people would choose: whole days and more in hours, whole
 * minutes from two on in minutes, else the largest decimal unit below. */
static struct unit time_unit_for(int64_t ns)
{
    const int64_t minute = 60 * NS_PER_S, hour = 60 * minute;
    if (ns >= 24 * hour && ns % hour == 0)
        return time_units[5];
    if (ns >= 2 * minute && ns % minute == 0)
        return time_units[4];
    if (ns >= NS_PER_S || ns == 0)
        return time_units[3];
    if (ns >= NS_PER_MS)
        return time_units[2];
    return time_units[ns >= NS_PER_US ? 1 : 0];
}

char *units_format_duration(int64_t ns, char *text, size_t size)
{
    if (ns == NS_FOREVER) {
        snprintf(text, size, "unlimited");
        return text;
    }
    if (ns < 0) {
        snprintf(text, size, "-");
        if (size > 1)
            units_format_duration(ns == INT64_MIN ? INT64_MAX - 1 : -ns,
                                  text + 1, size - 1);
        return text;
    }
    return format_decimal(ns, time_unit_for(ns), text, size);
}

char *units_format_size(int64_t bytes, char *text, size_t size)
{
    static const struct unit binary[] = {
        {"GiB", INT64_C(1) << 30}, {"MiB", INT64_C(1) << 20}, {"KiB", 1024}};
    for (size_t i = 0; i < sizeof binary / sizeof *binary; i++) {
        if (bytes != 0 && bytes % binary[i].factor == 0) {
            snprintf(text, size, "%" PRId64 "%s", bytes / binary[i].factor,
                     binary[i].name);
            return text;
        }
    }
    snprintf(text, size, "%" PRId64 "B", bytes);
    return text;
}

char *units_format_seconds(int64_t ns, char *text, size_t size)
{
    if (ns == NS_FOREVER) {
        snprintf(text, size, "unlimited");
        return text;
    }
    uint64_t magnitude = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    uint64_t ms = (magnitude + NS_PER_MS / 2) / NS_PER_MS;
    snprintf(text, size, "%s%" PRIu64 ".%03" PRIu64 " s",
             ns < 0 && ms ? "-" : "", ms / 1000, ms % 1000);
    return text;
}

int64_t units_add(int64_t a_ns, int64_t b_ns)
{
    if (a_ns == NS_FOREVER || b_ns == NS_FOREVER)
        return NS_FOREVER;
    int64_t sum;
    if (__builtin_add_overflow(a_ns, b_ns, &sum))
        return b_ns > 0 ? NS_FOREVER : 0;
    return sum < 0 ? 0 : sum;
}

int64_t units_after(int64_t instant_ns, int64_t delay_ns)
{
    int64_t sum;
    bool is_never = instant_ns == NS_FOREVER || delay_ns == NS_FOREVER ||
                    __builtin_add_overflow(instant_ns, delay_ns, &sum);
    return is_never ? NS_FOREVER : sum;
}
