/* What the attempts of a call did to what calls share, for all that may have
 * gone on in its client. */
#ifndef RETRYSPEC_JUDGE_RECORD_H
#define RETRYSPEC_JUDGE_RECORD_H

#include "judge/evidence.h"

struct recorder {
    const struct hypotheses *set; /* of a walk that knows of nothing shared */
    struct effects *effects;
};

/* The first attempt of a call was seen. */
void record_first(const struct recorder *recorder, const struct call *call);

/* The next attempt was seen; the set still waits for it. */
void record_next(const struct recorder *recorder, const struct place *place);

/* The attempt ended; the set has it in flight. */
void record_end(const struct recorder *recorder, const struct place *place);

/* An effect on layer i, and when the end of an attempt came to its client. */
struct effect *record_effect(const struct recorder *recorder,
                             enum effect_kind kind, int i,
                             const struct effect *when);
struct effect record_when_ended(const struct recorder *recorder,
                                const struct place *place);

#endif
