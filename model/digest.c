#include "model/digest.h"

#include <stdint.h>

void digest_begin(struct digest *digest)
{
    sha256_init(&digest->state);
}

void digest_add(struct digest *digest, const char *bytes, size_t size)
{
    sha256_update(&digest->state, size, (const uint8_t *)bytes);
}

void digest_end(struct digest *digest, char hex[DIGEST_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[SHA256_DIGEST_SIZE];
    sha256_digest(&digest->state, sizeof sum, sum);
    for (size_t i = 0; i < sizeof sum; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[DIGEST_TEXT - 1] = '\0';
}
