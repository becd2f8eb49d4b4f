/* The windows of a rate limiter as a function of time: when it lets an attempt
 * pass. A client may come to an effect late, and two effects whose times
 * overlap may have come in either order; every such order is allowed. */
#ifndef RETRYSPEC_JUDGE_WINDOWS_H
#define RETRYSPEC_JUDGE_WINDOWS_H

#include "judge/effects.h"

struct windows;

/* Of one layer and pool, from the effects on its limiter. NULL only without
 * memory. */
struct windows *windows_create(const struct judging *judging,
                               const struct rate_limiter *policy,
                               const struct effects *effects,
                               struct arena *arena);

/* An attempt that was ready between two instants and was sent at a third. */
struct windows_question {
    int64_t ready_lo_ns, ready_hi_ns, sent_ns;
    int64_t last_attempt; /* of its call before it, 0: none */
    int64_t attempt;      /* itself */
    bool was_held_after;  /* something further in may have held it up since */
};

struct windows_answer {
    bool is_known;     /* it was closed at some time that matters */
    bool is_shut;      /* whatever the order, it was closed when it was sent */
    int64_t end_ns;    /* is_shut: earliest end of the window */
    int64_t closed_by; /* is_shut: the attempt whose answer closed it */
    int64_t due_ns;    /* who was ready passes it no later */
    bool is_cleared;   /* but for a success, it would pass later */
};

struct windows_answer windows_ask(const struct windows *windows,
                                  const struct windows_question *question);

/* Since when an attempt that was sent at `sent_ns` may have been held up;
 * `sent_ns` if it can't have been. */
int64_t windows_held_since(const struct windows *windows, int64_t sent_ns);

#endif
