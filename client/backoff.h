/* Back-off laws: from a random number in [0, 1) to a delay, exactly as the
 * source systems compute it, and the same law seen from outside.
 *
 * Pure. backoff_draw() is the one meaning of a law: bounds and distribution
 * are derived from it, so the judge can't disagree with the client. */
#ifndef RETRYSPEC_CLIENT_BACKOFF_H
#define RETRYSPEC_CLIENT_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "model/profile.h"

/* A law with its arguments bound: what the delay before one retry may be. */
struct delay_law {
    const struct backoff *backoff; /* NULL: the fixed part alone */
    int64_t n;                     /* retry index in its layer, from 0 */
    int64_t previous_ns; /* last delay of this layer, for decorrelated; 0 at
                            first */
    /* Retry-After, resolved; has_header false: not used. */
    bool has_header;
    enum retry_after_use use;
    int64_t header_ns;               /* after limit and clamp */
    int64_t at_least_ns, at_most_ns; /* RA_BETWEEN */
    int64_t spread_ns;               /* RA_SPREAD */
    bool is_jittered;
    /* Set by the budget: the wait is cut to at most this; NS_FOREVER: not. */
    int64_t cut_ns;
};

/* x(n): the nominal delay before jitter, cap applied if the order says so. */
int64_t backoff_nominal(const struct backoff *backoff, int64_t n);

/* Is x(n) beyond the largest double in the unit that the client computes with?
 * Elixir's arithmetic raises then; see enum overflow. */
bool backoff_overflows(const struct backoff *backoff, int64_t n);

/* The delay for random number u in [0, 1). Never negative; overflow ends at the
 * cap (NS_FOREVER without one). */
int64_t backoff_draw(const struct delay_law *law, double u);

/* The own delay, whatever a header says, as the double that the source system
 * computes before it rounds: seconds, or milliseconds or nanoseconds if the law
 * rounds to these. For comparisons to the last bit. */
double backoff_draw_unit(const struct delay_law *law, double u);

/* Smallest and largest delay that backoff_draw can give. */
struct delay_range {
    int64_t min_ns, max_ns;
};
struct delay_range backoff_range(const struct delay_law *law);

/* P(delay <= t) and P(delay < t): they differ at an atom, such as the cap. */
double backoff_cdf(const struct delay_law *law, int64_t t_ns);
double backoff_cdf_below(const struct delay_law *law, int64_t t_ns);

#endif
