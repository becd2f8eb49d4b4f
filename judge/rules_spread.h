/* JIT-1 and JIT-2: delays against the distribution of their law, and against
 * each other. Tests of statistics: see stats_tests.h for their rate of false
 * alarms. */
#ifndef RETRYSPEC_JUDGE_RULES_SPREAD_H
#define RETRYSPEC_JUDGE_RULES_SPREAD_H

#include "judge/judging.h"

/* False without memory. */
bool rules_spread_judge(const struct judging *judging, struct arena *scratch);

#endif
