/* What attempts did to what calls share, where the walk does not know: those
 * after the call went its own way, and those that left no trace. */
#ifndef RETRYSPEC_JUDGE_RECORD_LOST_H
#define RETRYSPEC_JUDGE_RECORD_LOST_H

#include "judge/record.h"

/* The attempts of a call from `index` on. */
void record_lost_attempts(const struct recorder *recorder,
                          const struct call *call, size_t index);

/* Attempts inside spans in which nobody was let in: each may have closed a
 * limiter. */
void record_lost_spans(const struct recorder *recorder);

/* The longest delay before a retry of what nobody saw fail. Which retry of its
 * layer it would be nobody knows: the law is monotone. */
int64_t record_lost_longest_delay(const struct profile_rule *rule);

#endif
