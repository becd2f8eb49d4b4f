/* RL-3: attempts against the steady rate of each layer. */
#ifndef RETRYSPEC_JUDGE_RULES_RATE_H
#define RETRYSPEC_JUDGE_RULES_RATE_H

#include "judge/judging.h"

/* False without memory. */
bool rules_rate_judge(const struct judging *judging, struct arena *scratch);

/* Was an attempt of the call perhaps sent by what is below all layers and sends
 * failures again (profile.resend)? */
bool rules_rate_may_be_resent(const struct judging *judging,
                              const struct call *call, size_t index);

#endif
