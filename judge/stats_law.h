/* A delay law as the statistics see it: a table of its quantiles, drawn from
 * backoff_draw() alone, so that the tests can't disagree with the client.
 *
 * Pure. All answers err on the client's side, by at most two steps of the
 * table; atoms, such as the cap, are quantiles that repeat. */
#ifndef RETRYSPEC_JUDGE_STATS_LAW_H
#define RETRYSPEC_JUDGE_STATS_LAW_H

#include "client/backoff.h"

enum { STATS_LAW_STEPS = 128 };

struct stats_law {
    struct delay_law law;                   /* what the table was made from */
    int64_t quantiles[STATS_LAW_STEPS + 1]; /* ascending */
};

void stats_law_init(struct stats_law *table, const struct delay_law *law);

/* Was the table made from this law? */
bool stats_law_is(const struct stats_law *table, const struct delay_law *law);

/* No more than P(delay < t). */
double stats_law_below(const struct stats_law *table, int64_t t_ns);

/* No less than P(delay <= t). */
double stats_law_at_most(const struct stats_law *table, int64_t t_ns);

/* No less than P(a <= delay <= a + width), whatever a is. */
double stats_law_within(const struct stats_law *table, int64_t width_ns);

#endif
