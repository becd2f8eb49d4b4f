/* Spans of time in which the server let nobody in, or read nothing from a
 * connection: attempts made there left no request in the trace. */
#ifndef RETRYSPEC_JUDGE_SPANS_H
#define RETRYSPEC_JUDGE_SPANS_H

#include <stdbool.h>
#include <stddef.h>

#include "judge/calls.h"
#include "model/trace.h"

struct span {
    int64_t from_ns, to_ns;
    enum attempt_end end; /* what an attempt inside came to */
    /* Not the server but one connection let nothing in: it had died after a
     * whole answer. An attempt of its client that was sent there ended at
     * to_ns. */
    bool is_stale;
    size_t client;
};

struct spans {
    struct span *items; /* by from_ns */
    size_t count;
    int64_t *last_ns; /* latest to_ns of the first i + 1 */
    /* By when what met one of them, stalled, has come through. */
    int64_t *stalled_ns;
};

/* When what met this one of the spans at `sent_ns` comes through at the latest:
 * the kernel tries to connect again after 1, 3, 7, ... s, so that takes as long
 * again as it waited, plus that, if it does not meet another stall then. */
int64_t spans_stalled_until(const struct spans *spans, const struct span *met,
                            int64_t sent_ns);

/* Was it perhaps sent long before its head came, into a listener that stalled?
 */
bool spans_may_have_stalled(const struct spans *spans, int64_t head_ns);

/* When it was sent at the earliest: `head_ns` if into none. */
int64_t spans_stalled_since(const struct spans *spans, int64_t head_ns);

/* From the outages, the connections that met a fault after a whole answer and,
 * unless they are attempts of a known call, those that met one when accepted.
 * NULL only without memory. */
struct spans *spans_create(const struct trace *trace, const struct calls *calls,
                           struct arena *arena);

/* How many begin by `at_ns`: those after them do not. */
size_t spans_begun(const struct spans *spans, int64_t at_ns);

/* The first one that may not be over by `at_ns`: those before it are. */
size_t spans_first(const struct spans *spans, int64_t at_ns);

#endif
