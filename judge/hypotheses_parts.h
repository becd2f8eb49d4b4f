/* What the files of the hypotheses share. */
#ifndef RETRYSPEC_JUDGE_HYPOTHESES_PARTS_H
#define RETRYSPEC_JUDGE_HYPOTHESES_PARTS_H

#include "judge/hypotheses.h"

/* What a step finds in the state that calls share; all else is wide open. */
struct hypotheses_given {
    const struct shared_tokens *tokens; /* NULL: full */
    uint8_t poor;      /* layers that have the least of them, by bits */
    uint8_t refusing;  /* layers whose circuit is open, by bits */
    uint8_t throttled; /* layers whose throttle lets nothing pass, by bits */
    uint8_t empty;     /* layers without a token, by bits */
    uint8_t held;      /* layers whose limiter is closed, by bits */
    bool is_half_open; /* every circuit is */
};

/* The next subset of the layers whose tokens are not known, after `poor`; 0
 * after the last. */
static inline uint8_t hypotheses_next_poor(const struct shared_tokens *tokens,
                                           uint8_t poor)
{
    return (uint8_t)((poor - tokens->unknown) & tokens->unknown);
}

/* One step of the engine. `given` may be NULL. */
void hypotheses_step(const struct hypotheses *set,
                     struct hypothesis *hypothesis,
                     const struct retry_event *event,
                     const struct hypotheses_given *given);

/* May a layer below the SDK send an attempt that ended so again at once? */
bool hypotheses_may_resend(const struct resend *resend,
                           const struct attempt_outcome *outcome);

/* ... as this one perhaps was, after the attempt before it ended at `at_ns`? */
bool hypotheses_came_at_once(const struct judging *judging, int64_t at_ns,
                             int64_t head_ns);

/* Adds it if it is not there. */
void hypotheses_add(struct hypotheses *set,
                    const struct hypothesis *hypothesis);

struct hypotheses_ending {
    const struct attempt_outcome *outcome;
    int64_t at_ns, wall_ns;
    int64_t not_before_ns; /* when the attempt was sent */
    double u;
    struct shared_tokens tokens;
};

/* The end of an attempt as it was seen. `room` holds what it points to. */
struct hypotheses_room {
    struct attempt_outcome outcome;
    struct seen_headers headers;
};
struct hypotheses_ending hypotheses_ending_of(
    const struct hypotheses *set, const struct trace_attempt *attempt,
    const struct seen *seen, struct hypotheses_room *room);

/* The same end as a timeout (seen.may_be_timeout). */
static inline struct attempt_outcome hypotheses_timeout_of(
    const struct hypotheses_ending *ending)
{
    return (struct attempt_outcome){
        .end = END_TIMEOUT,
        .connection_was_reused = ending->outcome->connection_was_reused,
    };
}

/* One step with it. */
void hypotheses_end_once(const struct hypotheses *set,
                         struct hypothesis *hypothesis,
                         const struct hypotheses_ending *ending,
                         const struct hypotheses_given *given);

/* Adds all that the engine may say to the end of an attempt. */
void hypotheses_end_all(struct hypotheses *set, const struct hypothesis *before,
                        const struct hypotheses_ending *ending);

/* The call that is looked at began at `at_ns`. */
struct hypothesis hypotheses_started(const struct hypotheses *set,
                                     int64_t at_ns,
                                     const struct hypotheses_given *given);

#endif
