/* Delays that were drawn from a law of the profile, kept for the rules that
 * look at many of them together: JIT-1, JIT-2, HERD-1.
 *
 * Kept are the first STATS_SAMPLES_MAX whose presence in the trace says nothing
 * about their length: none that a budget of time, an outage, a limiter, a queue
 * for slots or the end of the run would have hidden if it were longer. */
#ifndef RETRYSPEC_JUDGE_STATS_SAMPLES_H
#define RETRYSPEC_JUDGE_STATS_SAMPLES_H

#include "judge/evidence.h"
#include "model/units.h"

enum { STATS_SAMPLES_MAX = 4096 };

/* Widths of windows that delays without enough jitter crowd into, as parts of
 * what the law allows. X(constant, part, what so many there would be) */
#define STATS_WIDTH_LIST(X)                                              \
    X(STATS_SIXTEENTH, 16, "the delays have no jitter, or next to none") \
    X(STATS_EIGHTH, 8, "the jitter is far narrower than the law's")      \
    X(STATS_QUARTER, 4, "the jitter is a quarter as wide as the law's")  \
    X(STATS_HALF, 2, "the jitter is half as wide as the law's")

enum stats_width {
#define X(constant, part, likely) constant,
    STATS_WIDTH_LIST(X)
#undef X
        STATS_WIDTHS,
};

/* Delays that are as close as that coincide. */
#define STATS_COINCIDENCE_NS (10 * NS_PER_MS)

/* Widths of windows of time that herds come in. */
enum { STATS_HERD_WIDTHS = 2 };
extern const int64_t stats_herd_ns[STATS_HERD_WIDTHS];

struct stats_sample {
    /* Bounds of P(delay <= its length), whatever of it was lateness within the
     * tolerances. */
    double lower, upper;
    /* 0: the shortest that the law allows, 1: the longest. */
    double position;
    /* The most that a window of that width may hold of the law, by chance; of
     * twice STATS_COINCIDENCE_NS; and of each herd width. All of them are wider
     * by how late this run's clocks were. */
    double within[STATS_WIDTHS], near, herd[STATS_HERD_WIDTHS];
    /* Of half the width, and near, if this run's clocks had been on time. */
    double half_on_time, near_on_time;
    /* Its client waited for a CPU: it is not tested, only counted as one that
     * this machine took away. */
    bool is_starved;
    int64_t delay_ns;
    int64_t head_ns, first_ns, last_ns; /* when it came, and may have come */
    int64_t attempt;                    /* the one after the delay */
    const struct call *call;
    int64_t number; /* <call> of the token; -1: none */
    size_t index;   /* of the attempt in its call */
};

struct stats_samples;

/* For at most so many attempts. NULL only without memory. */
struct stats_samples *stats_samples_create(size_t attempts,
                                           struct arena *arena);

/* Is it one to keep? To be asked before anything is dropped from the set for
 * what the next attempt looks like. */
bool stats_samples_fits(const struct hypotheses *set,
                        const struct place *place);

/* Keeps the delay before the attempt after `place`, of a law that varies. */
void stats_samples_add(struct stats_samples *samples,
                       const struct hypothesis *hypothesis,
                       const struct place *place, bool is_starved);

struct stats_sample *stats_samples_all(struct stats_samples *samples,
                                       size_t *count);

#endif
