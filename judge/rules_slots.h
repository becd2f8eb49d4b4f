/* CC-1: calls, attempts and bytes in flight against the slots of each layer.
 * The slots of the throttled window are not judged: which attempts began before
 * it closed is not seen on the wire. */
#ifndef RETRYSPEC_JUDGE_RULES_SLOTS_H
#define RETRYSPEC_JUDGE_RULES_SLOTS_H

#include "judge/judging.h"

/* False without memory. */
bool rules_slots_judge(const struct judging *judging, struct arena *scratch);

/* By all calls of the process, not only those of a client. */
bool rules_slots_is_shared(const struct slots *slots);

/* Is what layer i holds for a call held through all its waits? A layer further
 * out that tries again, or where the call starts over, begins another run of
 * it. */
bool rules_slots_last(const struct profile *profile, size_t i);

/* May an attempt have to queue for what layer i makes it hold? */
bool rules_slots_may_queue(const struct judging *judging, size_t i);

/* Until when the attempt was in flight for certain. */
int64_t rules_slots_free_from(const struct judging *judging,
                              const struct trace_attempt *attempt);

/* Can the scenario's workload bring any layer of the profile to its limit? */
bool rules_slots_can_fill(const struct judging *judging);

#endif
