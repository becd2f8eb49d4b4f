/* HERD-1: retries of all calls that come at once, against what their laws let
 * expect. A test of statistics: see stats_tests.h. */
#ifndef RETRYSPEC_JUDGE_RULES_HERD_H
#define RETRYSPEC_JUDGE_RULES_HERD_H

#include "judge/judging.h"

/* False without memory. */
bool rules_herd_judge(const struct judging *judging, struct arena *scratch);

#endif
