/* FLT-1: every fault that was due fired, with proof. Where one did not, it is
 * our side that failed, never the client. */
#ifndef RETRYSPEC_JUDGE_RULES_FAULTS_H
#define RETRYSPEC_JUDGE_RULES_FAULTS_H

#include "judge/judging.h"

void rules_faults_judge(const struct judging *judging);

#endif
