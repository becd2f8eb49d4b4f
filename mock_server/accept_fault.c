#include "mock_server/accept_fault.h"

#include <stdio.h>

#include "mock_server/conn.h"
#include "mock_server/raw.h"
#include "model/units.h"

static void record(struct conn *conn, enum fault_do kind, const char *step,
                   const char *proof)
{
    struct mock_run *run = conn->run;
    struct trace_conn line = {
        .conn = conn->id,
        .accepted_ns = conn->accepted_ns,
        .closed_ns = TRACE_NEVER,
        .fault = kind,
        .step = step,
        .proof = proof,
    };
    trace_write_accept_fault(run->trace, run_clock(run, alarm_now()), &line);
}

static void hang(struct conn *conn, const struct fault *fault, int64_t now_ns)
{
    conn->phase = CONN_SILENT;
    conn_watch(conn, 0);
    if (fault->kind == FAULT_HANG && fault->for_ns != NS_FOREVER) {
        timers_set(&conn->run->server->timers, &conn->timer,
                   units_add(now_ns, fault->for_ns));
    }
}

void accept_fault_strike(struct conn *conn, const struct reply *reply,
                         int64_t now_ns)
{
    const struct fault *fault = &reply->fault;
    switch (fault->kind) {
    case FAULT_RESET:
    case FAULT_REFUSE: /* accepted in the moment before the listener closed */
        record(conn, fault->kind, reply->where,
               raw_reset(conn->fd) ? "RST sent"
                                   : "the connection was gone already");
        conn_close(conn);
        return;
    case FAULT_HANG:
    case FAULT_STALL:
        record(conn, fault->kind, reply->where, "accepted, then silent");
        hang(conn, fault, now_ns);
        return;
    case FAULT_GARBAGE: {
        ssize_t sent =
            send(conn->fd, raw_garbage, RAW_GARBAGE_SIZE, MSG_NOSIGNAL);
        char proof[60];
        snprintf(proof, sizeof proof, "%zd B that are no HTTP, FIN sent", sent);
        record(conn, fault->kind, reply->where, proof);
        break;
    }
    case FAULT_CLOSE:
    case FAULT_NONE:
    case FAULT_DRIP: /* nothing of a response to slow down */
        record(conn, FAULT_CLOSE, reply->where, "FIN sent");
        break;
    }
    shutdown(conn->fd, SHUT_WR);
    conn_linger(conn, now_ns);
}

void accept_fault_full(struct conn *conn)
{
    char proof[100];
    snprintf(proof, sizeof proof,
             "closed: the run allows %lld connections at once",
             (long long)conn->run->connections_max);
    record(conn, FAULT_CLOSE, "", proof);
    conn_close(conn);
}
