/* Attempts and connections of a trace: several lines tell of each, in the order
 * in which things happened; folded, each is one struct. */
#ifndef RETRYSPEC_MODEL_TRACE_FOLD_H
#define RETRYSPEC_MODEL_TRACE_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/trace.h"
#include "model/trace_fields.h"
#include "model/trace_words.h"

/* Attempts or connections so far, in the order of their first lines. */
struct trace_table {
    void *items; /* each begins with its id */
    size_t item_size, count, room;
    struct trace_mark *marks; /* what was said of each */
    uint32_t *slots;          /* by a hash of the id: index + 1; 0: empty */
    size_t slot_count;
};

/* Free with trace_fold_deinit. */
struct trace_fold {
    struct trace_table attempts, conns;
};
void trace_fold_init(struct trace_fold *fold);
void trace_fold_deinit(struct trace_fold *fold);

/* Reads the fields of the line. Lines that contradict each other are problems:
 * an id twice, the end of a connection that never began. */
void trace_fold_attempt(struct trace_fold *fold, struct trace_fields *fields,
                        bool is_response);
void trace_fold_conn(struct trace_fold *fold, struct trace_fields *fields,
                     enum trace_event event);

/* Moves attempts and connections, by id, into `trace`. A response to no request
 * is a problem. */
void trace_fold_finish(struct trace_fold *fold, struct trace_fields *fields,
                       struct trace *trace);

#endif
