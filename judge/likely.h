/* Likely causes: named misreadings of a profile under which a trace that was
 * refused would have been accepted whole. */
#ifndef RETRYSPEC_JUDGE_LIKELY_H
#define RETRYSPEC_JUDGE_LIKELY_H

#include "judge/judging.h"

/* By rule: the text of the smallest misreading that explains why it is broken;
 * NULL: none does. */
struct likely {
    const char *of_rule[JUDGE_RULES];
};

/* To be asked when all rules have been applied. Without memory, and once as
 * much was judged again as LIKELY_WORK_MAX says, no more causes are found. */
struct likely likely_find(const struct judging *judging);

/* In occasions of rules, and what was looked through before: seconds. */
#define LIKELY_WORK_MAX 2000000

/* The catalogue in its order, for the list in the docs; NULL after the last. */
const char *likely_text(size_t index);

#endif
