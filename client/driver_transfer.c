#include "client/driver_transfer.h"
#include "client/curl_api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* -- setting up -------------------------------------------------------------
 */

static bool set_body(CURL *easy, const struct transfer_request *request)
{
    if (!request->payload) {
        return curl_api.easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    }
    return curl_api.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                (curl_off_t)strlen(request->payload)) ==
               CURLE_OK &&
           curl_api.easy_setopt(easy, CURLOPT_POSTFIELDS, request->payload) ==
               CURLE_OK;
}

/* The handle may have sent another method before. */
static bool set_method(CURL *easy, const struct transfer_request *request)
{
    curl_api.easy_setopt(easy, CURLOPT_NOBODY, 0L);
    curl_api.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    if (strcmp(request->method, "HEAD") == 0) {
        return curl_api.easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    }
    return set_body(easy, request) &&
           curl_api.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) ==
               CURLE_OK;
}

/* Each client has its own name for the server, so that connections are never
 * shared between clients; Host says what the URL says. */
static void set_origin(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    struct transfer_origin *origin = transfer->origin;
    curl_api.easy_setopt(easy, CURLOPT_CONNECT_TO, origin->connect_to_list);
    curl_api.easy_setopt(easy, CURLOPT_RESOLVE, origin->resolve_list);
    curl_api.easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
}

static bool set_options(struct transfer *transfer, void *owner)
{
    CURL *easy = transfer->easy;
    driver_receive_set_up(transfer);
    set_origin(transfer);
    curl_api.easy_setopt(easy, CURLOPT_PRIVATE, owner);
    curl_api.easy_setopt(easy, CURLOPT_HTTP_VERSION,
                         (long)CURL_HTTP_VERSION_1_1);
    curl_api.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_api.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    return curl_api.easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_api.easy_setopt(easy, CURLOPT_USERAGENT,
                                "retryspec/" RETRYSPEC_VERSION) == CURLE_OK;
}

bool driver_transfer_init(struct transfer *transfer,
                          struct transfer_origin *origin, void *owner)
{
    *transfer = (struct transfer){
        .easy = curl_api.easy_init(),
        .origin = origin,
    };
    if (transfer->easy && set_options(transfer, owner)) {
        return true;
    }
    driver_transfer_deinit(transfer);
    return false;
}

void driver_transfer_deinit(struct transfer *transfer)
{
    curl_api.easy_cleanup(transfer->easy);
    curl_api.slist_free_all(transfer->request_headers);
    arena_deinit(&transfer->arena);
    free(transfer->kept);
    free(transfer->part.kept);
    transfer->easy = NULL;
    transfer->request_headers = NULL;
    transfer->kept = transfer->part.kept = NULL;
}

bool driver_transfer_aim(struct transfer *transfer,
                         const struct transfer_request *request)
{
    transfer->part.size = 0;
    return curl_api.easy_setopt(transfer->easy, CURLOPT_URL, request->url) ==
               CURLE_OK &&
           set_method(transfer->easy, request);
}

bool driver_transfer_begin(struct transfer *transfer, CURLM *multi,
                           struct curl_slist *headers)
{
    if (headers) {
        curl_api.slist_free_all(transfer->request_headers);
        transfer->request_headers = headers;
    }
    driver_receive_begin(transfer);
    return curl_api.easy_setopt(transfer->easy, CURLOPT_HTTPHEADER,
                                transfer->request_headers) == CURLE_OK &&
           curl_api.multi_add_handle(multi, transfer->easy) == CURLM_OK;
}

/* -- how it ended -----------------------------------------------------------
 */

static long number(const struct transfer *transfer, CURLINFO info)
{
    long value = 0;
    curl_api.easy_getinfo(transfer->easy, info, &value);
    return value;
}

static enum attempt_end reset_end(const struct transfer *transfer)
{
    return transfer->is_head_whole ? END_RESET_BODY : END_RESET;
}

static enum attempt_end close_end(const struct transfer *transfer)
{
    return transfer->is_head_whole ? END_CUT : END_CLOSE;
}

static enum attempt_end connect_end(const struct transfer *transfer)
{
    switch (number(transfer, CURLINFO_OS_ERRNO)) {
    case ECONNREFUSED:
        return END_REFUSED;
    case ECONNRESET: /* accepted and reset before connect() was seen to end */
        return END_RESET;
    default:
        return END_UNREACHABLE;
    }
}

/* CURLE_RECV_ERROR also stands for a broken chunk, without an errno. */
static enum attempt_end receive_end(const struct transfer *transfer)
{
    long os_error = number(transfer, CURLINFO_OS_ERRNO);
    return os_error == 0 || os_error == EAGAIN ? END_GARBAGE
                                               : reset_end(transfer);
}

/* The rest of another body is no answer to what was asked. */
static enum attempt_end whole_end(const struct transfer *transfer)
{
    return transfer->is_misjoined ? END_GARBAGE : END_STATUS;
}

static enum attempt_end end_of(const struct transfer *transfer, CURLcode code)
{
    if (transfer->died_reused) {
        return transfer->died_by_reset ? END_RESET : END_CLOSE;
    }
    switch ((int)code) {
    case CURLE_OK: /* a head that ends in a FIN is none */
        return transfer->is_head_whole ? whole_end(transfer) : END_CLOSE;
    case CURLE_COULDNT_RESOLVE_HOST:
        return END_UNREACHABLE;
    case CURLE_COULDNT_CONNECT:
        return connect_end(transfer);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return close_end(transfer);
    case CURLE_SEND_ERROR:
        return reset_end(transfer);
    case CURLE_RECV_ERROR:
        return receive_end(transfer);
    case CURLE_OPERATION_TIMEDOUT:
        return transfer->is_connected ? END_TIMEOUT : END_UNREACHABLE;
    default: /* of libcurl's errors, not ours: what is left is no HTTP */
        return END_GARBAGE;
    }
}

static void keep_body(const struct transfer *transfer,
                      struct attempt_outcome *outcome)
{
    if (transfer->kept_size > 0) {
        outcome->body = transfer->kept;
        outcome->body_size = transfer->kept_size;
    }
}

struct attempt_outcome driver_transfer_end(struct transfer *transfer,
                                           CURLM *multi, CURLcode code)
{
    struct attempt_outcome outcome = {
        .end = end_of(transfer, code),
        .connection_was_reused = transfer->died_reused ||
                                 (transfer->is_connected &&
                                  number(transfer, CURLINFO_NUM_CONNECTS) == 0),
    };
    if (outcome.end == END_STATUS) {
        outcome.status = transfer->status;
        outcome.headers = &transfer->headers;
        keep_body(transfer, &outcome);
        if (transfer->status == 200 || transfer->is_joined) {
            transfer->part.size = 0; /* it is whole now */
        }
        digest_end(&transfer->digest, transfer->sha256);
    } else if (outcome.end == END_CUT) {
        driver_receive_keep_part(transfer);
    }
    curl_api.multi_remove_handle(multi, transfer->easy);
    return outcome;
}

struct attempt_outcome driver_transfer_time_out(struct transfer *transfer,
                                                CURLM *multi)
{
    curl_api.multi_remove_handle(multi, transfer->easy);
    return (struct attempt_outcome){
        .end = transfer->is_connected ? END_TIMEOUT : END_UNREACHABLE,
    };
}

void driver_transfer_abort(struct transfer *transfer, CURLM *multi)
{
    curl_api.multi_remove_handle(multi, transfer->easy);
}
