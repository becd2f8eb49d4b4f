/* Deadlines in order: a binary heap whose entries live in the caller's structs.
 * Pure. */
#ifndef RETRYSPEC_CLIENT_TIMERS_H
#define RETRYSPEC_CLIENT_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what it wakes. Zero-initialise, then set owner and kind. */
struct timer {
    void *owner;
    int kind; /* the caller's */
    int64_t at_ns;
    size_t place; /* in the heap, from 1; 0: not armed */
};

/* Zero-initialise. */
struct timers {
    struct timer **heap;
    size_t count, capacity;
};

/* Arms, moves, or with NS_FOREVER disarms. False without memory. */
bool timers_set(struct timers *timers, struct timer *timer, int64_t at_ns);

/* The earliest, still armed; NULL: none. */
struct timer *timers_first(const struct timers *timers);

/* The armed timers forget it; only the heap is freed. */
void timers_deinit(struct timers *timers);

#endif
