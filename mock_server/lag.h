/* How late the loop was: a histogram of latenesses with four buckets an octave,
 * so that a quantile is at most a quarter too high. Pure. */
#ifndef RETRYSPEC_MOCK_SERVER_LAG_H
#define RETRYSPEC_MOCK_SERVER_LAG_H

#include <stdint.h>

enum { LAG_BUCKETS = 4 * 41 }; /* from 1 us to more than 10 days */

/* Zero-initialise before use. */
struct lag {
    uint32_t counts[LAG_BUCKETS];
    uint64_t total;
    int64_t max_ns;
};

void lag_add(struct lag *lag, int64_t late_ns);

/* A tick every `period_ns` was due since `late_ns` ago and all of them come
 * only now: each missed one was late as well. */
void lag_add_ticks(struct lag *lag, int64_t late_ns, int64_t period_ns);

/* The lateness that 99 of 100 stay below; 0 if there is none. */
int64_t lag_p99(const struct lag *lag);

#endif
