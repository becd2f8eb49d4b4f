#include "judge/spans.h"

#include <stdlib.h>

#include "model/units.h"

static int by_from(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return (x->from_ns > y->from_ns) - (x->from_ns < y->from_ns);
}

static void add(struct spans *spans, int64_t from_ns, int64_t to_ns,
                enum attempt_end end)
{
    spans->items[spans->count++] = (struct span){
        .from_ns = from_ns,
        .to_ns = to_ns < from_ns ? NS_FOREVER : to_ns,
        .end = end,
    };
}

static void add_outages(struct spans *spans, const struct trace *trace)
{
    for (size_t i = 0; i < trace->outage_count; i++) {
        const struct trace_outage *outage = &trace->outages[i];
        add(spans, outage->from_ns, outage->to_ns,
            outage->kind == FAULT_STALL ? END_UNREACHABLE : END_REFUSED);
    }
}

static void add_accept_faults(struct spans *spans, const struct trace *trace)
{
    for (size_t i = 0; i < trace->conn_count; i++) {
        const struct trace_conn *conn = &trace->conns[i];
        if (conn->fault == FAULT_RESET) {
            add(spans, conn->accepted_ns, conn->accepted_ns, END_RESET);
        } else if (conn->fault == FAULT_HANG) {
            add(spans, conn->accepted_ns, conn->closed_ns, END_TIMEOUT);
        } else if (conn->fault != FAULT_NONE) {
            add(spans, conn->accepted_ns, conn->accepted_ns, END_CLOSE);
        }
    }
}

struct spans *spans_create(const struct trace *trace, bool owns_accept_faults,
                           struct arena *arena)
{
    struct spans *spans = arena_alloc(arena, sizeof *spans);
    size_t most = trace->outage_count + trace->conn_count + 1;
    if (!spans) {
        return NULL;
    }
    spans->items = arena_array(arena, most, sizeof *spans->items);
    if (!spans->items) {
        return NULL;
    }
    add_outages(spans, trace);
    if (!owns_accept_faults) {
        add_accept_faults(spans, trace);
    }
    qsort(spans->items, spans->count, sizeof *spans->items, by_from);
    return spans;
}
