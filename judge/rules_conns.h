/* CONN-1 and CONN-2: what becomes of the connection of an attempt that did not
 * end with a whole response. */
#ifndef RETRYSPEC_JUDGE_RULES_CONNS_H
#define RETRYSPEC_JUDGE_RULES_CONNS_H

#include "judge/evidence.h"

/* The next attempt came while the present one was open, at or after `due_ns`,
 * when a timeout must have ended it: it was given up, its connection was not.
 */
void rules_conns_left_open(const struct place *place, int64_t due_ns);

/* The present attempt ended before the next one came. */
void rules_conns_judge(const struct place *place);

#endif
