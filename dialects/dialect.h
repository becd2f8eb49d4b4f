/* Prints what happens to calls, one line an event: in our own terms or as a
 * source system words it for its callers. Pure but for the stream it writes to.
 *
 * docs/events.md shows each of them. */
#ifndef RETRYSPEC_DIALECTS_DIALECT_H
#define RETRYSPEC_DIALECTS_DIALECT_H

#include <stdbool.h>
#include <stdio.h>

#include "client/call_event.h"

/* X(constant, word) */
#define DIALECT_LIST(X)                                                     \
    X(DIALECT_JSON, "json")     /* scenarios/schema/event.schema.json */    \
    X(DIALECT_PYTHON, "python") /* telemetry and log of tinker */           \
    X(DIALECT_ELIXIR, "elixir") /* telemetry and log of tinkex */           \
    X(DIALECT_ELIXIR_CONSOLE, "elixir-console") /* as tinkex's guide prints \
                                                   them */                  \
    X(DIALECT_GO, "go")                         /* klog V(3) lines of llm-d */

enum dialect_kind {
#define X(constant, word) constant,
    DIALECT_LIST(X)
#undef X
};
extern const char *const dialect_words[]; /* NULL-ended */

struct dialect_options {
    enum dialect_kind kind;
    FILE *out;
    int process; /* its number in the lines of klog */
};

struct dialect;

/* NULL without memory. */
struct dialect *dialect_create(const struct dialect_options *options);

/* Prints the lines of one event, if it makes any. */
void dialect_event(struct dialect *dialect, const struct call_event *event);

/* Was a line left out, for want of memory or because the stream failed? */
bool dialect_is_lost(const struct dialect *dialect);

void dialect_free(struct dialect *dialect);

#endif
