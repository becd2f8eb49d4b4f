/* What stands between a call that is ready and its next attempt: the rate
 * limiters and circuit breakers that calls share. */
#ifndef RETRYSPEC_JUDGE_GATES_H
#define RETRYSPEC_JUDGE_GATES_H

#include "judge/hypotheses.h"

struct gate {
    bool is_known;     /* a window had a say */
    bool is_shut;      /* the attempt was sent inside one, whatever the order */
    int64_t end_ns;    /* is_shut: of that window */
    int64_t closed_by; /* is_shut: attempt that was answered so */
    const struct layer *layer; /* is_shut: whose limiter */
    bool is_cleared;           /* a success opened one that would hold it up */
    int64_t due_ns; /* it passes no later than this; NS_FOREVER: not known */
};

/* The next attempt of a hypothesis that waits, after attempt `last`. `next`
 * NULL asks for due_ns alone. */
struct gate gates_of_next(const struct hypotheses *set,
                          const struct hypothesis *hypothesis, int64_t last,
                          const struct trace_attempt *next);

/* The first attempt of a call. */
struct gate gates_of_first(const struct hypotheses *set,
                           const struct trace_attempt *first);

/* Since when limiters of layers from `from` inwards may have held up an attempt
 * that was sent at `sent_ns`. */
int64_t gates_held_since(const struct hypotheses *set, int from,
                         int64_t sent_ns);

/* An attempt that an open circuit must have refused. */
struct refused {
    const struct layer *layer; /* NULL: none must */
    int64_t until_ns;          /* it is open; NS_FOREVER: not known */
    int64_t opened_by;         /* attempt */
};
struct refused gates_refuse_next(const struct hypotheses *set,
                                 const struct hypothesis *hypothesis,
                                 int64_t last,
                                 const struct trace_attempt *next);
struct refused gates_refuse_first(struct hypotheses *set,
                                  const struct trace_attempt *first);

#endif
