/* What the files of the server share: the server, its runs, their connections.
 * Not for other folders.
 *
 * Who owns a descriptor: a connection that meets a fault at accept is ours
 * alone (`mhd` is NULL). Every other one is libmicrohttpd's; while it is
 * suspended there (a delay, or our own writer at work), we watch the descriptor
 * and may write to it, and only libmicrohttpd closes it. */
#ifndef RETRYSPEC_MOCK_SERVER_PARTS_H
#define RETRYSPEC_MOCK_SERVER_PARTS_H

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "mock_server/alarm.h"
#include "mock_server/body.h"
#include "mock_server/lag.h"
#include "mock_server/reply.h"
#include "mock_server/script.h"
#include "mock_server/server.h"
#include "model/timers.h"

enum timer_kind { TIMER_CANARY, TIMER_LISTENER, TIMER_CONN };

/* What an event of the outer epoll is about; first member of its owner. */
enum watch { WATCH_MHD, WATCH_TIMER, WATCH_LISTENER, WATCH_CONN };

struct mock_server {
    enum watch mhd_watch, timer_watch;
    int epoll_fd, mhd_fd;
    int spare_fd; /* given up for a moment when descriptors run out */
    struct MHD_Daemon *daemon;
    struct timers timers;
    struct alarm alarm; /* for the earliest of them */
    struct timer canary;
    struct mock_run *runs;
    size_t run_count, conn_count;
    struct conn *adding; /* being handed to libmicrohttpd */
    int64_t timers_ns;   /* when timers were last run */
    int64_t turn_ns;     /* when libmicrohttpd was last run */
    bool must_run;       /* libmicrohttpd has work */
};

enum { STALL_FILLERS = 2 };

/* Memory of libmicrohttpd for a connection: holds the request head, some 60
 * bytes more for each header, and the response head. A request head that does
 * not fit is answered 431 or 414. */
enum { CONN_POOL = 8 * 1024, CONN_POOL_HEADER = 60 };

struct mock_run {
    enum watch watch;
    struct mock_server *server;
    struct mock_run *next;
    const struct scenario *scenario;
    struct script *script;
    struct trace_writer *trace;
    struct replies replies;
    int64_t origin_ns, connections_max, request_bytes_max;

    struct sockaddr_storage address;
    socklen_t address_size;
    char url[80];
    int listen_fd; /* -1 while it refuses */
    int holder_fd; /* bound to the port and never listening: keeps it ours */
    bool has_outages;
    enum script_listener listener;
    const char *outage; /* JSON path of the window in force */
    struct timer listener_timer;
    int filler_fds[STALL_FILLERS];
    uint16_t filler_ports[STALL_FILLERS];

    struct conn *conns;
    int64_t conns_open;
    struct mock_run_stats stats;
    struct lag lag;
};

/* Where a connection is in the life of its present request. */
enum conn_phase {
    CONN_HEAD,      /* no request yet, or its head is not whole */
    CONN_BODY,      /* head whole; libmicrohttpd reads the body */
    CONN_DELAYED,   /* suspended until the answer is due */
    CONN_DUE,       /* resumed; a plain answer is to be queued */
    CONN_ANSWERING, /* libmicrohttpd sends a plain answer */
    CONN_RAW,       /* suspended; raw.h writes */
    CONN_SILENT,    /* suspended; a hang */
    CONN_LINGER,    /* suspended; our FIN is sent, the client's awaited */
    CONN_ENDING,    /* libmicrohttpd is to close it */
};

enum { TARGET_INLINE = 128 };

struct conn {
    enum watch watch;
    int fd;
    struct mock_run *run;
    struct conn *next, *previous;
    struct MHD_Connection *mhd;
    struct timer timer;
    enum conn_phase phase;
    uint32_t watched; /* events asked of the outer epoll */
    bool has_left;    /* the client's FIN came while libmicrohttpd had it */
    bool was_reset;   /* a send of ours told that the client reset it */
    int64_t id, uses, accepted_ns;

    /* the present request */
    bool in_flight;
    bool is_traced; /* its request line is written */
    bool is_head, is_http10;
    size_t pool_used; /* by its head */
    struct trace_attempt attempt;
    char *target; /* target_text, or heap */
    char target_text[TARGET_INLINE];
    struct digest digest; /* of a body, once a byte of it came */
    char *body;           /* the first bytes, for the script */
    size_t body_kept, body_room;
    int64_t due_ns; /* when the answer is */
    struct prepared *prepared;
    struct dated *dated;       /* headers made for this answer; NULL: none */
    struct MHD_Response *made; /* for this answer alone; NULL: prepared */
    struct raw *raw;
};

/* The struct that `member` is embedded in. */
#define OWNER(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Monotonic instant on the run's clock. */
static inline int64_t run_clock(const struct mock_run *run, int64_t now_ns)
{
    return now_ns - run->origin_ns;
}

/* In host order. */
static inline uint16_t address_port(const struct sockaddr_storage *address)
{
    /* sin_port and sin6_port lie at the same place. */
    struct sockaddr_in in;
    memcpy(&in, address, sizeof in);
    return ntohs(in.sin_port);
}

/* For run.c: the first run came or the last one went; and: lets libmicrohttpd
 * close the connections of a run, which are shut down. */
void server_runs_changed(struct mock_server *server);
void server_finish_run(struct mock_run *run);

#endif
