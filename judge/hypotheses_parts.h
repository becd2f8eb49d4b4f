/* What the files of the hypotheses share. */
#ifndef RETRYSPEC_JUDGE_HYPOTHESES_PARTS_H
#define RETRYSPEC_JUDGE_HYPOTHESES_PARTS_H

#include "judge/hypotheses.h"

/* What a step finds in the state that calls share; all else is wide open. */
struct hypotheses_given {
    const struct shared_tokens *tokens; /* NULL: full */
    bool is_poor;                       /* the least of them */
    uint8_t refusing; /* layers whose circuit is open, by bits */
};

/* One step of the engine. `given` may be NULL. */
void hypotheses_step(const struct hypotheses *set,
                     struct hypothesis *hypothesis,
                     const struct retry_event *event,
                     const struct hypotheses_given *given);

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

/* Adds all that the engine may say to the end of an attempt. */
void hypotheses_end_all(struct hypotheses *set, const struct hypothesis *before,
                        const struct hypotheses_ending *ending);

/* The call began at `at_ns`, with the request of an attempt. */
struct hypothesis hypotheses_started(struct hypotheses *set,
                                     const struct trace_attempt *first,
                                     int64_t at_ns,
                                     const struct hypotheses_given *given);

#endif
