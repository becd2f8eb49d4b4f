/* What the layers make of the outcome of one attempt. Pure; a part of the retry
 * engine. */
#ifndef RETRYSPEC_CLIENT_DECIDE_H
#define RETRYSPEC_CLIENT_DECIDE_H

#include <stdbool.h>

#include "client/retry.h"

struct decision {
    const struct retry_event *event;
    struct retry_action action;
    int layer;       /* that spoke last */
    bool is_waiting; /* it tries again: `action` is its wait */
    bool is_final;   /* no layer further out is asked */
};

/* From the innermost layer out: the first one whose rule matches and whose
 * budget lasts decides. If none does, the action says why the outermost one
 * that wanted to try again could not. Counts the failure in each layer that saw
 * it. */
void decide_outcome(struct retry_call *call, const struct retry_event *event,
                    struct decision *decision);

#endif
