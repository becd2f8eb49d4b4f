/* OUT-1 and BODY-1: what the caller was told against what was on the wire. */
#ifndef RETRYSPEC_JUDGE_RULES_RESULTS_H
#define RETRYSPEC_JUDGE_RULES_RESULTS_H

#include "judge/judging.h"

void rules_results_judge(const struct judging *judging);

#endif
