/* What a fleet's run says in numbers, and what repeated runs say together.
 * Pure. */
#ifndef RETRYSPEC_LAB_METRICS_H
#define RETRYSPEC_LAB_METRICS_H

#include <stddef.h>

#include "lab/tally.h"

/* X(constant, name, meaning). Rates are attempts a second at the server, in
 * whole seconds; "after" is since the world's recovery. */
#define METRIC_LIST(X)                                                       \
    X(METRIC_CALLS, "calls", "calls begun")                                  \
    X(METRIC_SERVED, "served_share", "share of calls that got their answer") \
    X(METRIC_GAVE_UP, "gave_up_share", "share of calls that gave up")        \
    X(METRIC_AMPLIFICATION, "attempts_per_success",                          \
      "attempts for each "                                                   \
      "call that was served")                                                \
    X(METRIC_ATTEMPTS, "attempts_per_call", "attempts for each call")        \
    X(METRIC_MEAN_RATE, "mean_rate", "attempts a second, first to last")     \
    X(METRIC_PEAK_BEFORE, "peak_rate_before",                                \
      "most attempts in a second "                                           \
      "before the recovery")                                                 \
    X(METRIC_PEAK_AFTER, "peak_rate_after",                                  \
      "most attempts in a second "                                           \
      "after the recovery")                                                  \
    X(METRIC_HERD, "herd", "peak after the recovery over the mean after it") \
    X(METRIC_DISPERSION, "dispersion",                                       \
      "variance over mean of the attempts "                                  \
      "in 100 ms after the recovery: 1 if "                                  \
      "they came by chance")                                                 \
    X(METRIC_RECOVERY, "all_served_s",                                       \
      "from the recovery until the last "                                    \
      "call was served, if all were")                                        \
    X(METRIC_P50, "wait_p50_s", "half of the served calls took at most")     \
    X(METRIC_P90, "wait_p90_s", "90 % of the served calls took at most")     \
    X(METRIC_P99, "wait_p99_s", "99 % of the served calls took at most")     \
    X(METRIC_P999, "wait_p999_s", "99.9 % of the served calls took at most") \
    X(METRIC_WASTED, "wasted_share",                                         \
      "attempts after the recovery that were "                               \
      "refused or answered too late, of all")                                \
    X(METRIC_QUEUE, "queue_mean_s", "mean time in the server's queue")       \
    X(METRIC_QUEUE_P99, "queue_p99_s", "99 % of its times at most")          \
    X(METRIC_ENDED, "ended_s", "when the last thing happened")

enum metric {
#define X(constant, name, meaning) constant,
    METRIC_LIST(X)
#undef X
        METRIC_COUNT
};
extern const char *const metric_names[], *const metric_meanings[];

/* One run; NAN where there is nothing to tell, such as a herd without an
 * attempt after the recovery. */
void metrics_of(const struct tally *tally, double values[METRIC_COUNT]);

/* Of the runs that tell the metric. */
struct summary {
    size_t count;
    double mean, sum_squares; /* of the differences to the mean */
};

/* Zero-initialised at first; a NAN is not counted. */
void summary_add(struct summary *summary, double value);

/* Half the width of the 95 % confidence interval of the mean, by Student's t;
 * NAN below two runs. */
double summary_margin(const struct summary *summary);

#endif
