/* The course of one logical call around the engine: it queues for slots, sends,
 * waits, ends. The same live (client/driver) and in virtual time (sim), which
 * own the clock, the wire and what is told of it. Pure. */
#ifndef RETRYSPEC_CLIENT_COURSE_H
#define RETRYSPEC_CLIENT_COURSE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/pools.h"
#include "client/retry.h"
#include "model/plan.h"
#include "model/rng.h"

enum course_state {
    COURSE_QUEUED,  /* for what `grant` needs */
    COURSE_SENDING, /* an attempt is in flight */
    COURSE_WAITING, /* between attempts, or for a rate limiter */
};

/* What happens once a call holds all that it must. */
enum course_grant {
    GRANT_START,
    GRANT_TIMER, /* the wait is over */
    GRANT_SEND,  /* what the engine said is sent */
};

/* What reached the client of the attempt in flight. */
struct course_sight {
    bool has_head;        /* whole */
    int64_t last_byte_ns; /* of anything, at least since it was sent */
};

struct course;

/* What a course asks of its world. The last three may be NULL: not told. */
struct course_world {
    int64_t (*now_ns)(const struct course *course);

    /* Calls course_on_timer() then, and at no instant it was set to before. */
    void (*arm)(struct course *course, int64_t at_ns);

    /* Begins the attempt `to_send` on the wire. */
    void (*begin_attempt)(struct course *course);
    struct course_sight (*look)(const struct course *course);

    /* The limit of an attempt struck: SENDING it is cut off, QUEUED it never
     * was sent. It has ended in any case. */
    void (*time_out)(struct course *course);

    /* Cuts off the attempt in flight: the engine ends the call. */
    void (*abandon)(struct course *course, const struct retry_action *action);

    /* The call is over and holds no slot. May free it. */
    void (*finish)(struct course *course, const struct retry_action *action);

    void (*queued)(struct course *course); /* the first time, to begin at all */
    void (*entered)(struct course *course); /* it begins, all slots held */
    void (*waits)(struct course *course, const struct retry_action *action);
};

struct course {
    const struct course_world *world;
    void *owner; /* the world's: whose course it is */
    const struct workload *workload;
    struct retry_call engine;
    struct pooled_call pooled;
    struct rng delays; /* nothing but outcomes draws from it */
    struct rng timing; /* of what depends on timing */
    enum course_state state;
    enum course_grant grant;
    bool was_queued;
    bool is_served; /* a release let it on; it must ask again */
    int64_t give_up_ns;
    int64_t again_ns; /* when it asks for slots by itself */
    int64_t until_ns, wake_ns;

    /* The attempt that is sent, or was last. */
    struct retry_action to_send;
    int64_t attempt_ns; /* when it began */
    struct attempt_timeout limit;
    struct attempt_outcome last; /* without body */
    int64_t resends;             /* below the layers */
};

/* Begins at the world's present instant. Before course_begin() the caller also
 * initialises `engine`, `pooled`, `delays` and `timing`. Borrows what it is
 * given. */
void course_init(struct course *course, const struct course_world *world,
                 void *owner, const struct workload *workload);
void course_begin(struct course *course);

void course_on_timer(struct course *course);
void course_cancel(struct course *course);

/* What was sent has ended. True: the world sends it again below the layers and
 * calls course_sent_again(). False: it calls course_end(). */
bool course_resends(struct course *course,
                    const struct attempt_outcome *outcome);
void course_sent_again(struct course *course);

/* The attempt has ended: what the engine makes of it, for course_act(). */
struct retry_action course_end(struct course *course,
                               const struct attempt_outcome *outcome,
                               int64_t wall_ns);
void course_act(struct course *course, const struct retry_action *action);

#endif
