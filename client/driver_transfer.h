/* One HTTP request at a time over libcurl, and how it ended in our words. */
#ifndef RETRYSPEC_CLIENT_DRIVER_TRANSFER_H
#define RETRYSPEC_CLIENT_DRIVER_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"
#include "model/arena.h"
#include "model/digest.h"

enum { TRANSFER_HEADERS_MAX = 100, TRANSFER_ETAG_MAX = 128 };

/* What the transfers of one client share. libcurl may close a connection long
 * after the transfer that opened it is gone, so this outlives them all. */
struct transfer_origin {
    char connect_to[64];
    char resolve[256];
    struct curl_slist *connect_to_list, *resolve_list;
    bool last_close_was_reset;
};

/* The first part of a body that was cut, to be joined with the rest. */
struct transfer_part {
    bool is_wanted; /* cut bodies are kept */
    int64_t size;   /* 0: there is none */
    struct digest digest;
    char *kept; /* its first bytes, at most keeps_bytes */
    size_t kept_size;
    char etag[TRANSFER_ETAG_MAX]; /* strong; "": none */
};

struct transfer {
    CURL *easy;
    struct transfer_origin *origin;
    struct curl_slist *request_headers;
    struct digest digest; /* of the body so far */
    struct arena arena;   /* of the response head */
    struct http_header items[TRANSFER_HEADERS_MAX];
    struct http_headers headers;
    int status;
    bool is_head_whole, is_connected, died_reused, died_by_reset;
    bool is_joined;       /* the body goes on from `part` */
    bool is_misjoined;    /* a 206 that does not */
    int64_t last_byte_ns; /* or when the attempt began */
    int64_t body_bytes;   /* of this answer */
    char *kept;           /* its first bytes, at most keeps_bytes */
    size_t kept_size, keeps_bytes;
    struct transfer_part part;
    char sha256[DIGEST_TEXT]; /* of the body; "" without a response */
};

/* What stays the same over the attempts of a request. All borrowed. */
struct transfer_request {
    const char *url, *method;
    const char *payload; /* NULL: no body */
};

/* `origin` is borrowed; `owner` is CURLINFO_PRIVATE. False without memory. */
bool driver_transfer_init(struct transfer *transfer,
                          struct transfer_origin *origin, void *owner);
void driver_transfer_deinit(struct transfer *transfer);

/* What the next attempts send; a part of another request's body is forgotten.
 * False without memory. */
bool driver_transfer_aim(struct transfer *transfer,
                         const struct transfer_request *request);

/* Sends. `headers` is owned by the transfer from now on; NULL: the same as
 * before. */
bool driver_transfer_begin(struct transfer *transfer, CURLM *multi,
                           struct curl_slist *headers);

/* It ended by itself: takes it off `multi` and says how. Headers and body live
 * until the next attempt. */
struct attempt_outcome driver_transfer_end(struct transfer *transfer,
                                           CURLM *multi, CURLcode code);

/* Our limit ended it. A connection that was not there yet is END_UNREACHABLE,
 * since then it is the connecting that took too long. */
struct attempt_outcome driver_transfer_time_out(struct transfer *transfer,
                                                CURLM *multi);

void driver_transfer_abort(struct transfer *transfer, CURLM *multi);

/* -- driver_receive.c: what libcurl tells while it goes on ------------------
 */

void driver_receive_set_up(struct transfer *transfer);

/* Forgets the answer before. */
void driver_receive_begin(struct transfer *transfer);

/* After a cut body: keeps its digest, so that a Range request may go on. */
void driver_receive_keep_part(struct transfer *transfer);

#endif
