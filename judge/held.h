/* What limiters held up. The engine in the judge knows no closed one: for it
 * all of an attempt began when that was seen, or with the answer before. */
#ifndef RETRYSPEC_JUDGE_HELD_H
#define RETRYSPEC_JUDGE_HELD_H

#include "judge/hypotheses.h"

/* The follow-up, which the engine sent at once, was seen at `sent_ns`: the
 * limits of the attempt run from then on. */
void held_follow_up(const struct hypotheses *set, struct hypothesis *hypothesis,
                    int64_t sent_ns);

/* The wait, which was over within `ready`, led to an attempt at `sent_ns`.
 * Layers that a limiter is in or inside of began with the end of the wait: as
 * late as can be; that it was as early as can be is added. */
void held_retry(struct hypotheses *set, struct hypothesis *hypothesis,
                const struct delay_range *ready, int64_t sent_ns);

/* Must the call be over at `at_ns`, whether its wait led to an attempt then, or
 * was over as early as can be and a limiter held the attempt up? */
bool held_is_over(const struct hypotheses *set,
                  const struct hypothesis *hypothesis, int64_t at_ns,
                  struct retry_action *done);

#endif
