/* Replies made ready when a run starts: hashes, header lists and, where
 * libmicrohttpd can send them, its response objects. */
#ifndef RETRYSPEC_MOCK_SERVER_REPLY_H
#define RETRYSPEC_MOCK_SERVER_REPLY_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "mock_server/body.h"
#include "mock_server/reply_date.h"
#include "model/error.h"
#include "model/http.h"
#include "model/scenario.h"
#include "model/trace.h"

struct prepared {
    const struct reply *reply;
    bool is_raw;      /* bytes that libmicrohttpd can't send: raw.h does it */
    bool is_dated;    /* a header depends on the time of the answer */
    bool is_big;      /* read in parts, so that the bytes sent can be told */
    size_t head_size; /* of the scripted headers */
    struct dated *dated;           /* headers; dates in them are not true */
    struct MHD_Response *response; /* NULL if raw, dated or big */
    int64_t date_until_ns; /* monotonic: its header Date is true until then */
    char date[HTTP_DATE_TEXT]; /* that header; "" if it is scripted */
    char *body;                /* a small seeded body */
    char sha256[DIGEST_TEXT];
    struct trace_step_text step_text;
    struct trace_reply_text text; /* not of a reply that is dated */
};

/* Sorted by address of the reply. */
struct replies {
    struct prepared *items;
    size_t count;
};

/* False and a problem without memory. */
bool replies_init(struct replies *replies, const struct scenario *scenario,
                  struct error *error);
void replies_deinit(struct replies *replies);
/* Of a reply of the scenario, or script_reply_full. */
struct prepared *replies_find(const struct replies *replies,
                              const struct reply *reply);

/* The shared response with the Date of now, a monotonic instant: libmicrohttpd
 * would format it anew for each answer. NULL if there is none to share or
 * memory runs out. */
struct MHD_Response *reply_share(struct prepared *prepared, int64_t now_ns);

/* A response object with these headers. `progress` (may be NULL) is kept at the
 * body bytes that were taken so far. NULL if libmicrohttpd refuses a header or
 * memory runs out. */
struct MHD_Response *reply_build(const struct prepared *prepared,
                                 const struct http_headers *headers,
                                 int64_t *progress);

#endif
