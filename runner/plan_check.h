/* Did the client run the plan? Pure. */
#ifndef RETRYSPEC_RUNNER_PLAN_CHECK_H
#define RETRYSPEC_RUNNER_PLAN_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "model/scenario.h"
#include "model/trace.h"

/* True if it did not: `detail` says what is missing. */
bool plan_check(const struct scenario *scenario, const struct trace *trace,
                char *detail, size_t size);

/* Could calls have been made that left no trace, because the listener refused
 * or a connection was ended when it was accepted? */
bool plan_check_may_be_unseen(const struct trace *trace);

#endif
