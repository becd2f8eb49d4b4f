/* CC-2: slots are given back, however the attempt or call that held one ended.
 */
#ifndef RETRYSPEC_JUDGE_RULES_RELEASE_H
#define RETRYSPEC_JUDGE_RULES_RELEASE_H

#include "judge/seen.h"

/* False without memory. */
bool rules_release_judge(const struct judging *judging, struct arena *scratch);

/* Is the call over with this, whatever is left of its budgets? */
bool rules_release_is_final(const struct judging *judging,
                            const struct trace_attempt *attempt,
                            const struct seen *seen);

#endif
