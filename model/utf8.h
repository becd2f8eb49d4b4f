/* UTF-8 (RFC 3629), one character at a time. */
#ifndef RETRYSPEC_MODEL_UTF8_H
#define RETRYSPEC_MODEL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length in bytes, 1 to 4, of the well-formed character at `bytes`; 0 if there
 * is none: a stray or missing continuation, an overlong form, a surrogate, a
 * code point above U+10FFFF, or no bytes at all. */
size_t utf8_step(const char *bytes, size_t size);

/* Are all `size` bytes well-formed UTF-8? */
bool utf8_is_valid(const char *bytes, size_t size);

#endif
