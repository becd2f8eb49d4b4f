/* The script: what to answer to which request. Pure; the server obeys.
 *
 * Time is an argument (nanoseconds since the run began); windows count from the
 * first request of the run, or from the first connection that met a fault at
 * accept, since no request can come before it. Every draw (chance, delays)
 * comes from streams of the seed, labelled by route and call, so that the order
 * of arrivals between calls does not change what one call meets. */
#ifndef RETRYSPEC_MOCK_SERVER_SCRIPT_H
#define RETRYSPEC_MOCK_SERVER_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/error.h"
#include "model/http.h"
#include "model/scenario.h"

/* Calls, clients and connections a script keeps state for, all together; about
 * 100 bytes each. None for a call whose answer does not depend on it. Beyond it
 * a request is answered 503 with a reason. */
enum { SCRIPT_KEYS_MAX = 1 << 20, SCRIPT_KEY_BYTES_MAX = 200 };

/* That answer. */
extern const struct reply script_reply_full;

struct script;

/* `level` 0: routes match any method and path, since a program without an
 * adapter sends what it likes. `scenario` is borrowed. */
struct script *script_create(const struct scenario *scenario, uint64_t seed,
                             int level, struct error *error);
void script_free(struct script *script);

struct script_request {
    int64_t now_ns;
    int64_t conn;
    const char *method;
    const char *path;  /* decoded no further than it came, without query */
    const char *query; /* after '?', "" if none */
    const struct http_headers *headers;
    const char *body; /* at least the first SCRIPT_BODY_LOOK_MAX bytes */
    size_t body_size; /* of `body` */
};
enum { SCRIPT_BODY_LOOK_MAX = 1 << 20 };

struct script_answer {
    const struct route *route; /* NULL: unmatched, answer 418 with `reason` */
    const struct reply *reply; /* NULL with a route: after_last "fail" was
                                  reached, or no window is open: answer 418
                                  with `reason` */
    int64_t delay_ns;          /* drawn */
    /* reply->fault is due (chance drawn). A fault at accept is due here only if
     * it was certain and the request came on a connection that was open
     * before: reset, close, hang and garbage then strike at the request,
     * refuse as a reset, stall as a hang. */
    bool has_fault;
    char call[SCRIPT_KEY_BYTES_MAX + 1]; /* "" if none */
    int64_t count;    /* requests of this call on this route before this one;
                         0 where neither step nor draw follows them */
    char reason[400]; /* why there is no route, no reply or no call; else "" */
};

void script_decide(struct script *script, const struct script_request *request,
                   struct script_answer *answer);

/* What a connection meets when it is accepted: a step of a per-run route or a
 * window whose fault is at accept. NULL: nothing. The step is consumed. */
const struct reply *script_accept(struct script *script, int64_t now_ns,
                                  int64_t conn);

enum script_listener { LISTENER_OPEN, LISTENER_REFUSING, LISTENER_STALLED };

/* State of the listener at `now_ns`, and the instant of the next change
 * (NS_FOREVER: none). *window is the JSON path of the window in force. */
enum script_listener script_listener(const struct script *script,
                                     int64_t now_ns, int64_t *next_ns,
                                     const char **window);

/* For each step or window, how often it was reached and, with a fault, how
 * often the fault was due: the conservation check. */
struct script_use {
    const struct reply *reply;
    int64_t reached, faults_due;
};
size_t script_uses(const struct script *script, struct script_use *uses,
                   size_t size);

/* The first "rs-<digits>-<digits>" in the bytes; its length, 0 if none. */
size_t script_find_token(const char *bytes, size_t size, const char **token);

#endif
