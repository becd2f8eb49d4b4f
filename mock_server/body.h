/* The bytes of a reply's body. Pure. */
#ifndef RETRYSPEC_MOCK_SERVER_BODY_H
#define RETRYSPEC_MOCK_SERVER_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "model/digest.h"
#include "model/scenario.h"

/* Copies up to `size` bytes of the body from `offset` on; returns how many. A
 * seeded body is a function of (seed, offset): nothing is stored. */
size_t body_read(const struct reply *reply, int64_t offset, char *bytes,
                 size_t size);

/* Hex SHA-256 of the whole body. */
void body_sha256(const struct reply *reply, char hex[DIGEST_TEXT]);

#endif
