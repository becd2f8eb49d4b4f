/* TO-1, TO-2, PT-1: attempts and calls that last too long, or not long enough.
 */
#ifndef RETRYSPEC_JUDGE_RULES_TIMEOUT_H
#define RETRYSPEC_JUDGE_RULES_TIMEOUT_H

#include "judge/evidence.h"

/* Judges when the attempt in flight ended. False: the client ended the call
 * with it. */
bool rules_timeout_judge(struct hypotheses *set, const struct place *place);

/* What the client was told with an attempt, with the limit that it has by that.
 */
struct retry_action rules_timeout_limit(const struct judging *judging,
                                        const struct retry_action *send);

/* May its caller or the progress timeout have ended the call as the attempt was
 * answered, so that the client no longer saw that? */
bool rules_timeout_may_cut(const struct hypotheses *set,
                           const struct place *place);

/* May a timeout of the attempt in flight, or its caller, have ended it? */
bool rules_timeout_fits(const struct hypotheses *set,
                        const struct place *place);

/* When a timeout must end the attempt in flight; NS_FOREVER: none does. */
int64_t rules_timeout_due(const struct hypotheses *set,
                          const struct place *place);

/* Did the next attempt come no earlier than that, as far as can be told? */
bool rules_timeout_was_due(const struct place *place, int64_t due_ns);

/* Judges whether the next attempt came after the end of the call's time. False:
 * it did. */
bool rules_timeout_after_wait(struct hypotheses *set,
                              const struct place *place);

#endif
