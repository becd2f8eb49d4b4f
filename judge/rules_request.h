/* REQ-1, REQ-2, REQ-3: what each attempt of a call sends. */
#ifndef RETRYSPEC_JUDGE_RULES_REQUEST_H
#define RETRYSPEC_JUDGE_RULES_REQUEST_H

#include "judge/evidence.h"

/* REQ-1 and REQ-2 over all calls. False without memory. */
bool rules_request_judge(const struct judging *judging, struct arena *scratch);

/* REQ-3 for one attempt, whose sending the set has just accepted. */
void rules_request_retry_count(const struct hypotheses *set,
                               const struct place *place, size_t index);

#endif
