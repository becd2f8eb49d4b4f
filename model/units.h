/* Time, size and rate with units at the edges, int64_t inside.
 *
 * Durations are nanoseconds, sizes bytes, rates bytes per second. */
#ifndef RETRYSPEC_MODEL_UNITS_H
#define RETRYSPEC_MODEL_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* "No limit" for a duration or an instant. */
#define NS_FOREVER INT64_MAX

/* "2s", "500ms", "1.5s", "20us", "10ns", "120min", "1h": a decimal number and a
 * unit, nothing else. False on anything else, on a negative and on more than
 * 292 years. Writes only on success. */
bool units_parse_duration(const char *text, int64_t *ns);

/* As units_parse_duration with a leading '+' or '-' required: "+3s", "-1h". */
bool units_parse_offset(const char *text, int64_t *ns);

/* "16KiB", "64B", "1MiB", "2GiB", "1kB", "1MB". */
bool units_parse_size(const char *text, int64_t *bytes);

/* A size per second: "100B/s", "16KiB/s". At least 1 B/s. */
bool units_parse_rate(const char *text, int64_t *bytes_per_s);

/* Exact text in a unit that people would choose; units_parse_duration reads it
 * back to the same number: "1.5s", "120min", "250ms"; NS_FOREVER is
 * "unlimited". `text` holds at least UNITS_TEXT_MAX bytes. Returns text. */
enum { UNITS_TEXT_MAX = 32 };
char *units_format_duration(int64_t ns, char *text, size_t size);
char *units_format_size(int64_t bytes, char *text, size_t size);

/* Seconds with three decimals for people: "1.588 s". Returns text. */
char *units_format_seconds(int64_t ns, char *text, size_t size);

/* a + b and a - b that stop at NS_FOREVER and 0 instead of overflowing. */
int64_t units_add(int64_t a_ns, int64_t b_ns);

/* The instant `delay_ns` after another, which may be negative, as monotonic
 * clocks may be; stops at NS_FOREVER. */
int64_t units_after(int64_t instant_ns, int64_t delay_ns);

static inline int64_t units_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t units_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#endif
