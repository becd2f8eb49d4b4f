/* What rules about all calls of a client together need: its calls side by side,
 * and how many of them there were by a time. */
#ifndef RETRYSPEC_JUDGE_CROWD_H
#define RETRYSPEC_JUDGE_CROWD_H

#include "judge/judging.h"

/* Is every attempt of a call after its first a retry that this layer asked for?
 * And does the trace tell the calls apart? */
bool crowd_is_sole(const struct judging *judging, const struct layer *layer);

/* All calls, those of a client side by side. NULL without memory. */
const struct call **crowd_calls(const struct calls *calls,
                                struct arena *scratch);

/* Where those of the next client begin. */
size_t crowd_next(const struct call *const *calls, size_t count, size_t first);

/* The call did not begin before. */
int64_t crowd_begins(const struct judging *judging, const struct call *call);

/* Ascending; and how many of such times are at most `at_ns`. */
void crowd_sort(int64_t *times_ns, size_t count);
int64_t crowd_count_by(const int64_t *times_ns, size_t count, int64_t at_ns);

#endif
