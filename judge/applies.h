/* Why a rule does not apply to a client or a scenario at all. */
#ifndef RETRYSPEC_JUDGE_APPLIES_H
#define RETRYSPEC_JUDGE_APPLIES_H

#include "judge/judging.h"

/* The reason that the profile itself gives; NULL: none. */
const char *applies_profile_reason(const struct profile *profile,
                                   const char *rule_id);

/* The reason that lies in what the profile or the trace does not have; NULL:
 * none. */
const char *applies_missing_part(const struct judging *judging,
                                 enum judge_rule rule);

#endif
