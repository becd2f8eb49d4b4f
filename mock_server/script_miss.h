/* Why a request matched no route: the nearest one and what differs. */
#ifndef RETRYSPEC_MOCK_SERVER_SCRIPT_MISS_H
#define RETRYSPEC_MOCK_SERVER_SCRIPT_MISS_H

#include <stddef.h>

#include "model/scenario.h"

/* GET /v1/ech matches no route; nearest is server[0] "POST /v1/echo": method
 * GET is not POST, path /v1/ech is not /v1/echo. Returns text. */
char *script_miss_explain(const struct scenario *scenario, const char *method,
                          const char *path, char text[400]);

#endif
