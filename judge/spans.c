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

static const struct trace_conn *conn_of(const struct trace *trace,
                                        const struct trace_attempt *attempt)
{
    size_t index = (size_t)attempt->conn - 1;
    return index < trace->conn_count &&
                   trace->conns[index].conn == attempt->conn
               ? &trace->conns[index]
               : NULL;
}

/* A silent one ends what was sent there by a FIN after its time, or the client
 * closes it: then that was when its attempt timed out, if there was one. */
static struct span stale_span(const struct trace *trace,
                              const struct trace_attempt *last)
{
    struct span span = {
        .from_ns = last->last_byte_ns,
        .to_ns = last->last_byte_ns,
        .end = END_RESET,
        .is_stale = true,
    };
    if (last->fault.kind == FAULT_HANG) {
        const struct trace_conn *conn = conn_of(trace, last);
        bool is_closed = conn && conn->closed_ns != TRACE_NEVER;
        int64_t fin_ns = units_add(last->last_byte_ns, last->fault.for_ns);
        int64_t closed_ns = is_closed ? conn->closed_ns : NS_FOREVER;
        span.end = fin_ns <= closed_ns ? END_CLOSE : END_TIMEOUT;
        span.to_ns = fin_ns <= closed_ns ? fin_ns : closed_ns;
    }
    return span;
}

static void add_stale_connections(struct spans *spans,
                                  const struct trace *trace,
                                  const struct calls *calls)
{
    for (size_t i = 0; i < trace->attempt_count; i++) {
        const struct trace_attempt *attempt = &trace->attempts[i];
        /* Wherever it struck: an answer without a body ends with its head. */
        bool is_dead = attempt->end == END_STATUS && attempt->fault_fired &&
                       (attempt->fault.kind == FAULT_RESET ||
                        attempt->fault.kind == FAULT_HANG);
        if (is_dead) {
            struct span span = stale_span(trace, attempt);
            span.client = calls_client(calls, attempt->call);
            spans->items[spans->count++] = span;
        }
    }
}

static int64_t comes_through_by(const struct span *span, int64_t sent_ns)
{
    return units_add(span->to_ns, units_add(span->to_ns - sent_ns, NS_PER_S));
}

int64_t spans_stalled_until(const struct spans *spans, const struct span *met,
                            int64_t sent_ns)
{
    int64_t until_ns = comes_through_by(met, sent_ns);
    for (const struct span *next = met + 1;
         next < spans->items + spans->count && next->from_ns <= until_ns;
         next++) {
        if (met->end == END_UNREACHABLE && next->end == END_UNREACHABLE) {
            until_ns = units_max(until_ns, comes_through_by(next, sent_ns));
        }
    }
    return until_ns;
}

size_t spans_begun(const struct spans *spans, int64_t at_ns)
{
    size_t low = 0, high = spans->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spans->items[middle].from_ns <= at_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool spans_may_have_stalled(const struct spans *spans, int64_t head_ns)
{
    size_t count = spans_begun(spans, head_ns);
    return count > 0 && spans->stalled_ns[count - 1] >= head_ns;
}

static void note_ends(struct spans *spans)
{
    int64_t last_ns = INT64_MIN, stalled_ns = INT64_MIN;
    for (size_t i = 0; i < spans->count; i++) {
        const struct span *span = &spans->items[i];
        last_ns = units_max(last_ns, span->to_ns);
        if (span->end == END_UNREACHABLE) {
            stalled_ns = units_max(
                stalled_ns, spans_stalled_until(spans, span, span->from_ns));
        }
        spans->last_ns[i] = last_ns;
        spans->stalled_ns[i] = stalled_ns;
    }
}

struct spans *spans_create(const struct trace *trace, const struct calls *calls,
                           struct arena *arena)
{
    struct spans *spans = arena_alloc(arena, sizeof *spans);
    size_t most =
        trace->outage_count + trace->conn_count + trace->attempt_count + 1;
    if (!spans) {
        return NULL;
    }
    spans->items = arena_array(arena, most, sizeof *spans->items);
    spans->last_ns = arena_array(arena, most, sizeof(int64_t));
    spans->stalled_ns = arena_array(arena, most, sizeof(int64_t));
    if (!spans->items || !spans->last_ns || !spans->stalled_ns) {
        return NULL;
    }
    add_outages(spans, trace);
    add_stale_connections(spans, trace, calls);
    if (!calls->owns_accept_faults) {
        add_accept_faults(spans, trace);
    }
    qsort(spans->items, spans->count, sizeof *spans->items, by_from);
    note_ends(spans);
    return spans;
}

/* The first of `ends`, which never fall, that is not before `at_ns`. */
static size_t first_end(const int64_t *ends, size_t count, int64_t at_ns)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ends[middle] < at_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t spans_first(const struct spans *spans, int64_t at_ns)
{
    return first_end(spans->last_ns, spans->count, at_ns);
}

int64_t spans_stalled_since(const struct spans *spans, int64_t head_ns)
{
    size_t first = first_end(spans->stalled_ns, spans->count, head_ns);
    return first < spans->count
               ? units_min(spans->items[first].from_ns, head_ns)
               : head_ns;
}
