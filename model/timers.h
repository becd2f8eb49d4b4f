/* Deadlines in order: a binary heap whose entries live in the caller's structs.
 * What is due at the same instant comes in the order in which it was set. Pure:
 * whose clock the instants are of is the caller's. */
#ifndef RETRYSPEC_MODEL_TIMERS_H
#define RETRYSPEC_MODEL_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what it wakes. Zero-initialise, then set owner and kind. */
struct timer {
    void *owner;
    int kind; /* the caller's */
    int64_t at_ns;
    uint64_t order;
    size_t place; /* in the heap, from 1; 0: not set */
};

/* Zero-initialise. */
struct timers {
    struct timer **heap;
    size_t count, capacity;
    uint64_t order;
};

/* Room for `count` timers, so that setting one can't fail. */
bool timers_reserve(struct timers *timers, size_t count);

/* Sets or moves; NS_FOREVER takes it out. False without memory. */
bool timers_set(struct timers *timers, struct timer *timer, int64_t at_ns);

/* The earliest, still set; NULL: none. */
struct timer *timers_first(const struct timers *timers);

/* When that is; NS_FOREVER: none. */
int64_t timers_next_ns(const struct timers *timers);

/* Takes the earliest out if it is due; NULL: none is. */
struct timer *timers_pop(struct timers *timers, int64_t now_ns);

/* Only the heap is freed: who owns the timers that are set may be gone. */
void timers_deinit(struct timers *timers);

#endif
