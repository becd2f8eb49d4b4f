/* Between the files of the fleet; nobody else includes this. */
#ifndef RETRYSPEC_LAB_FLEET_PARTS_H
#define RETRYSPEC_LAB_FLEET_PARTS_H

#include "client/retry_pack.h"
#include "lab/draw.h"
#include "lab/fleet.h"
#include "lab/heap.h"

/* What an event is: heap_event.of has whose it is in its upper half, then four
 * bits of this, then the serial of the attempt or wait that it belongs to,
 * where there is one. Events of one instant hence come in the order of the
 * calls. */
enum fleet_event {
    EVENT_BEGIN,   /* who: the client; a call of it begins */
    EVENT_TIMER,   /* of the call: a deadline, a wait's end */
    EVENT_REACH,   /* an attempt reaches the server */
    EVENT_SERVED,  /* the server has done its work */
    EVENT_ANSWER,  /* the answer reaches the client */
    EVENT_READ,    /* row: the read reaches the server */
    EVENT_VERSION, /* row: its answer reaches the client */
};
enum { SERIAL_BITS = 28 };
#define SERIAL_MASK ((UINT32_C(1) << SERIAL_BITS) - 1)

/* A call: that of its client, or, where they arrive in an open loop, any. */
struct fleet_call {
    int64_t began_ns;
    int64_t deadline_ns; /* in flight: when the client ends the attempt */
    uint32_t serial;     /* of the present attempt or wait */
    uint32_t draws;      /* random numbers used */
    uint32_t number;  /* of the fleet's calls; next free one, if it is free */
    uint32_t version; /* row: as read */
    int32_t retry_after_s; /* of the answer on its way; -1: no header */
    uint16_t status;       /* likewise; 0: refused */
    bool is_over;
    bool is_timed; /* in flight: its next timer is in the heap */
    struct retry_packed packed;
};

struct queued {
    int64_t since_ns;
    uint32_t who, serial;
};

struct fleet_server {
    double tokens; /* of the limiter, at tokens_ns */
    int64_t tokens_ns;
    size_t outage;        /* the present or next one */
    int64_t active;       /* in service */
    struct queued *queue; /* a ring */
    size_t queue_first, queue_count, queue_room;
    uint32_t version; /* row */
};

struct fleet {
    const struct world *world;
    const struct profile *profile;
    struct tally *tally;
    const struct normal *normal;
    struct rng network, service, arrivals; /* streams */
    uint64_t seed;                         /* of what calls draw */
    int64_t now_ns;
    bool has_failed;          /* out of memory */
    struct tally_bin nowhere; /* what is counted then */

    struct heap heap;
    unsigned char *calls; /* call_count of call_size bytes each */
    size_t call_size, call_count;
    uint32_t free_call;  /* open loop: the first free one; NO_CALL: none */
    uint32_t begun;      /* calls so far */
    int64_t *calls_left; /* closed loop: of each client */

    struct retry_call fresh;    /* a call before it begins */
    struct retry_call work;     /* the one that is unpacked */
    struct retry_shared common; /* of all clients that share nothing */
    struct retry_shared *each;  /* of each client; NULL: `common` */
    struct fleet_server server;
};

#define NO_CALL UINT32_MAX

static inline struct fleet_call *fleet_call_at(const struct fleet *fleet,
                                               uint32_t who)
{
    return (struct fleet_call *)(void *)(fleet->calls + who * fleet->call_size);
}

/* -- fleet.c --------------------------------------------------------------- */

void fleet_push(struct fleet *fleet, int64_t at_ns, enum fleet_event event,
                struct queued of);

/* What comes next of an attempt; NS_FOREVER: nothing. Only if the client's
 * deadline is not after it a timer is set: few attempts meet theirs, and the
 * heap stays small. */
void fleet_go_on(struct fleet *fleet, int64_t at_ns, enum fleet_event event,
                 struct queued of);

/* Does its call still go by what becomes of it? */
bool fleet_is_awaited(const struct fleet *fleet, struct queued of);

/* One message from here to there. */
int64_t fleet_leg_ns(struct fleet *fleet);

struct tally_bin *fleet_bin(struct fleet *fleet);

/* -- fleet_arrivals.c ------------------------------------------------------ */

/* Sets all first events. */
void fleet_arrivals_begin(struct fleet *fleet);

/* EVENT_BEGIN: begins the call, and sets when the next one comes. */
void fleet_arrive(struct fleet *fleet, uint32_t client);

/* A call is over. */
void fleet_leave(struct fleet *fleet, uint32_t who);

/* -- fleet_call.c ---------------------------------------------------------- */

/* False without memory. */
bool fleet_calls_init(struct fleet *fleet);
/* Open loop: more calls at a time. False without memory. */
bool fleet_calls_grow(struct fleet *fleet);
void fleet_calls_deinit(struct fleet *fleet);

void fleet_call_begin(struct fleet *fleet, uint32_t who);
void fleet_call_timer(struct fleet *fleet, uint32_t who);
void fleet_call_answer(struct fleet *fleet, uint32_t who);

/* -- fleet_server.c, fleet_row.c ------------------------------------------- */

void fleet_server_init(struct fleet *fleet);
void fleet_server_reach(struct fleet *fleet, struct queued of);
void fleet_server_served(struct fleet *fleet, struct queued of);

void fleet_row_read(struct fleet *fleet, struct queued of);
void fleet_row_version(struct fleet *fleet, struct queued of);
void fleet_row_write(struct fleet *fleet, struct queued of);

/* Sends an answer, if anybody still waits for it. */
void fleet_answer(struct fleet *fleet, struct queued of, int status,
                  int64_t retry_after_s);

#endif
