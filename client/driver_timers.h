/* Deadlines in order: a binary heap whose entries live in the caller's structs.
 * Pure. */
#ifndef RETRYSPEC_CLIENT_DRIVER_TIMERS_H
#define RETRYSPEC_CLIENT_DRIVER_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what it wakes. Zero-initialise, then set owner and kind. */
struct driver_timer {
    void *owner;
    int kind; /* the caller's */
    int64_t at_ns;
    size_t place; /* in the heap, from 1; 0: not armed */
};

/* Zero-initialise. */
struct driver_timers {
    struct driver_timer **heap;
    size_t count, capacity;
};

/* Arms, moves, or with NS_FOREVER disarms. False without memory. */
bool driver_timers_set(struct driver_timers *timers, struct driver_timer *timer,
                       int64_t at_ns);

/* The earliest, still armed; NULL: none. */
struct driver_timer *driver_timers_first(const struct driver_timers *timers);

/* The armed timers forget it; only the heap is freed. */
void driver_timers_deinit(struct driver_timers *timers);

#endif
