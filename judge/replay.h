/* One call, replayed by the engine with everything shared wide open: what its
 * attempts did to what calls share. */
#ifndef RETRYSPEC_JUDGE_REPLAY_H
#define RETRYSPEC_JUDGE_REPLAY_H

#include "judge/effects.h"

/* At most so many effects come of an attempt in each layer. */
enum { REPLAY_EFFECTS_MAX = 5 };

/* Adds the effects of a call; there is room for them. */
void replay_call(const struct judging *judging,
                 const struct progress_lines *progress, const struct call *call,
                 struct effects *effects);

#endif
