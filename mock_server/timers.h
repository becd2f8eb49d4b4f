/* Deadlines: a heap of timers embedded in their owners, and a timerfd, since a
 * whole-millisecond epoll_wait would be up to 1 ms late. */
#ifndef RETRYSPEC_MOCK_SERVER_TIMERS_H
#define RETRYSPEC_MOCK_SERVER_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/error.h"

enum timer_kind { TIMER_CANARY, TIMER_LISTENER, TIMER_CONN };

/* Zero but for `kind` before use. */
struct timer {
    enum timer_kind kind;
    size_t place; /* in the heap, from 1; 0: not set */
    int64_t due_ns;
};

struct timers {
    struct timer **items;
    size_t count, size;
    int fd; /* readable when the earliest timer is due */
    int64_t armed_ns;
};

bool timers_init(struct timers *timers, struct error *error);
void timers_deinit(struct timers *timers);

/* Room for `count` timers, so that setting one can't fail. */
bool timers_reserve(struct timers *timers, size_t count);

/* Sets or moves; `due_ns` is CLOCK_MONOTONIC. */
void timers_set(struct timers *timers, struct timer *timer, int64_t due_ns);
void timers_cancel(struct timers *timers, struct timer *timer);

/* Takes out the earliest timer that is due; NULL: none. */
struct timer *timers_pop(struct timers *timers, int64_t now_ns);

/* NS_FOREVER: none. */
int64_t timers_next(const struct timers *timers);

/* Makes `fd` fire at the earliest timer; a system call only if that changed. */
void timers_arm(struct timers *timers);

/* CLOCK_MONOTONIC. */
int64_t timers_now(void);

#endif
