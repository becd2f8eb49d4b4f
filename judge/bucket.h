/* How many retry tokens a client may have had at a time: bounds, whatever the
 * order of effects whose times overlap. */
#ifndef RETRYSPEC_JUDGE_BUCKET_H
#define RETRYSPEC_JUDGE_BUCKET_H

#include "judge/effects.h"

struct bucket;

struct bucket_range {
    double least, most;
};

/* Of one layer and pool, from the effects on its bucket. NULL only without
 * memory. */
struct bucket *bucket_create(const struct token_bucket *policy,
                             const struct effects *effects,
                             struct arena *arena);

/* What the end of an attempt found in it; `own` is its effect, one of those
 * that the bucket was made from, which is not counted yet. */
struct bucket_range bucket_found(const struct bucket *bucket,
                                 const struct effect *own);

#endif
