/* Did the client run the plan? Pure. */
#ifndef RETRYSPEC_RUNNER_PLAN_CHECK_H
#define RETRYSPEC_RUNNER_PLAN_CHECK_H

#include <stdbool.h>

#include "model/scenario.h"
#include "model/trace.h"

struct plan_finding {
    char detail[512];
};

/* True if it did not: the finding says what is missing. */
bool plan_check(const struct scenario *scenario, const struct trace *trace,
                struct plan_finding *finding);

/* Are calls told apart by the tokens of the plan? Elsewhere the values of a
 * header or the like are the client's own choice, and so are the names in its
 * results. */
bool plan_check_uses_tokens(const struct scenario *scenario);

/* Could calls have been made that left no trace, because the listener refused
 * or a connection was ended when it was accepted? */
bool plan_check_may_be_unseen(const struct trace *trace);

#endif
