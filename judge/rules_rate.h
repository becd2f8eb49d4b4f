/* RL-3: attempts against the steady rate of each layer. */
#ifndef RETRYSPEC_JUDGE_RULES_RATE_H
#define RETRYSPEC_JUDGE_RULES_RATE_H

#include "judge/judging.h"

/* False without memory. */
bool rules_rate_judge(const struct judging *judging, struct arena *scratch);

#endif
