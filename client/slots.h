/* A counting semaphore with a fair queue, without threads: who asks is told now
 * or later. Pure; storage is the caller's. */
#ifndef RETRYSPEC_CLIENT_SLOTS_H
#define RETRYSPEC_CLIENT_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

/* Embedded in the waiting call. Zero-initialise. */
struct slot_waiter {
    struct slot_waiter *next, *previous;
    bool is_queued, is_holding;
};

struct slot_pool {
    int64_t limit; /* 0: unlimited */
    int64_t held, waiting, peak;
    struct slot_waiter *first, *last;
};

void slot_pool_init(struct slot_pool *pool, int64_t limit);

/* True: the slot is held now. False: queued, first come first served. */
bool slot_acquire(struct slot_pool *pool, struct slot_waiter *waiter);

/* Gives the slot back, or leaves the queue (a cancelled waiter is no longer
 * counted). Returns the waiter that holds the slot now, NULL if none. */
struct slot_waiter *slot_release(struct slot_pool *pool,
                                 struct slot_waiter *waiter);

#endif
