/* UTF-8: every code point, every second byte, every way to be none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/utf8.h"

/* RFC 3629, section 3. */
static size_t encode(uint32_t point, char bytes[4])
{
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = point < 0x80      ? 1
                    : point < 0x800   ? 2
                    : point < 0x10000 ? 3
                                      : 4;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (point & 0x3F));
        point >>= 6;
    }
    bytes[0] = (char)(leads[length] | point);
    return length;
}

static void test_every_code_point(void **state)
{
    (void)state;
    for (uint32_t point = 0; point < 0x110400; point++) {
        char bytes[4];
        size_t length = encode(point, bytes);
        bool is_character =
            point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
        if (utf8_step(bytes, length) != (is_character ? length : 0)) {
            fail_msg("U+%04X", (unsigned)point);
        }
        if (is_character && length > 1) {
            assert_int_equal(utf8_step(bytes, length - 1), 0);
            bytes[length - 1] = '.';
            assert_int_equal(utf8_step(bytes, length), 0);
        }
    }
}

/* A code point in more bytes than it needs is none. */
static void test_overlong_forms(void **state)
{
    (void)state;
    for (unsigned first = 0x80; first <= 0xFF; first++) {
        for (unsigned second = 0; second <= 0xFF; second++) {
            char bytes[4] = {(char)first, (char)second, (char)0x80, (char)0x80};
            bool is_continuation = second >= 0x80 && second <= 0xBF;
            size_t expected = 0;
            if (is_continuation && first >= 0xC2 && first <= 0xDF)
                expected = 2;
            if (is_continuation && first >= 0xE0 && first <= 0xEF)
                expected = 3;
            if (is_continuation && first >= 0xF0 && first <= 0xF4)
                expected = 4;
            if ((first == 0xE0 && second < 0xA0) ||
                (first == 0xED && second > 0x9F) ||
                (first == 0xF0 && second < 0x90) ||
                (first == 0xF4 && second > 0x8F))
                expected = 0;
            assert_int_equal(utf8_step(bytes, 4), expected);
        }
    }
    assert_int_equal(utf8_step("", 0), 0);
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_valid;
    } cases[] = {
        {"", true},
        {"12345678", true},
        {"1234567\xc3\xa9", true},
        {"12345678\xff", false},
        {"1234567\xc3", false},
        {"\xe2\x82\xac is the euro, and then more", true},
        {"123456789012345\x80", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(utf8_is_valid(cases[i].text, strlen(cases[i].text)),
                         cases[i].is_valid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_overlong_forms),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
