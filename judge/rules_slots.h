/* CC-1: calls and attempts in flight against the slots of each layer. */
#ifndef RETRYSPEC_JUDGE_RULES_SLOTS_H
#define RETRYSPEC_JUDGE_RULES_SLOTS_H

#include "judge/judging.h"

/* False without memory. */
bool rules_slots_judge(const struct judging *judging, struct arena *scratch);

/* Can the scenario's workload bring any layer of the profile to its limit? */
bool rules_slots_can_fill(const struct judging *judging);

#endif
