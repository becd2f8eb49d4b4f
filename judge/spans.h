/* Spans of time in which the server let nobody in: attempts made there left no
 * request in the trace. */
#ifndef RETRYSPEC_JUDGE_SPANS_H
#define RETRYSPEC_JUDGE_SPANS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/trace.h"

struct span {
    int64_t from_ns, to_ns;
    enum attempt_end end; /* what an attempt inside came to */
};

struct spans {
    struct span *items; /* by from_ns */
    size_t count;
};

/* From the outages and, unless `owns_accept_faults` says that they are attempts
 * of a known call, the connections that met a fault when accepted. NULL only
 * without memory. */
struct spans *spans_create(const struct trace *trace, bool owns_accept_faults,
                           struct arena *arena);

#endif
