/* Why a request has no reply: the nearest route and what differs, or what is
 * over or not yet come on its own. */
#ifndef RETRYSPEC_MOCK_SERVER_SCRIPT_MISS_H
#define RETRYSPEC_MOCK_SERVER_SCRIPT_MISS_H

#include <stddef.h>
#include <stdint.h>

#include "model/scenario.h"

/* GET /v1/ech matches no route; nearest is server[0] "POST /v1/echo": method
 * GET is not POST, path /v1/ech is not /v1/echo. Returns text. */
char *script_miss_explain(const struct scenario *scenario, const char *method,
                          const char *path, char text[400]);

/* No window of the route is open `since_ns` after the first request, or its
 * steps are used up. Returns text. */
char *script_miss_no_reply(const struct route *route, int64_t since_ns,
                           char text[400]);

/* What such a request is answered: a status, and a body that says why (JSON on
 * the heap; NULL without memory). */
enum { SCRIPT_MISS_STATUS = 418 };
char *script_miss_body(const char *reason);

#endif
