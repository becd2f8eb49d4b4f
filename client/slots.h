/* A semaphore with a fair queue, without threads: who asks is told now or
 * later. Pure; storage is the caller's.
 *
 * Who is served while less than the limit is held: with weights of 1 that
 * counts, with larger ones the last may overshoot. */
#ifndef RETRYSPEC_CLIENT_SLOTS_H
#define RETRYSPEC_CLIENT_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

/* Embedded in the waiting call. Zero-initialise. */
struct slot_waiter {
    struct slot_waiter *next, *previous;
    struct slot_waiter *also; /* served by the same release; see there */
    int64_t weight;
    bool is_queued, is_holding;
};

struct slot_pool {
    int64_t limit; /* 0: unlimited */
    int64_t held;  /* weight */
    int64_t waiting;
    struct slot_waiter *first, *last;
};

void slot_pool_init(struct slot_pool *pool, int64_t limit);

/* Would who asks now be served? */
bool slot_has_room(const struct slot_pool *pool);

/* True: held now. False: queued, first come first served. */
bool slot_acquire(struct slot_pool *pool, struct slot_waiter *waiter,
                  int64_t weight);

/* Gives back what is held, or leaves the queue (a cancelled waiter is no longer
 * counted). Returns the first of the waiters that hold theirs now, the others
 * follow by `also`; NULL if none does. */
struct slot_waiter *slot_release(struct slot_pool *pool,
                                 struct slot_waiter *waiter);

#endif
