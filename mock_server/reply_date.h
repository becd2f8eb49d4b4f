/* The headers of one answer, whose HTTP-dates count from its time. Pure. */
#ifndef RETRYSPEC_MOCK_SERVER_REPLY_DATE_H
#define RETRYSPEC_MOCK_SERVER_REPLY_DATE_H

#include <stdint.h>

#include "model/http.h"
#include "model/scenario.h"

struct dated {
    struct http_headers headers;
};

/* One block of heap memory; NULL without it. */
struct dated *reply_date(const struct reply *reply, int64_t wall_ns);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7). */
enum { HTTP_DATE_TEXT = 30 };
void reply_http_date(int64_t unix_s, char text[HTTP_DATE_TEXT]);

#endif
