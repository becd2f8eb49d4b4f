/* The text of a response head that we write ourselves. Pure. */
#ifndef RETRYSPEC_MOCK_SERVER_HEAD_H
#define RETRYSPEC_MOCK_SERVER_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/http.h"
#include "model/scenario.h"

struct head_options {
    const struct reply *reply;
    const struct http_headers *headers;
    int64_t unix_s;  /* for Date */
    bool says_close; /* Connection: close */
};

/* Heap text of *size bytes; NULL without memory. */
char *head_format(const struct head_options *options, size_t *size);

/* A 103 with the early hints. */
char *head_format_hints(const struct reply *reply, size_t *size);

/* Does a response with this status have a body (RFC 9110 6.4.1)? */
bool head_allows_body(int status);

#endif
