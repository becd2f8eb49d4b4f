/* What the layers make of the outcome of one attempt. Pure; a part of the retry
 * engine. */
#ifndef RETRYSPEC_CLIENT_DECIDE_H
#define RETRYSPEC_CLIENT_DECIDE_H

#include <stdbool.h>

#include "client/retry.h"

/* All zero: copied, which costs less than to clear as much. */
extern const struct retry_action retry_no_action;

/* An outcome, and who is asked about it. */
struct decide_question {
    const struct retry_event *event; /* its instants and random number */
    const struct attempt_outcome *outcome;
    int from; /* the innermost layer that is asked */
    /* Why the call fails if no layer has anything to say. */
    enum retry_reason reason;
};

struct decision {
    const struct decide_question *question;
    struct retry_action *action; /* of the layer that spoke last */
    int layer;                   /* which one; it waits if one does */
    bool has_spoken;             /* a layer has: `action` is set */
    bool is_passed;  /* a layer took the outcome for no success, no more */
    bool is_waiting; /* the layer tries again: `action` is its wait */
    bool is_final;   /* no layer further out is asked */
};

/* From the innermost layer out: the first one whose rule matches and whose
 * budget lasts decides. If none does, the action says why the outermost one
 * that wanted to try again could not. Counts the failure in each layer that saw
 * it, and closes the limiters that the rules say. */
void decide_outcome(struct retry_call *call,
                    const struct decide_question *question,
                    struct retry_action *action, struct decision *decision);

/* The request in hand. */
struct retry_request decide_request(const struct retry_call *call);

#endif
