/* The pure core for Python's ctypes: flat functions, numbers and text only.
 * Policies come in as profile files, so the properties exercise the reader as
 * well. */
#ifndef RETRYSPEC_PROPS_SHIM_H
#define RETRYSPEC_PROPS_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL if the profile does not read; `message` then holds the first problem. */
void *props_profile_open(const char *json, char *message, size_t size);
void props_profile_close(void *profile);

/* The law of the first rule of the outermost layer. */
int64_t props_draw(const void *profile, int64_t n, int64_t previous_ns,
                   double u);
int64_t props_range_min(const void *profile, int64_t n, int64_t previous_ns);
int64_t props_range_max(const void *profile, int64_t n, int64_t previous_ns);
double props_cdf(const void *profile, int64_t n, int64_t t_ns);
double props_cdf_below(const void *profile, int64_t n, int64_t t_ns);

/* What one value of Retry-After is by the form with this number (enum
 * retry_after_form); INT64_MIN if the form does not read it. */
int64_t props_retry_after(int form, const char *text, int64_t wall_ns);

/* Duration to text and back; INT64_MIN if the text does not read. */
void props_format_duration(int64_t ns, char *text, size_t size);
int64_t props_parse_duration(const char *text);

#endif
