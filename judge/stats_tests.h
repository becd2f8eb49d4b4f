/* Tests of samples that grant a stated rate of false alarms, exactly or by a
 * bound, never "about": whatever the sample size, at most so often does a
 * client that keeps its law fail one.
 *
 * Pure. docs/statistics.md says what is tested, and with which sample sizes. */
#ifndef RETRYSPEC_JUDGE_STATS_TESTS_H
#define RETRYSPEC_JUDGE_STATS_TESTS_H

#include <stddef.h>

/* The false alarms that a suite of a profile may raise are split: every rule
 * that is a test of statistics, on every scenario, gets an equal part. */
enum { STATS_SUITE_TESTS = 1000 };

/* "one false alarm in 1000 million" for 1e-9. Returns text. */
enum { STATS_ALARMS_MAX = 64 };
char *stats_alarms(double rate, char text[STATS_ALARMS_MAX]);

/* No less than the probability of `hits` or more in `trials` that hit with
 * `chance` on average: exact where all chances are the same, a bound (Hoeffding
 * 1956) where they differ. Bounded by 1 below the mean. */
double stats_tail(size_t trials, double chance, size_t hits);

/* The same by the Chernoff bound: cheaper, never smaller. */
double stats_tail_bound(size_t trials, double chance, size_t hits);

/* The most of `count` ascending positions that lie within `width`; fills the
 * first of them. */
size_t stats_most_within(const double *positions, size_t count, double width,
                         size_t *first);

/* The probability that any of them begins a window that holds so many, if each
 * of the others is in a given window with at most `chance`. */
double stats_cluster(size_t count, double chance, size_t most);

/* How far an empirical distribution lies above its law at worst, from upper
 * bounds of where in it each draw lies; and below it, from lower bounds. Both
 * ascending, in [0, 1]. */
double stats_above(const double *upper, size_t count);
double stats_below(const double *lower, size_t count);

/* The probability that one of the two is larger than `off` (Dvoretzky, Kiefer,
 * Wolfowitz, Massart 1990), once for both sides. */
double stats_distance(size_t count, double off);

/* The smallest count at which stats_cluster() of all is at most `rate`. */
size_t stats_size_cluster(double chance, double rate);

/* The smallest number of pairs at which stats_tail() of at least the share
 * `hit` of them is at most `rate`. */
size_t stats_size_pairs(double chance, double hit, double rate);

#endif
