/* TB-1 for budgets that are counted rather than kept in a bucket: the retries
 * of all calls of a client against what share of its calls, of its attempts in
 * flight or of its failures the profile allows. */
#ifndef RETRYSPEC_JUDGE_RULES_BUDGET_H
#define RETRYSPEC_JUDGE_RULES_BUDGET_H

#include "judge/judging.h"

/* False without memory. */
bool rules_budget_judge(const struct judging *judging, struct arena *scratch);

#endif
