/* SHA-256 of bytes that come in parts. Pure. */
#ifndef RETRYSPEC_MODEL_DIGEST_H
#define RETRYSPEC_MODEL_DIGEST_H

#include <nettle/sha2.h>
#include <stddef.h>

enum { DIGEST_TEXT = 2 * SHA256_DIGEST_SIZE + 1 };

struct digest {
    struct sha256_ctx state;
};

void digest_begin(struct digest *digest);
void digest_add(struct digest *digest, const char *bytes, size_t size);

/* Lower-case hex; the digest may then begin again. */
void digest_end(struct digest *digest, char hex[DIGEST_TEXT]);

#endif
