/* TH-1: requests against a throttle that lets each of them pass by chance. A
 * test of statistics: a client that has none is told by what it never held
 * back. */
#ifndef RETRYSPEC_JUDGE_RULES_THROTTLE_H
#define RETRYSPEC_JUDGE_RULES_THROTTLE_H

#include "judge/judging.h"

/* False without memory. */
bool rules_throttle_judge(const struct judging *judging, struct arena *scratch);

#endif
