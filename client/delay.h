/* The delay that a rule asks for after an outcome: its back-off with the
 * counters of a layer, and what Retry-After says. Pure; a part of the retry
 * engine. */
#ifndef RETRYSPEC_CLIENT_DELAY_H
#define RETRYSPEC_CLIENT_DELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"

struct delay_request {
    const struct profile_rule *rule;
    const struct retry_layer_state *state; /* of the layer that waits */
    const struct attempt_outcome *outcome;
    int64_t wall_ns;
    int64_t cut_ns; /* NS_FOREVER: none */
};

enum delay_answer {
    DELAY_LAW,      /* the law holds */
    DELAY_GIVE_UP,  /* the header makes the layer give up */
    DELAY_RAISE,    /* the header makes the call end */
    DELAY_OVERFLOW, /* the client's own arithmetic makes the call end */
};

/* What the rule counts: n of its back-off, and what its limit bounds. */
int64_t delay_count(const struct profile_rule *rule,
                    const struct retry_layer_state *state);

/* Sets law, retry_after and is_never of the action. */
enum delay_answer delay_bind(const struct delay_request *request,
                             struct retry_action *action);

#endif
