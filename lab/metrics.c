#include "lab/metrics.h"

#include <math.h>

enum { BINS_A_SECOND = NS_PER_S / TALLY_BIN_NS };

const char *const metric_names[] = {
#define X(constant, name, meaning) name,
    METRIC_LIST(X)
#undef X
};
const char *const metric_meanings[] = {
#define X(constant, name, meaning) meaning,
    METRIC_LIST(X)
#undef X
};

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

static double in_seconds(int64_t ns)
{
    return ns == NS_FOREVER ? NAN : (double)ns / (double)NS_PER_S;
}

/* -- arrivals of a span of bins --------------------------------------------
 */

struct span {
    size_t from, to;
};

struct arrivals_seen {
    double total, peak, squares;
    size_t bins;
};

/* Up to the last bin in which anything arrived. */
static size_t last_arrival(const struct tally *tally)
{
    size_t end = tally->bin_count;
    while (end > 0 && tally->bins[end - 1].arrivals == 0)
        end--;
    return end;
}

static struct arrivals_seen look_at(const struct tally *tally, struct span span)
{
    struct arrivals_seen seen = {0};
    double second = 0;
    for (size_t i = span.from; i < span.to; i++) {
        double arrivals = tally->bins[i].arrivals;
        second =
            (i - span.from) % BINS_A_SECOND == 0 ? arrivals : second + arrivals;
        seen.peak = fmax(seen.peak, second);
        seen.total += arrivals;
        seen.squares += arrivals * arrivals;
        seen.bins++;
    }
    return seen;
}

static double rate(const struct arrivals_seen *seen)
{
    return ratio(seen->total * BINS_A_SECOND, (double)seen->bins);
}

static double dispersion(const struct arrivals_seen *seen)
{
    double mean = ratio(seen->total, (double)seen->bins);
    return ratio(seen->squares / (double)seen->bins - mean * mean, mean);
}

static void tell_arrivals(const struct tally *tally, double *values)
{
    size_t end = last_arrival(tally);
    size_t recovery = (size_t)(tally->recovery_ns / TALLY_BIN_NS);
    size_t middle = recovery < end ? recovery : end;
    struct arrivals_seen all = look_at(tally, (struct span){0, end});
    struct arrivals_seen before = look_at(tally, (struct span){0, middle});
    struct arrivals_seen after = look_at(tally, (struct span){middle, end});
    values[METRIC_MEAN_RATE] = rate(&all);
    values[METRIC_PEAK_BEFORE] = before.bins > 0 ? before.peak : NAN;
    values[METRIC_PEAK_AFTER] = after.bins > 0 ? after.peak : NAN;
    values[METRIC_HERD] = ratio(after.peak, rate(&after));
    values[METRIC_DISPERSION] = dispersion(&after);
}

/* -- all of them -----------------------------------------------------------
 */

static double wait_s(const struct tally *tally, double p)
{
    return in_seconds(histogram_quantile(&tally->wait, p));
}

void metrics_of(const struct tally *tally, double values[METRIC_COUNT])
{
    double calls = (double)tally->calls, attempts = (double)tally->arrivals;
    double served = (double)tally->served;
    values[METRIC_CALLS] = calls;
    values[METRIC_SERVED] = ratio(served, calls);
    values[METRIC_GAVE_UP] = ratio((double)tally->given_up, calls);
    values[METRIC_AMPLIFICATION] = ratio(attempts, served);
    values[METRIC_ATTEMPTS] = ratio(attempts, calls);
    tell_arrivals(tally, values);
    int64_t took_ns = tally->last_served_ns - tally->recovery_ns;
    bool is_whole = tally->served == tally->calls;
    values[METRIC_RECOVERY] = !is_whole || tally->recovery_ns == NS_FOREVER
                                  ? NAN
                                  : in_seconds(took_ns > 0 ? took_ns : 0);
    values[METRIC_P50] = wait_s(tally, 0.5);
    values[METRIC_P90] = wait_s(tally, 0.9);
    values[METRIC_P99] = wait_s(tally, 0.99);
    values[METRIC_P999] = wait_s(tally, 0.999);
    values[METRIC_WASTED] = ratio((double)tally->wasted, attempts);
    values[METRIC_QUEUE] = ratio(tally->queue.sum_ns / (double)NS_PER_S,
                                 (double)tally->queue.total);
    values[METRIC_QUEUE_P99] =
        in_seconds(histogram_quantile(&tally->queue, 0.99));
    values[METRIC_ENDED] = in_seconds(tally->ended_ns);
}

/* -- repeated runs ---------------------------------------------------------
 */

/* Welford's method. */
void summary_add(struct summary *summary, double value)
{
    if (isnan(value))
        return;
    double before = value - summary->mean;
    summary->count++;
    summary->mean += before / (double)summary->count;
    summary->sum_squares += before * (value - summary->mean);
}

/* The 97.5 % quantile of Student's t. Above 30 degrees of freedom by the first
 * terms of its expansion at the normal quantile (Abramowitz and Stegun
 * 26.7.5). */
static double t_quantile(size_t freedom)
{
    static const double table[] = {
        0,     12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365,
        2.306, 2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069,
        2.064, 2.060,  2.056, 2.052, 2.048, 2.045, 2.042};
    const double z = 1.959964;
    if (freedom < sizeof table / sizeof table[0])
        return table[freedom];
    return z + (z * z * z + z) / (4 * (double)freedom);
}

double summary_margin(const struct summary *summary)
{
    if (summary->count < 2)
        return NAN;
    double count = (double)summary->count;
    double variance = summary->sum_squares / (count - 1);
    return t_quantile(summary->count - 1) * sqrt(variance / count);
}
