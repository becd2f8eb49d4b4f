/* What a profile makes of an answer that is always the same: samples of the
 * delay before each retry, by the engine. Pure. */
#ifndef RETRYSPEC_LAB_DELAYS_H
#define RETRYSPEC_LAB_DELAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/profile.h"

enum { DELAYS_RETRIES_MAX = 50, DELAYS_SAMPLES_MAX = 1000000 };

struct delays_request {
    const struct profile *profile;
    int status;     /* of every answer, which comes at once */
    bool is_summed; /* since the first attempt instead of since the last one */
    size_t retries; /* at most */
    size_t samples;
    uint64_t seed;
};

/* Before one retry, ascending. */
struct delays {
    int64_t *ns;
    size_t count; /* calls that came so far */
    /* What the laws of these calls allow; most_ns may be NS_FOREVER. */
    int64_t least_ns, most_ns;
};

/* One for each retry; the caller frees each `ns`. False without memory. */
bool delays_sample(const struct delays_request *request,
                   struct delays *retries);
void delays_deinit(struct delays *retries, size_t count);

/* The value that a share `p` of them does not exceed; count > 0. */
int64_t delays_quantile(const struct delays *delays, double p);

/* Of those that are `ns` to the nanosecond: 0 to 1. */
double delays_share_at(const struct delays *delays, int64_t ns);

#endif
