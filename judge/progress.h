/* When each client's calls made progress: the clock that a progress timeout of
 * scope handler follows is shared by all calls of a client, while the judge
 * looks at one call at a time. */
#ifndef RETRYSPEC_JUDGE_PROGRESS_H
#define RETRYSPEC_JUDGE_PROGRESS_H

#include "client/retry.h"
#include "judge/judging.h"

struct progress_lines;

/* NULL only without memory. Empty if no layer keeps such a clock. */
struct progress_lines *progress_create(const struct judging *judging,
                                       struct arena *arena);

/* Brings the shared clocks of a call's client to the instant `now_ns`. */
void progress_apply(const struct progress_lines *lines, size_t client,
                    int64_t now_ns, struct retry_shared *shared);

#endif
