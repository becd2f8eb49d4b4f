/* When the slots of a profile were in use: a call that waits for one comes no
 * sooner than they are free. */
#ifndef RETRYSPEC_JUDGE_BUSY_H
#define RETRYSPEC_JUDGE_BUSY_H

#include "judge/judging.h"

struct busy;

/* NULL only without memory. */
struct busy *busy_create(const struct judging *judging, struct arena *arena);

/* Until when the slots that calls of the client take may all be in use, if they
 * are at `at_ns`; else `at_ns`. */
int64_t busy_until(const struct busy *busy, size_t client, int64_t at_ns);

#endif
