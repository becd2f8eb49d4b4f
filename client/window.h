/* Two counts of what happened lately, in ten slices of time. Pure; a part of
 * the retry engine.
 *
 * As com.twitter.util.WindowedAdder: a slice ends when somebody looks after its
 * time, and the next one begins then; what is counted now goes away after nine
 * slices at the earliest. */
#ifndef RETRYSPEC_CLIENT_WINDOW_H
#define RETRYSPEC_CLIENT_WINDOW_H

#include <stdint.h>

#include "client/retry.h"

/* `length_ns`: of all slices; NS_FOREVER: nothing ever goes away. */
void window_add(struct retry_window *window, int64_t length_ns, int64_t now_ns,
                int which);
int64_t window_sum(struct retry_window *window, int64_t length_ns,
                   int64_t now_ns, int which);

#endif
