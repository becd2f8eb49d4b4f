/* Virtual time: a heap of deadlines, entries in the caller's structs. What is
 * due at the same instant comes in the order in which it was set. Pure. */
#ifndef RETRYSPEC_SIM_SIM_CLOCK_H
#define RETRYSPEC_SIM_SIM_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what it wakes. Zero-initialise, then set owner and kind. */
struct sim_timer {
    void *owner;
    int kind; /* the caller's */
    int64_t at_ns;
    uint64_t order;
    size_t place; /* in the heap, from 1; 0: not set */
};

/* Zero-initialise. */
struct sim_clock {
    int64_t now_ns;
    uint64_t order;
    struct sim_timer **heap;
    size_t count, capacity;
    bool is_out_of_memory; /* a timer was lost: the world must end */
};

/* Sets or moves; NS_FOREVER takes it out. An instant that has passed is now. */
void sim_clock_set(struct sim_clock *clock, struct sim_timer *timer,
                   int64_t at_ns);

/* When the earliest is due; NS_FOREVER: none is set. */
int64_t sim_clock_next_ns(const struct sim_clock *clock);

/* Takes the earliest out and jumps to its instant; NULL: none is set. */
struct sim_timer *sim_clock_jump(struct sim_clock *clock);

/* The timers that are set forget it; only the heap is freed. */
void sim_clock_deinit(struct sim_clock *clock);

#endif
