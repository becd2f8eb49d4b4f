#include "mock_server/body.h"

#include <string.h>

#include "model/rng.h"

/* A seeded body is made of blocks, each a random stream of its own, so that any
 * place in it is found at once. */
enum { BLOCK = 1024 };
static const uint64_t BODY_LABEL = UINT64_C(0x626f6479); /* "body" */

static void fill_block(uint64_t seed, uint64_t index, char block[BLOCK])
{
    struct rng rng = rng_stream(seed, BODY_LABEL, index);
    for (size_t i = 0; i < BLOCK; i += 8) {
        uint64_t word = rng_next(&rng);
        for (size_t byte = 0; byte < 8; byte++) {
            block[i + byte] = (char)(word >> (8 * byte) & 0xff);
        }
    }
}

static void read_seeded(const struct reply *reply, int64_t offset, char *bytes,
                        size_t size)
{
    while (size > 0) {
        char block[BLOCK];
        fill_block(reply->body_seed, (uint64_t)(offset / BLOCK), block);
        size_t from = (size_t)(offset % BLOCK);
        size_t part = BLOCK - from < size ? BLOCK - from : size;
        memcpy(bytes, block + from, part);
        bytes += part;
        size -= part;
        offset += (int64_t)part;
    }
}

size_t body_read(const struct reply *reply, int64_t offset, char *bytes,
                 size_t size)
{
    int64_t left = reply->body_size - offset;
    if (left <= 0) {
        return 0;
    }
    size_t part = (uint64_t)left < size ? (size_t)left : size;
    if (reply->body_is_seeded) {
        read_seeded(reply, offset, bytes, part);
    } else {
        memcpy(bytes, reply->body + offset, part);
    }
    return part;
}

void body_sha256(const struct reply *reply, char hex[DIGEST_TEXT])
{
    struct digest digest;
    digest_begin(&digest);
    char part[8 * BLOCK];
    int64_t offset = 0;
    size_t size;
    while ((size = body_read(reply, offset, part, sizeof part)) > 0) {
        digest_add(&digest, part, size);
        offset += (int64_t)size;
    }
    digest_end(&digest, hex);
}
