/* A world: a fleet of clients and the server that they share, for questions
 * about retry parameters (lab/fleet.h). One file; docs/lab.md describes it,
 * world_read reads it strictly. All pointers live in the world's arena. Times
 * are nanoseconds, rates per second.
 *
 *     { "retryspec": 1, "world": "outage-2min", "title": "...",
 *       "clients": 10000, "arrivals": { "uniform": "1s" },
 *       "server": { "limiter": { "per_second": 500 },
 *                   "outages": [{ "from": "0s", "to": "120s" }] },
 *       "ends": "20min" } */
#ifndef RETRYSPEC_MODEL_WORLD_H
#define RETRYSPEC_MODEL_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/scenario.h"

enum {
    WORLD_CLIENTS_MAX = 1000000,
    WORLD_SPANS_MAX = 64, /* outages, and changes of a rate */
};

/* When calls begin. */
enum arrivals_kind {
    ARRIVE_AT_ONCE, /* "at once": a call of each client at 0 */
    ARRIVE_UNIFORM, /* {"uniform": "1s"}: likewise, spread over [0, spread) */
    ARRIVE_POISSON, /* {"poisson": 40, "for": "100s"}: calls of the fleet a
                       second, whatever became of the ones before; each is of
                       the next client by turns (an open loop) */
    ARRIVE_CLOSED,  /* {"closed": 100, "think": "1s"}: so many calls of each
                       client, one after the other; before each it thinks,
                       exponentially distributed (a closed loop) */
};

/* From from_ns until to_ns it is this rate instead, or goes evenly from it to
 * another: {"from": "0s", "to": "25s", "per_second": 40, "ramps_to": 80}. */
struct rate_change {
    int64_t from_ns, to_ns;
    double per_second, ramps_to; /* the same: no ramp */
};

struct arrivals {
    enum arrivals_kind kind;
    int64_t spread_ns;                 /* UNIFORM */
    double per_second;                 /* POISSON */
    int64_t for_ns;                    /* POISSON */
    int64_t calls;                     /* CLOSED: of each client */
    int64_t think_ns;                  /* CLOSED: mean; 0: none */
    const struct rate_change *changes; /* POISSON; ascending, apart */
    size_t change_count;
};

/* A token bucket: more than that is refused. */
struct capacity_limiter {
    bool is_used;
    double per_second, burst; /* burst: at least 1, per_second unless said */
    int status;               /* 503 unless said */
    int64_t retry_after_s;    /* -1: no such header */
};

/* What befalls requests of a span. */
enum outage_kind {
    OUTAGE_STATUS,  /* an answer at once, 503 unless said */
    OUTAGE_REFUSED, /* "refused": no connection */
    OUTAGE_HANG,    /* "hang": no answer */
};

struct outage {
    int64_t from_ns, to_ns;
    enum outage_kind kind;
    int status;
    double share;          /* of the requests, by chance: a brown-out; 1 */
    bool tells_end;        /* Retry-After says when it ends, in whole seconds */
    int64_t retry_after_s; /* or this; -1: no such header */
};

/* Asked in this order: outages, fails, limiter, queue. */
struct capacity {
    /* One row that each call wants to write under optimistic concurrency
     * control: it reads the version, then writes if it has not changed, else
     * 409. Only writes are attempts; the server takes no time. */
    bool is_row;
    struct delay latency;          /* of serving one request */
    int64_t latency_per_active_ns; /* and so much for each in service */
    int64_t concurrency;           /* in service at a time; 0: any number */
    int64_t queue;                 /* waiting; more get a 503 */
    double fails;                  /* chance of a 503, each on its own */
    struct capacity_limiter limiter;
    const struct outage *outages; /* ascending, apart */
    size_t outage_count;
};

struct world {
    struct arena arena;
    const char *file; /* as opened */
    const char *id;   /* a-z, 0-9, '-' and '.' */
    const char *title;
    const char *method, *path; /* of "request": "POST /" unless said */
    int64_t clients;
    struct arrivals arrivals;
    struct delay network; /* each message, each way */
    struct capacity server;
    int64_t ends_ns; /* what is not done by then never is */
};

/* When the server is itself again: the end of the last outage, or else of the
 * last changed rate; 0 if nothing of the kind is there. NS_FOREVER: never. */
int64_t world_recovery_ns(const struct world *world);

/* Reads a world from memory or disk. On failure returns NULL and `error` holds
 * at least one problem. The caller frees with world_free. */
struct world *world_read(const char *file, const char *bytes, size_t size,
                         struct error *error);
struct world *world_read_file(const char *file, struct error *error);
void world_free(struct world *world);

#endif
