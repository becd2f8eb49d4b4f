/* Attempts that a layer below the SDK sends again. */
#ifndef RETRYSPEC_JUDGE_RESENT_H
#define RETRYSPEC_JUDGE_RESENT_H

#include "judge/hypotheses_parts.h"

/* Adds that the attempt that ended so was sent again: it will come, or the time
 * of the first one was over before it could. */
void resent_end(struct hypotheses *set, const struct hypothesis *before,
                const struct hypotheses_ending *ending);

#endif
