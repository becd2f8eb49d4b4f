#include "judge/stats_law.h"

#include <math.h>
#include <stdlib.h>

/* Delays are monotone in the random number, or in two pieces where a negative
 * one becomes the base: a count of quantiles is off by one for each piece. */
static const double STEP = 1.0 / STATS_LAW_STEPS;

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool is_ascending(const struct stats_law *table)
{
    for (int i = 0; i < STATS_LAW_STEPS; i++) {
        if (table->quantiles[i] > table->quantiles[i + 1]) {
            return false;
        }
    }
    return true;
}

void stats_law_init(struct stats_law *table, const struct delay_law *law)
{
    table->law = *law;
    for (int i = 0; i < STATS_LAW_STEPS; i++) {
        table->quantiles[i] = backoff_draw(law, i * STEP);
    }
    table->quantiles[STATS_LAW_STEPS] = backoff_draw(law, nextafter(1, 0));
    if (!is_ascending(table)) {
        qsort(table->quantiles, STATS_LAW_STEPS + 1, sizeof *table->quantiles,
              by_size);
    }
}

bool stats_law_is(const struct stats_law *table, const struct delay_law *law)
{
    const struct delay_law *own = &table->law;
    return own->backoff == law->backoff && own->n == law->n &&
           own->previous_ns == law->previous_ns &&
           own->has_header == law->has_header && own->use == law->use &&
           own->header_ns == law->header_ns &&
           own->at_least_ns == law->at_least_ns &&
           own->at_most_ns == law->at_most_ns &&
           own->spread_ns == law->spread_ns &&
           own->is_jittered == law->is_jittered && own->cut_ns == law->cut_ns;
}

/* How many quantiles lie below `t_ns`. */
static int count_below(const struct stats_law *table, int64_t t_ns)
{
    int low = 0, high = STATS_LAW_STEPS + 1;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (table->quantiles[middle] < t_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

double stats_law_below(const struct stats_law *table, int64_t t_ns)
{
    return fmax(0, (count_below(table, t_ns) - 2) * STEP);
}

double stats_law_at_most(const struct stats_law *table, int64_t t_ns)
{
    int count =
        t_ns == INT64_MAX ? STATS_LAW_STEPS + 1 : count_below(table, t_ns + 1);
    return count == 0 ? 0 : fmin(1, (count + 1) * STEP);
}

double stats_law_within(const struct stats_law *table, int64_t width_ns)
{
    int most = 0;
    for (int low = 0, high = 0; high <= STATS_LAW_STEPS; high++) {
        while (table->quantiles[high] - table->quantiles[low] > width_ns) {
            low++;
        }
        most = high - low + 1 > most ? high - low + 1 : most;
    }
    return fmin(1, (most + 2) * STEP);
}
