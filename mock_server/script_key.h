/* Which logical call does a request belong to? */
#ifndef RETRYSPEC_MOCK_SERVER_SCRIPT_KEY_H
#define RETRYSPEC_MOCK_SERVER_SCRIPT_KEY_H

#include <stddef.h>

#include "mock_server/script.h"

/* Writes the route's key of the request, NUL-terminated. Of a value longer than
 * SCRIPT_KEY_BYTES_MAX the end is replaced by a hash of the whole. False if the
 * request has none, or an empty one. */
bool script_key_read(const struct route *route,
                     const struct script_request *request,
                     char key[SCRIPT_KEY_BYTES_MAX + 1]);

/* The first token in target, header values or body; 0 if none. */
size_t script_key_token(const struct script_request *request,
                        const char **token);

/* What script_key_read looked for: `no header "x-call"`. Returns text. */
char *script_key_missing(const struct route *route, char *text, size_t size);

#endif
