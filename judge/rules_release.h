/* CC-2: slots are given back, however the attempt or call that held one ended.
 */
#ifndef RETRYSPEC_JUDGE_RULES_RELEASE_H
#define RETRYSPEC_JUDGE_RULES_RELEASE_H

#include "judge/judging.h"

/* False without memory. */
bool rules_release_judge(const struct judging *judging, struct arena *scratch);

#endif
