/* Names for laws, to write them in a line. */
#ifndef RETRYSPEC_TESTS_BACKOFF_LAWS_H
#define RETRYSPEC_TESTS_BACKOFF_LAWS_H

#include "client/backoff.h"
#include "model/units.h"

#define MS NS_PER_MS
#define S  NS_PER_S

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define EXPONENTIAL(base, f, cap)                                       \
    .schedule = SCHEDULE_EXPONENTIAL, .base_ns = (base), .factor = (f), \
    .cap_ns = (cap)
#define SYMMETRIC(j) .jitter = JITTER_SYMMETRIC, .ratio = (j), .clip = true
#define FULL         .jitter = JITTER_FULL, .ratio = 1
#define GO(j)                                                            \
    .jitter = JITTER_SYMMETRIC, .ratio = (j), .rounding = ROUND_NS_DOWN, \
    .negative = NEGATIVE_BASE
#define TO_MS .rounding = ROUND_MS_NEAREST

#endif
