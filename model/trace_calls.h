/* The attempts of a trace by the calls that they belong to. Pure. */
#ifndef RETRYSPEC_MODEL_TRACE_CALLS_H
#define RETRYSPEC_MODEL_TRACE_CALLS_H

#include "model/trace.h"

struct trace_calls {
    size_t *of;   /* of each attempt: its call, by first appearance, from 0 */
    size_t *next; /* of each attempt: the next one of its call; SIZE_MAX */
    size_t count; /* calls */
};

/* Of the first `attempts`; those without a key are one call. False without
 * memory. trace_calls_deinit in any case. */
bool trace_calls_init(struct trace_calls *calls, const struct trace *trace,
                      size_t attempts);
void trace_calls_deinit(struct trace_calls *calls);

/* How an attempt ended, as figures tell it: by what the client met. */
enum trace_ending {
    ENDED_OK,
    ENDED_STATUS, /* 400 and above */
    ENDED_FAULT,  /* of the connection, or of what came */
    ENDED_LEFT,   /* the client left, or the run ended */
    ENDED_ALL,
};
enum trace_ending trace_ending(const struct trace_attempt *attempt);

/* When an attempt was over, as far as the wire tells; never before its head. */
int64_t trace_over_ns(const struct trace_attempt *attempt);

#endif
