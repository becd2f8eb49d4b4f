#include "mock_server/body.h"

#include <openssl/evp.h>
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

void body_hex(const unsigned char digest[32], char hex[BODY_SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}

void body_sha256(const struct reply *reply, char hex[BODY_SHA256_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    hex[0] = '\0';
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL)) {
        EVP_MD_CTX_free(context);
        return;
    }
    char part[8 * BLOCK];
    int64_t offset = 0;
    size_t size;
    while ((size = body_read(reply, offset, part, sizeof part)) > 0) {
        EVP_DigestUpdate(context, part, size);
        offset += (int64_t)size;
    }
    if (EVP_DigestFinal_ex(context, digest, NULL)) {
        body_hex(digest, hex);
    }
    EVP_MD_CTX_free(context);
}
