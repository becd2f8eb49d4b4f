/* Any bytes as a Retry-After value: no form crashes, overflows or reads what a
 * stricter one of the same family contradicts. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "client/retry_after.h"
#include "model/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 512 };

static void check_seconds(const char *text)
{
    int64_t whole, real, prefix;
    if (retry_after_parse(RA_SECONDS, text, 0, &whole)) {
        assert(whole >= 0);
        assert(retry_after_parse(RA_SECONDS_PREFIX, text, 0, &prefix));
        assert(prefix == whole);
        /* Beyond 308 digits the float is infinite, so not read. */
        if (retry_after_parse(RA_SECONDS_FLOAT, text, 0, &real)) {
            assert(real == whole);
        }
    }
}

static void check_date(const char *text, int64_t wall_ns)
{
    int64_t unix_s, ns;
    bool is_date = http_date_parse(text, &unix_s);
    assert(retry_after_parse(RA_HTTP_DATE, text, wall_ns, &ns) == is_date);
    if (is_date) {
        assert(unix_s > -INT64_C(63000000000));
        assert(unix_s < INT64_C(260000000000));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_MAX];
    int64_t wall_ns = 0;
    if (size < sizeof wall_ns) {
        return 0;
    }
    memcpy(&wall_ns, data, sizeof wall_ns);
    size -= sizeof wall_ns;
    size = size < TEXT_MAX - 1 ? size : TEXT_MAX - 1;
    memcpy(text, data + sizeof wall_ns, size);
    text[size] = '\0';
    for (int form = RA_SECONDS; form <= RA_EPOCH_SECONDS; form++) {
        int64_t ns = 0;
        if (retry_after_parse((enum retry_after_form)form, text, wall_ns,
                              &ns)) {
            assert(ns != INT64_MIN);
        }
    }
    check_seconds(text);
    check_date(text, wall_ns);
    return 0;
}
