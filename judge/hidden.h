/* What goes on in a call and leaves no trace: attempts inside outages, attempts
 * that an open circuit refused, waits that a call timeout cut short. */
#ifndef RETRYSPEC_JUDGE_HIDDEN_H
#define RETRYSPEC_JUDGE_HIDDEN_H

#include "judge/hypotheses.h"

/* Adds what all this may have led to before `until_ns`. */
void hidden_add(struct hypotheses *set, int64_t until_ns);

/* Adds beginnings of a call before the first attempt that we saw. False: there
 * can be none. */
bool hidden_begin(struct hypotheses *set, const struct trace_attempt *first);

#endif
