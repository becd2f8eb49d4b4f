/* OUT-1 and BODY-1: what the caller was told against what was on the wire. */
#ifndef RETRYSPEC_JUDGE_RULES_RESULTS_H
#define RETRYSPEC_JUDGE_RULES_RESULTS_H

#include "judge/seen.h"

/* Does a call succeed with this end of its last attempt? The engine says so. */
bool rules_results_is_success(const struct judging *judging,
                              const struct call *ended,
                              const struct seen *seen);

void rules_results_judge(const struct judging *judging);

/* Was its caller told that the call failed? False too if it was told nothing.
 */
bool rules_results_is_told_failed(const struct judging *judging,
                                  const struct call *call);

#endif
