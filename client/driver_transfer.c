#include "client/driver_transfer.h"
#include "client/curl_api.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/driver_clock.h"

/* -- what libcurl tells while it goes on -------------------------------------
 */

/* "HTTP/1.1 503 Busy": a new head, after a 1xx or as the first. */
static void read_status_line(struct transfer *transfer, const char *line,
                             size_t length)
{
    const char *space = memchr(line, ' ', length);
    arena_deinit(&transfer->arena);
    transfer->headers.count = 0;
    transfer->status = 0;
    for (const char *c = space ? space + 1 : line + length;
         c < line + length && isdigit((unsigned char)*c) &&
         transfer->status < 1000;
         c++) {
        transfer->status = transfer->status * 10 + (*c - '0');
    }
}

static void keep_header(struct transfer *transfer, const char *line,
                        size_t length)
{
    const char *colon = memchr(line, ':', length);
    if (!colon || transfer->headers.count == TRANSFER_HEADERS_MAX) {
        return;
    }
    const char *value = colon + 1, *end = line + length;
    while (value < end && strchr(" \t", *value)) {
        value++;
    }
    while (end > value && strchr(" \t\r\n", end[-1])) {
        end--;
    }
    struct http_header header = {
        .name = arena_strndup(&transfer->arena, line, (size_t)(colon - line)),
        .value = arena_strndup(&transfer->arena, value, (size_t)(end - value)),
    };
    if (header.name && header.value) {
        transfer->items[transfer->headers.count++] = header;
    }
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    transfer->last_byte_ns = driver_clock_ns();
    if (transfer->is_head_whole) {
        return length; /* a trailer */
    }
    if (length >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
        read_status_line(transfer, line, length);
    } else if (line[0] == '\r' || line[0] == '\n') {
        transfer->is_head_whole = transfer->status >= 200;
    } else {
        keep_header(transfer, line, length);
    }
    return length;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    transfer->last_byte_ns = driver_clock_ns();
    transfer->body_bytes += (int64_t)length;
    digest_add(&transfer->digest, bytes, length);
    return length;
}

/* The kernel still knows how the connection ended: after a FIN from the server
 * it waits for ours, after a RST it is closed. */
static int on_close(void *context, curl_socket_t fd)
{
    struct transfer_origin *origin = context;
    struct tcp_info info;
    socklen_t size = sizeof info;
    origin->last_close_was_reset =
        getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
        info.tcpi_state == TCP_CLOSE;
    return close(fd);
}

/* A second sending within an attempt: libcurl is about to send again by itself,
 * because a reused connection died before it said anything. That is a retry
 * which no layer decided, so it does not happen: the attempt ends. */
static bool is_hidden_resend(struct transfer *transfer)
{
    if (transfer->is_connected && !transfer->died_reused) {
        transfer->died_reused = true;
        transfer->died_by_reset = transfer->origin->last_close_was_reset;
    }
    return transfer->is_connected;
}

/* The new connection for such a sending is never made. */
static curl_socket_t on_open(void *context, curlsocktype purpose,
                             struct curl_sockaddr *address)
{
    struct transfer *transfer = context;
    (void)purpose;
    if (is_hidden_resend(transfer)) {
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}

/* Called before each sending, also over another connection that was idle. */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static int on_connected(void *context, char *remote_ip, char *local_ip,
                        int remote_port, int local_port)
{
    struct transfer *transfer = context;
    (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
    if (is_hidden_resend(transfer)) {
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->is_connected = true;
    return CURL_PREREQFUNC_OK;
}

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

static bool set_method(CURL *easy, const struct transfer_request *request)
{
    if (strcmp(request->method, "HEAD") == 0) {
        return curl_api.easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    }
    return set_body(easy, request) &&
           curl_api.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) ==
               CURLE_OK;
}

static void set_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    curl_api.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_api.easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_api.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_api.easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_api.easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_api.easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_api.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_api.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_api.easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_api.easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, transfer->origin);
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

static bool set_options(struct transfer *transfer,
                        const struct transfer_request *request)
{
    CURL *easy = transfer->easy;
    set_callbacks(transfer);
    set_origin(transfer);
    curl_api.easy_setopt(easy, CURLOPT_PRIVATE, request->owner);
    curl_api.easy_setopt(easy, CURLOPT_HTTP_VERSION,
                         (long)CURL_HTTP_VERSION_1_1);
    curl_api.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_api.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    return curl_api.easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_api.easy_setopt(easy, CURLOPT_USERAGENT,
                                "retryspec/" RETRYSPEC_VERSION) == CURLE_OK &&
           curl_api.easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
           set_method(easy, request);
}

bool driver_transfer_init(struct transfer *transfer,
                          struct transfer_origin *origin,
                          const struct transfer_request *request)
{
    *transfer = (struct transfer){
        .easy = curl_api.easy_init(),
        .origin = origin,
    };
    if (transfer->easy && set_options(transfer, request)) {
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
    transfer->easy = NULL;
    transfer->request_headers = NULL;
}

bool driver_transfer_begin(struct transfer *transfer, CURLM *multi,
                           struct curl_slist *headers)
{
    curl_api.slist_free_all(transfer->request_headers);
    transfer->request_headers = headers;
    arena_deinit(&transfer->arena);
    transfer->headers = (struct http_headers){transfer->items, 0};
    transfer->status = 0;
    transfer->is_head_whole = transfer->is_connected = false;
    transfer->died_reused = false;
    transfer->body_bytes = 0;
    transfer->sha256[0] = '\0';
    transfer->last_byte_ns = driver_clock_ns();
    digest_begin(&transfer->digest);
    return curl_api.easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, headers) ==
               CURLE_OK &&
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

static enum attempt_end end_of(const struct transfer *transfer, CURLcode code)
{
    if (transfer->died_reused) {
        return transfer->died_by_reset ? END_RESET : END_CLOSE;
    }
    switch ((int)code) {
    case CURLE_OK: /* a head that ends in a FIN is none */
        return transfer->is_head_whole ? END_STATUS : END_CLOSE;
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
        digest_end(&transfer->digest, transfer->sha256);
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
