/* No attempt followed the last one of a call: should one have? */
#ifndef RETRYSPEC_JUDGE_SILENCE_H
#define RETRYSPEC_JUDGE_SILENCE_H

#include "judge/evidence.h"

/* `place` is that of the call's last attempt, which has ended. */
void silence_judge(struct hypotheses *set, const struct place *place);

#endif
