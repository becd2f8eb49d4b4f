/* The trace: what happened, append-only, one JSON object a line.
 *
 * Written by the server and the runner while a run goes on (mock_server and
 * runner own the file); read back by the judge, which never sees anything else,
 * so a stored trace gives the verdict of the live run. Times are nanoseconds
 * of the monotonic clock since the run began, key "t". docs/trace.md lists
 * every record. A killed run leaves whole lines; a half last line is ignored.
 */
#ifndef RETRYSPEC_MODEL_TRACE_H
#define RETRYSPEC_MODEL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/http.h"
#include "model/scenario.h"

/* A time that has not come. */
#define TRACE_NEVER INT64_C(-1)

enum { TRACE_HEADERS_MAX = 32, TRACE_LINE_MAX = 64 * 1024 };

/* One request and what became of it: a "request" line when the request is
 * whole, a "response" line when it ended. */
struct trace_attempt {
    int64_t id;          /* from 1, in order of their request heads */
    int64_t conn;        /* connection, from 1 */
    int64_t conn_use;    /* requests on it so far, this one included, from 1 */
    int64_t accepted_ns; /* when that connection was accepted */
    int64_t head_ns;     /* request head whole */
    int64_t request_end_ns; /* request body whole; TRACE_NEVER if cut */
    int64_t first_byte_ns;  /* first response byte handed to the kernel */
    int64_t last_byte_ns;   /* last response byte, or the fault, left */
    int64_t gone_ns;        /* client's FIN or RST seen; TRACE_NEVER if not */
    bool gone_by_reset;     /* the client sent RST */
    const char *call;       /* call key; "" if none could be found */
    const char *method, *target; /* target with query */
    struct http_headers headers; /* of the request, at most TRACE_HEADERS_MAX */
    int64_t body_size;
    const char *body_sha256;  /* hex, "" for an empty body */
    const char *route, *step; /* JSON paths; "" if unmatched */
    bool judged;
    const struct trace_step_text *step_text; /* these as text; may be NULL */
    int64_t status; /* sent or meant to be sent; 0 if none */
    struct http_headers reply_headers;
    int64_t reply_size;       /* whole body as scripted */
    const char *reply_sha256; /* of the whole body as scripted */
    const struct trace_reply_text *reply_text; /* these three; may be NULL */
    int64_t sent_bytes;                        /* body bytes the kernel took */
    int64_t delay_ns;                          /* scripted delay, as drawn */
    enum attempt_end end; /* how the client must have seen it end */
    struct fault fault;   /* kind FAULT_NONE if none was due */
    bool fault_fired;
    const char
        *proof; /* what left the socket: "RST sent, 16384 B acknowledged" */
    const char *reason; /* unmatched: near-miss explanation; else "" */
};

/* What all request lines of one step have in common, formatted once. */
struct trace_step_text {
    size_t size; /* 0: too long to be kept, each line is formatted */
    char bytes[120];
};

/* What the response lines of one reply end with when it was sent whole, without
 * delay or fault, formatted once. */
struct trace_reply_text {
    size_t size; /* 0: too long to be kept, each line is formatted */
    char bytes[320];
};

struct trace_conn {
    int64_t conn, accepted_ns, closed_ns; /* closed_ns may be TRACE_NEVER */
    int64_t requests;
    enum fault_do fault; /* at accept, FAULT_NONE if none */
    const char *step;    /* JSON path of the fault */
    const char *proof;
};

/* A span in which the listener refused or stalled. */
struct trace_outage {
    enum fault_do kind; /* FAULT_REFUSE or FAULT_STALL */
    int64_t from_ns, to_ns;
    const char *window; /* JSON path */
};

/* One line of the adapter's results file. */
struct trace_result {
    const char *call;
    bool is_ok;
    int64_t status;     /* 0 if not given */
    const char *error;  /* "" if not given */
    const char *sha256; /* of the body the caller got; "" if not given */
};

/* At level 0 the runner is the caller: it ended a call's program when the
 * caller's patience was over. */
struct trace_give_up {
    int64_t t_ns;
    const char *call;
};

/* The client was ready to run but got no CPU. A wait counts when it ends, so it
 * may be longer than the span in which it did. */
struct trace_starved {
    int64_t from_ns, to_ns; /* spans follow each other and never overlap */
    int64_t wait_ns;
};

/* How the client under test ended. */
enum client_end {
    CLIENT_NOT_STARTED, /* `code` is the errno */
    CLIENT_EXITED,      /* `code` */
    CLIENT_SIGNALED,    /* `code` is the signal */
    CLIENT_STOPPED,     /* by the runner, past its deadline */
    CLIENT_GIVEN_UP,    /* by the runner, as its caller gave up */
    CLIENT_NOT_RUN,     /* the runner saw that it can't run the scenario */
};

/* What the runner knows of the client and no other line tells. */
struct trace_client {
    enum client_end end;
    int64_t code;
    int64_t leftovers;     /* processes it left behind */
    int64_t output_bytes;  /* stdout and stderr together */
    int64_t output_lost;   /* of them those that were not kept */
    int64_t limit_ns;      /* how long it was given; 0: not known */
    const char *reason;    /* of CLIENT_NOT_STARTED, CLIENT_NOT_RUN and, in
                              virtual time, CLIENT_STOPPED; "" */
    const char *last_line; /* of its stderr; "" */
};

struct trace {
    struct arena arena;
    const char *scenario, *profile, *version;
    uint64_t seed;
    int64_t wall_ns; /* Unix time at t = 0, to read HTTP-dates; 0: not known */
    int level;       /* 0: a program without adapter; 1: an adapter */
    struct trace_attempt *attempts; /* by id; heap, as conns are */
    size_t attempt_count;
    struct trace_conn *conns;
    size_t conn_count;
    struct trace_outage *outages;
    size_t outage_count;
    struct trace_result *results;
    size_t result_count;
    bool has_results;              /* a results file was there */
    const char *results_problem;   /* its first bad line; "" */
    struct trace_starved *starved; /* by time */
    size_t starved_count;
    struct trace_give_up *give_ups;
    size_t give_up_count;
    int64_t spawned_ns, ended_ns; /* of the client; TRACE_NEVER */
    struct trace_client client;
    int64_t lag_p99_ns, lag_max_ns; /* lateness of the loop and its canary */
    bool interrupted;
    bool complete; /* an "end" line was there */
};

/* Reads a trace from memory; lines of unknown "ev" are skipped, a malformed
 * line is a problem with its line number. NULL on failure; free with
 * trace_free. */
struct trace *trace_read(const char *file, const char *bytes, size_t size,
                         struct error *error);
struct trace *trace_read_file(const char *file, struct error *error);
void trace_free(struct trace *trace);

/* -- writing -----------------------------------------------------------------
 */

/* A buffer of lines in front of a file descriptor. Bounded: when it is full it
 * is written. Writing to the descriptor is the caller's act
 * (trace_writer_flush); formatting is pure. */
struct trace_writer;

/* `fd` is not owned; -1 keeps nothing (for benchmarks and dry runs). */
struct trace_writer *trace_writer_create(int fd, struct error *error);
void trace_writer_free(struct trace_writer *writer); /* does not flush */

/* Hands whole lines to the kernel. False once a write failed; the first failure
 * is kept and later lines are dropped and counted. */
bool trace_writer_flush(struct trace_writer *writer);
size_t trace_writer_pending(const struct trace_writer *writer); /* bytes */
int64_t trace_writer_dropped(const struct trace_writer *writer);

/* The "run" line, the first of a trace. */
struct trace_run {
    const char *scenario;
    const char *profile; /* NULL or "": none is at work */
    uint64_t seed;
    int level;
    int64_t wall_ns; /* Unix time at t = 0; 0: not known */
    const char *url; /* NULL or "": none */
};
void trace_write_run(struct trace_writer *writer, const struct trace_run *run);

void trace_write_accept(struct trace_writer *writer, int64_t t_ns, int64_t conn,
                        int peer_port);
/* The fields known once the request is whole. */
void trace_write_request(struct trace_writer *writer,
                         const struct trace_attempt *attempt);
/* Formats "judged", "route" and "step" of `attempt`, for its step_text. */
void trace_step_text_init(struct trace_step_text *ready,
                          const struct trace_attempt *attempt);
/* Formats what follows from the reply's size, hash and headers of `attempt`,
 * for its reply_text. */
void trace_reply_text_init(struct trace_reply_text *ready,
                           const struct trace_attempt *attempt);
/* The fields known once it ended; times, status, end, fault and proof. */
void trace_write_response(struct trace_writer *writer,
                          const struct trace_attempt *attempt);
/* A fault at accept fired on the connection. */
void trace_write_accept_fault(struct trace_writer *writer, int64_t t_ns,
                              const struct trace_conn *conn);
void trace_write_close(struct trace_writer *writer, int64_t t_ns, int64_t conn,
                       int64_t requests);
/* The listener began (is_begin) or stopped to refuse or stall. */
void trace_write_outage(struct trace_writer *writer, int64_t t_ns,
                        enum fault_do kind, bool is_begin, const char *window);
void trace_write_spawn(struct trace_writer *writer, int64_t t_ns, long pid,
                       const char *const *argv);
void trace_write_starved(struct trace_writer *writer,
                         const struct trace_starved *starved);
void trace_write_give_up(struct trace_writer *writer,
                         const struct trace_give_up *give_up);
void trace_write_client_end(struct trace_writer *writer, int64_t t_ns,
                            const struct trace_client *client);
/* A results file was there; `problem` is its first bad line, "" if none. */
void trace_write_results(struct trace_writer *writer, const char *problem);
void trace_write_result(struct trace_writer *writer,
                        const struct trace_result *result);
void trace_write_end(struct trace_writer *writer, int64_t t_ns,
                     int64_t lag_p99_ns, int64_t lag_max_ns, bool interrupted);

#endif
