/* Delays before the same retry of two clients, or of two calls of a client:
 * each is in one pair only. JIT-2 asks whether they are alike. Pure. */
#ifndef RETRYSPEC_JUDGE_STATS_PAIRS_H
#define RETRYSPEC_JUDGE_STATS_PAIRS_H

#include "judge/stats_samples.h"

struct stats_pairs {
    size_t count, alike;
    double chance;                    /* sum over the pairs */
    double chance_on_time;            /* the same, on a machine that is */
    const struct stats_sample *a, *b; /* the first that are alike */
};

/* Sorts the samples. */
struct stats_pairs stats_pairs_up(const struct stats_sample **samples,
                                  size_t count, bool is_of_clients);

/* How likely one of them is alike, on average; 1 if there is none. */
double stats_pairs_chance(const struct stats_pairs *pairs);

/* Sorts the samples and keeps, in front, one of each draw that clients, or
 * calls, may share. Returns how many. */
size_t stats_pairs_keep_first(const struct stats_sample **samples, size_t count,
                              bool is_of_clients);

#endif
