/* BO-1, BO-2, RA-1, RA-2, HID-1, RL-1, RL-2: the gap before an attempt against
 * the law, and the windows of rate limiters. */
#ifndef RETRYSPEC_JUDGE_RULES_GAP_H
#define RETRYSPEC_JUDGE_RULES_GAP_H

#include "judge/evidence.h"

/* Leaves in the set the hypotheses that allow the next attempt; where none
 * does, labels the nearest one and leaves that. At least one waits. */
void rules_gap_judge(struct hypotheses *set, const struct place *place);

/* May the next attempt have to queue for slots? */
bool rules_gap_may_queue(const struct judging *judging,
                         const struct hypothesis *hypothesis);

/* RL-1 for the first attempt of a call. */
void rules_gap_first(const struct hypotheses *set, const struct place *place);

#endif
