/* Did the client run the plan? */
#ifndef RETRYSPEC_JUDGE_PLANNED_H
#define RETRYSPEC_JUDGE_PLANNED_H

#include "judge/judging.h"

/* What the client left out or made up, for people; NULL: it ran the plan. */
const char *planned_not_done(const struct judging *judging);

/* Are calls told apart by the token of the plan? Elsewhere the values of a
 * header or the like are the client's own choice. */
bool planned_uses_tokens(const struct scenario *scenario);

/* Could calls have been made that left no trace, because the listener refused
 * or a connection was ended when it was accepted? */
bool planned_may_be_unseen(const struct trace *trace);

#endif
