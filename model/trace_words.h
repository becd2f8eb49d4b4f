/* The words of trace lines, shared by the writer and the reader. */
#ifndef RETRYSPEC_MODEL_TRACE_WORDS_H
#define RETRYSPEC_MODEL_TRACE_WORDS_H

/* X(constant, word): the value of "ev". docs/trace.md has a section for each.
 */
#define TRACE_EVENT_LIST(X)               \
    X(TRACE_RUN, "run")                   \
    X(TRACE_ACCEPT, "accept")             \
    X(TRACE_ACCEPT_FAULT, "accept-fault") \
    X(TRACE_CLOSE, "close")               \
    X(TRACE_REQUEST, "request")           \
    X(TRACE_RESPONSE, "response")         \
    X(TRACE_OUTAGE, "outage")             \
    X(TRACE_SPAWN, "spawn")               \
    X(TRACE_STARVED, "starved")           \
    X(TRACE_GIVE_UP, "give-up")           \
    X(TRACE_CLIENT_END, "client-end")     \
    X(TRACE_RESULTS, "results")           \
    X(TRACE_RESULT, "result")             \
    X(TRACE_END, "end")

enum trace_event {
#define X(constant, word) constant,
    TRACE_EVENT_LIST(X)
#undef X
};

/* NULL-ended, indexed by enum trace_event. */
extern const char *const trace_words_event[];

/* NULL-ended, indexed by enum client_end. */
extern const char *const trace_words_client_end[];

#endif
