#include "judge/stats_tests.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/* Beyond this no test is worth its samples. */
enum { SIZE_MOST = 1000000 };

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

char *stats_alarms(double rate, char text[STATS_ALARMS_MAX])
{
    const double million = 1e6;
    bool is_many = 1 / rate >= million;
    snprintf(text, STATS_ALARMS_MAX, "one false alarm in %.0f%s",
             is_many ? 1 / rate / million : 1 / rate,
             is_many ? " million" : "");
    return text;
}

double stats_tail(size_t trials, double chance, size_t hits)
{
    double n = (double)trials, mean = n * chance;
    if (hits == 0 || chance >= 1 || (double)hits < mean + 1) {
        return 1; /* Hoeffding's bound begins at one above the mean */
    }
    if (hits > trials || chance <= 0) {
        return 0;
    }
    double k = (double)hits;
    double term =
        exp(log_choose(n, k) + k * log(chance) + (n - k) * log1p(-chance));
    double sum = 0, odds = chance / (1 - chance);
    for (; k <= n && term > sum * 1e-16; k++) {
        sum += term;
        term *= (n - k) / (k + 1) * odds;
    }
    return fmin(1, sum);
}

double stats_tail_bound(size_t trials, double chance, size_t hits)
{
    double share = (double)hits / (double)trials;
    if (hits == 0 || share <= chance || chance >= 1) {
        return 1;
    }
    if (hits > trials || chance <= 0) {
        return 0;
    }
    double divergence = share * log(share / chance);
    if (share < 1) {
        divergence += (1 - share) * log((1 - share) / (1 - chance));
    }
    return exp(-(double)trials * divergence);
}

size_t stats_most_within(const double *positions, size_t count, double width,
                         size_t *first)
{
    size_t most = 0;
    for (size_t low = 0, high = 0; high < count; high++) {
        while (positions[high] - positions[low] > width) {
            low++;
        }
        if (high - low + 1 > most) {
            most = high - low + 1;
            *first = low;
        }
    }
    return most;
}

double stats_cluster(size_t count, double chance, size_t most)
{
    if (most < 2) {
        return 1;
    }
    return fmin(1, (double)count * stats_tail(count - 1, chance, most - 1));
}

double stats_above(const double *upper, size_t count)
{
    double off = 0;
    for (size_t i = 0; i < count; i++) {
        off = fmax(off, (double)(i + 1) / (double)count - upper[i]);
    }
    return off;
}

double stats_below(const double *lower, size_t count)
{
    double off = 0;
    for (size_t i = 0; i < count; i++) {
        off = fmax(off, lower[i] - (double)i / (double)count);
    }
    return off;
}

double stats_distance(size_t count, double off)
{
    return fmin(1, 2 * exp(-2 * (double)count * off * off));
}

size_t stats_size_cluster(double chance, double rate)
{
    size_t count = 2;
    while (count < SIZE_MOST && chance < 1 &&
           (double)count * pow(chance, (double)(count - 1)) > rate) {
        count++;
    }
    return chance < 1 ? count : SIZE_MOST;
}

size_t stats_size_pairs(double chance, double hit, double rate)
{
    size_t pairs = 1;
    while (pairs < SIZE_MOST && chance < hit &&
           stats_tail(pairs, chance, (size_t)ceil((double)pairs * hit)) >
               rate) {
        pairs++;
    }
    return chance < hit ? pairs : SIZE_MOST;
}
