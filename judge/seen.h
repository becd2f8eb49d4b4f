/* What the client saw of an attempt, as far as the wire tells. */
#ifndef RETRYSPEC_JUDGE_SEEN_H
#define RETRYSPEC_JUDGE_SEEN_H

#include "client/retry.h"
#include "judge/judging.h"

struct seen {
    struct attempt_outcome
        outcome;      /* end END_UNFINISHED: the run ended first */
    int64_t at_ns;    /* when the attempt ended */
    int64_t early_ns; /* when its client may have known already */
    bool is_left;     /* the client closed first */
    /* ... but had an error status by then: whether that or its time ended the
     * attempt is not known. */
    bool may_be_timeout;
};

/* `next_head_ns`: the next attempt of the call, TRACE_NEVER if none. */
struct seen seen_end(const struct judging *judging,
                     const struct trace_attempt *attempt, int64_t next_head_ns);

/* When a timeout must end the attempt, given the bytes that were sent;
 * NS_FOREVER if it never does. A first byte up to `slack_ns` after the limit
 * counts as in time. */
int64_t seen_deadline(const struct trace_attempt *attempt,
                      const struct attempt_timeout *timeout, int64_t slack_ns);

/* Unix time at an instant of the trace. */
int64_t seen_wall(const struct judging *judging,
                  const struct trace_attempt *attempt, int64_t at_ns);

/* The scripted answer at a JSON path; NULL: none there. */
const struct reply *seen_reply(const struct judging *judging,
                               const char *where);

/* Does a rule of the profile look at the length that a response states? */
bool seen_tests_length(const struct profile *profile);

/* Does anything in the profile look into response bodies? */
bool seen_tests_body(const struct profile *profile);

/* The headers that a client saw: those recorded, and where a rule asks for it
 * the Content-Length that the server adds as it frames the answer. */
struct seen_headers {
    struct http_header items[TRACE_HEADERS_MAX + 1];
    char length[24];
    struct http_headers all;
};
const struct http_headers *seen_headers(const struct judging *judging,
                                        const struct trace_attempt *attempt,
                                        struct seen_headers *room);

/* "status 503", "reset", "timeout": how it ended, for people. */
const char *seen_words(struct tally *tally,
                       const struct attempt_outcome *outcome);

#endif
