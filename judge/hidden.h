/* What goes on in a call and leaves no trace: attempts inside outages, attempts
 * that an open circuit refused, waits that a call timeout cut short. */
#ifndef RETRYSPEC_JUDGE_HIDDEN_H
#define RETRYSPEC_JUDGE_HIDDEN_H

#include "judge/hypotheses.h"

/* Adds what all this may have led to before `until_ns`. */
void hidden_add(struct hypotheses *set, int64_t until_ns);

/* Adds that an open circuit refused the follow-up of an attempt that ended. */
struct hypotheses_ending;
void hidden_end(struct hypotheses *set, const struct hypothesis *before,
                const struct hypotheses_ending *ending);

/* When the next attempt may come, if limiters hold it up as long as they can.
 */
struct delay_range hidden_reach(const struct hypotheses *set,
                                const struct hypothesis *hypothesis);

/* Is the wait one that a call timeout cut short long before `sent_ns`? What it
 * led to was added. */
bool hidden_has_cut(const struct hypotheses *set,
                    const struct hypothesis *hypothesis, int64_t sent_ns);

/* When an attempt that met the span has failed at the latest. */
int64_t hidden_over_by(const struct span *span);

/* Adds beginnings of a call before the first attempt that we saw. False: there
 * can be none. */
bool hidden_begin(struct hypotheses *set, const struct trace_attempt *first);

#endif
