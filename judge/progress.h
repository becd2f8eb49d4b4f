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

/* How many there are. */
size_t progress_count(const struct progress_lines *lines);

/* Brings the shared clocks of a call's client to the instant `now_ns`. */
void progress_apply(const struct progress_lines *lines, size_t client,
                    int64_t now_ns, struct retry_shared *shared);

/* Slots that clients share may have held up the first call of this one, so that
 * its clock began before the first attempt that we saw; or calls that waited
 * for slots kept it busy while it looked idle. Asked for a call whose first
 * attempt came at `head_ns`. */
bool progress_may_be_older(const struct progress_lines *lines, size_t client,
                           int64_t head_ns);

/* The first instant after `after_ns` at which a clock of the client may have
 * moved; NS_FOREVER: none. */
int64_t progress_next(const struct progress_lines *lines, size_t client,
                      int64_t after_ns);

#endif
