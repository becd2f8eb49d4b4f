/* Attempts and connections of a trace: several lines tell of each, in the order
 * in which things happened; folded, each is one struct. */
#ifndef RETRYSPEC_MODEL_TRACE_FOLD_H
#define RETRYSPEC_MODEL_TRACE_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "model/trace.h"
#include "model/trace_fields.h"
#include "model/trace_words.h"

/* One line about an attempt: a "request" or a "response". */
struct trace_attempt_line {
    struct trace_attempt attempt;
    int line;
    bool is_response;
};

/* One line about a connection. */
struct trace_conn_line {
    struct trace_conn conn;
    int line;
    enum trace_event event; /* accept, accept-fault or close */
};

/* Lines so far. Zero-initialise; free with trace_fold_deinit. */
struct trace_fold {
    struct trace_attempt_line *attempts;
    size_t attempt_count, attempt_room;
    struct trace_conn_line *conns;
    size_t conn_count, conn_room;
};
void trace_fold_deinit(struct trace_fold *fold);

/* Reads the fields of the line and keeps them. */
void trace_fold_attempt(struct trace_fold *fold, struct trace_fields *fields,
                        bool is_response);
void trace_fold_conn(struct trace_fold *fold, struct trace_fields *fields,
                     enum trace_event event);

/* Writes attempts and conns of `trace`, by id, into its arena. Lines that
 * contradict each other are problems: an id twice, a response to no request. */
void trace_fold_finish(struct trace_fold *fold, struct trace_fields *fields,
                       struct trace *trace);

#endif
