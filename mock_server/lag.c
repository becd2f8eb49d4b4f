#include "mock_server/lag.h"

#include <assert.h>

#include "model/units.h"

static int bucket_of(int64_t late_ns)
{
    uint64_t us = late_ns <= 0 ? 0 : (uint64_t)(late_ns / NS_PER_US);
    if (us < 4) {
        return (int)us;
    }
    int octave = 63 - __builtin_clzll(us);
    int quarter = (int)((us >> (octave - 2)) & 3);
    int bucket = 4 * (octave - 1) + quarter;
    return bucket < LAG_BUCKETS ? bucket : LAG_BUCKETS - 1;
}

/* The first lateness that is above the bucket. */
static int64_t bucket_end(int bucket)
{
    if (bucket < 4) {
        return (bucket + 1) * NS_PER_US;
    }
    int octave = bucket / 4 + 1;
    int64_t quarter = bucket % 4;
    return (((4 + quarter + 1)) << (octave - 2)) * NS_PER_US;
}

void lag_add(struct lag *lag, int64_t late_ns)
{
    lag->counts[bucket_of(late_ns)]++;
    lag->total++;
    if (late_ns > lag->max_ns) {
        lag->max_ns = late_ns;
    }
}

void lag_add_ticks(struct lag *lag, int64_t late_ns, int64_t period_ns)
{
    assert(period_ns > 0);
    int left = 10000; /* a machine that slept for a day */
    for (; late_ns >= 0 && left > 0; left--) {
        lag_add(lag, late_ns);
        late_ns -= period_ns;
    }
}

int64_t lag_p99(const struct lag *lag)
{
    uint64_t seen = 0, wanted = lag->total - lag->total / 100;
    for (int i = 0; i < LAG_BUCKETS; i++) {
        seen += lag->counts[i];
        if (seen >= wanted && seen > 0) {
            int64_t end_ns = bucket_end(i);
            return end_ns < lag->max_ns ? end_ns : lag->max_ns;
        }
    }
    return 0;
}
