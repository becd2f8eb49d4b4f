#include "model/utf8.h"

#include <stdint.h>
#include <string.h>

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The second byte alone tells overlong forms, surrogates and code points that
 * are too large: RFC 3629, section 4. */
static bool is_second(unsigned char first, unsigned char second)
{
    if (first == 0xE0)
        return second >= 0xA0 && second <= 0xBF;
    if (first == 0xED)
        return second >= 0x80 && second <= 0x9F;
    if (first == 0xF0)
        return second >= 0x90 && second <= 0xBF;
    if (first == 0xF4)
        return second >= 0x80 && second <= 0x8F;
    return is_continuation(second);
}

static size_t length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t utf8_step(const char *bytes, size_t size)
{
    const unsigned char *at = (const unsigned char *)bytes;
    if (size == 0)
        return 0;
    size_t length = length_of(at[0]);
    if (length <= 1)
        return length;
    if (length > size || !is_second(at[0], at[1]))
        return 0;
    for (size_t i = 2; i < length; i++) {
        if (!is_continuation(at[i]))
            return 0;
    }
    return length;
}

/* Mostly all is ASCII: so many bytes at a time. */
enum { ASCII_STEP = 32 };

static bool is_ascii(const char *bytes)
{
    uint64_t words[ASCII_STEP / 8], all = 0;
    memcpy(words, bytes, sizeof words);
    for (size_t i = 0; i < ASCII_STEP / 8; i++)
        all |= words[i];
    return (all & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_is_valid(const char *bytes, size_t size)
{
    while (size > 0) {
        if (size >= ASCII_STEP && is_ascii(bytes)) {
            bytes += ASCII_STEP;
            size -= ASCII_STEP;
            continue;
        }
        size_t length = utf8_step(bytes, size);
        if (length == 0)
            return false;
        bytes += length;
        size -= length;
    }
    return true;
}
