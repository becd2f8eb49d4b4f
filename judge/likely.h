/* Likely causes: named misreadings of a profile under which a trace that was
 * refused would have been accepted whole. */
#ifndef RETRYSPEC_JUDGE_LIKELY_H
#define RETRYSPEC_JUDGE_LIKELY_H

#include "judge/judging.h"

/* The text of the first misreading that explains the whole trace; NULL: none
 * does, or no memory. */
const char *likely_find(const struct judging *judging);

#endif
