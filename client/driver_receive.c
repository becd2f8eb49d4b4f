/* What libcurl tells while a transfer goes on: head, body, connections. */
#include <ctype.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/curl_api.h"
#include "client/driver_clock.h"
#include "client/driver_transfer.h"

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

/* -- bodies that are resumed ------------------------------------------------
 */

static void keep(struct transfer *transfer, const char *bytes, size_t length)
{
    size_t room = transfer->keeps_bytes - transfer->kept_size;
    size_t size = length < room ? length : room;
    char *longer =
        size ? realloc(transfer->kept, transfer->kept_size + size) : NULL;
    if (longer) {
        memcpy(longer + transfer->kept_size, bytes, size);
        transfer->kept = longer;
        transfer->kept_size += size;
    }
}

/* "bytes 100-199/200": does the answer go on where the part ends? */
static bool goes_on(const struct transfer *transfer)
{
    const char *range = http_header_get(&transfer->headers, "content-range");
    char start[48];
    snprintf(start, sizeof start, "bytes %" PRId64 "-", transfer->part.size);
    return range && strncasecmp(range, start, strlen(start)) == 0;
}

/* RFC 9110 14.4: a 206 that answers our Range is the rest; with another status
 * the body is one of its own. */
static void join(struct transfer *transfer)
{
    if (transfer->status == 206 && transfer->part.size > 0) {
        transfer->is_joined = goes_on(transfer);
        transfer->is_misjoined = !transfer->is_joined;
    }
    if (transfer->is_joined) {
        transfer->digest = transfer->part.digest;
        keep(transfer, transfer->part.kept, transfer->part.kept_size);
    }
    if (transfer->status == 416) {
        transfer->part.size = 0;
    }
}

/* The answer has the bytes of the parts before it as well, if it goes on. */
static void keep_bytes_of_part(struct transfer *transfer)
{
    struct transfer_part *part = &transfer->part;
    free(part->kept);
    part->kept = transfer->kept;
    part->kept_size = transfer->kept_size;
    transfer->kept = NULL;
    transfer->kept_size = 0;
}

void driver_receive_keep_part(struct transfer *transfer)
{
    struct transfer_part *part = &transfer->part;
    bool is_part = transfer->status == 200 || transfer->is_joined;
    if (!part->is_wanted || !is_part) {
        return;
    }
    part->digest = transfer->digest;
    keep_bytes_of_part(transfer);
    const char *etag = http_header_get(&transfer->headers, "etag");
    part->size = transfer->body_bytes + (transfer->is_joined ? part->size : 0);
    /* RFC 9110 13.1.5: a weak one must not be sent in If-Range. */
    bool is_strong = etag && etag[0] == '"';
    if (is_strong || !transfer->is_joined) {
        snprintf(part->etag, sizeof part->etag, "%s", is_strong ? etag : "");
    }
}

/* -- head and body ----------------------------------------------------------
 */

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
        if (transfer->is_head_whole) {
            join(transfer);
        }
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
    keep(transfer, bytes, length);
    digest_add(&transfer->digest, bytes, length);
    return length;
}

/* -- connections ------------------------------------------------------------
 */

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

/* -- set up and begun -------------------------------------------------------
 */

void driver_receive_set_up(struct transfer *transfer)
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

void driver_receive_begin(struct transfer *transfer)
{
    arena_deinit(&transfer->arena);
    transfer->headers = (struct http_headers){transfer->items, 0};
    transfer->status = 0;
    transfer->is_head_whole = transfer->is_connected = false;
    transfer->died_reused = false;
    transfer->is_joined = transfer->is_misjoined = false;
    transfer->body_bytes = 0;
    transfer->kept_size = 0;
    transfer->sha256[0] = '\0';
    transfer->last_byte_ns = driver_clock_ns();
    digest_begin(&transfer->digest);
}
