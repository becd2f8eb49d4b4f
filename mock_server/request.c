#include "mock_server/request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_server/answer.h"
#include "mock_server/attempt.h"
#include "mock_server/conn.h"
#include "mock_server/raw.h"
#include "model/units.h"

static void *on_request_line(void *context, const char *target,
                             struct MHD_Connection *mhd)
{
    (void)context;
    struct conn *conn =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
            ->socket_context;
    if (conn && !attempt_target(conn, target)) {
        conn->phase = CONN_ENDING;
    }
    return conn;
}

/* -- the request -- */

static int64_t announced_size(struct MHD_Connection *mhd)
{
    const char *text =
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Length");
    if (!text) {
        return 0;
    }
    errno = 0;
    long long size = strtoll(text, NULL, 10);
    return errno ? INT64_MAX : size;
}

static enum MHD_Result refuse_size(struct conn *conn, int64_t now_ns)
{
    static const char answer[] = "HTTP/1.1 413 Content Too Large\r\n"
                                 "Content-Length: 0\r\n"
                                 "Connection: close\r\n\r\n";
    char reason[100], limit[UNITS_TEXT_MAX];
    snprintf(
        reason, sizeof reason, "the request body is larger than %s",
        units_format_size(conn->run->request_bytes_max, limit, sizeof limit));
    attempt_refuse(conn, 413, reason);
    conn_hold(conn);
    raw_refuse(conn, answer, now_ns);
    return MHD_YES;
}

static enum MHD_Result begin(struct conn *conn, const char *method,
                             const char *version)
{
    int64_t now_ns = alarm_now();
    attempt_begin(conn, method, now_ns);
    conn->is_head = strcmp(method, "HEAD") == 0;
    conn->is_http10 = strcmp(version, "HTTP/1.0") == 0;
    conn->phase = CONN_BODY;
    if (announced_size(conn->mhd) > conn->run->request_bytes_max) {
        return refuse_size(conn, now_ns);
    }
    return MHD_YES;
}

static enum MHD_Result take_body(struct conn *conn, const char *bytes,
                                 size_t *size)
{
    size_t part = *size;
    int64_t left = conn->run->request_bytes_max - conn->attempt.body_size;
    if (part > (uint64_t)left) {
        return refuse_size(conn, alarm_now());
    }
    *size = 0;
    return attempt_body(conn, bytes, part) ? MHD_YES : MHD_NO;
}

/* What ends in libmicrohttpd's turn of its head came with it. */
static int64_t request_end(const struct conn *conn)
{
    const struct mock_run *run = conn->run;
    int64_t head_ns = run->origin_ns + conn->attempt.head_ns;
    return head_ns >= run->server->turn_ns ? head_ns : alarm_now();
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd,
                                  const char *url, const char *method,
                                  const char *version, const char *bytes,
                                  size_t *size, void **request)
{
    (void)context;
    (void)url; /* decoded; the target as it came is the conn's */
    struct conn *conn = *request;
    if (!conn) {
        return MHD_NO;
    }
    conn->mhd = mhd;
    switch (conn->phase) {
    case CONN_HEAD:
        return begin(conn, method, version);
    case CONN_BODY:
        return *size > 0 ? take_body(conn, bytes, size)
                         : answer_decide(conn, request_end(conn));
    case CONN_DUE:
        return answer_plain(conn, alarm_now());
    case CONN_DELAYED:
    case CONN_ANSWERING:
    case CONN_RAW:
    case CONN_SILENT:
    case CONN_LINGER:
    case CONN_ENDING:
        break;
    }
    return MHD_NO; /* close it */
}

/* -- its end -- */

/* The request body was cut, malformed, or we gave up on it. */
static void end_cut_request(struct conn *conn,
                            enum MHD_RequestTerminationCode code)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    if (info && info->http_status >= 400) {
        conn->attempt.status = info->http_status;
        attempt_end(conn, END_STATUS, "the request was malformed");
        return;
    }
    attempt_gone(conn, alarm_now(), code == MHD_REQUEST_TERMINATED_READ_ERROR);
    attempt_end(conn, END_TIMEOUT, "the client left during its request");
}

static void on_completed(void *context, struct MHD_Connection *mhd,
                         void **request, enum MHD_RequestTerminationCode code)
{
    (void)context;
    struct conn *conn = *request;
    if (!conn) {
        return;
    }
    conn->mhd = mhd;
    if (conn->in_flight && conn->phase == CONN_ANSWERING) {
        answer_done(conn, code);
    } else if (conn->in_flight) {
        end_cut_request(conn, code);
    }
    attempt_clear(conn);
    if (conn->phase != CONN_ENDING) {
        conn->phase = CONN_HEAD;
        conn_look_again(conn);
    }
    *request = NULL;
}

/* -- the connection -- */

static void on_connection(void *context, struct MHD_Connection *mhd,
                          void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct mock_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct conn *conn = server->adding;
        server->adding = NULL;
        if (conn) {
            conn->mhd = mhd;
        }
        *socket_context = conn;
    } else if (*socket_context) {
        conn_forget(*socket_context);
        *socket_context = NULL;
    }
}

void request_add(struct conn *conn, const struct sockaddr_storage *peer,
                 socklen_t peer_size)
{
    struct mock_server *server = conn->run->server;
    server->adding = conn;
    enum MHD_Result result = MHD_add_connection(
        server->daemon, conn->fd, (const struct sockaddr *)peer, peer_size);
    server->must_run = true;
    if (result == MHD_YES) {
        conn_rest(conn);
    } else if (server->adding) {
        conn_forget(conn); /* libmicrohttpd closed the descriptor */
    }
    server->adding = NULL;
}

struct MHD_Daemon *request_daemon(struct mock_server *server,
                                  unsigned connection_limit,
                                  struct error *error)
{
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
        NULL, NULL, on_request, server, MHD_OPTION_URI_LOG_CALLBACK,
        on_request_line, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_CONNECTION_LIMIT, connection_limit,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONN_POOL,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_END);
    if (!daemon) {
        error_add(error, PROBLEM_SYSTEM, "libmicrohttpd can't be started");
    }
    return daemon;
}
