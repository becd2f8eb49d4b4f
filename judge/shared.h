/* What the calls of a client share, as a function of time, while the judge
 * looks at one call at a time: progress clocks, rate limiters, retry tokens and
 * circuit breakers. */
#ifndef RETRYSPEC_JUDGE_SHARED_H
#define RETRYSPEC_JUDGE_SHARED_H

#include "judge/bucket.h"
#include "judge/circuit.h"
#include "judge/progress.h"
#include "judge/windows.h"

struct shared_lines;

/* From the effects of all attempts; NULL: nothing is known, everything may be.
 * NULL only without memory. */
struct shared_lines *shared_create(const struct judging *judging,
                                   const struct progress_lines *progress,
                                   const struct effects *effects,
                                   struct arena *arena);

/* Is nothing known? */
bool shared_is_blind(const struct shared_lines *lines);

/* Brings the clocks of a client to `now_ns` and opens all else: what is closed
 * or spent is asked for by the functions below. */
void shared_apply(const struct shared_lines *lines, size_t client,
                  int64_t now_ns, struct retry_shared *shared);

/* progress_may_be_older() and progress_next(). */
bool shared_may_be_older(const struct shared_lines *lines, size_t client,
                         int64_t head_ns);
int64_t shared_next_progress(const struct shared_lines *lines, size_t client,
                             int64_t after_ns);

/* NULL: nothing happened to that one. */
const struct windows *shared_windows(const struct shared_lines *lines,
                                     int layer, size_t client);
const struct circuit *shared_circuit(const struct shared_lines *lines,
                                     int layer, size_t client);

/* The tokens that the end of an attempt found in each layer; `attempt` is its
 * index in the trace, SIZE_MAX if it has none. */
struct shared_tokens {
    struct bucket_range layers[PROFILE_LAYERS_MAX];
    uint8_t unknown; /* layers that may have had some for a retry, or none */
};
struct shared_tokens shared_found(const struct shared_lines *lines,
                                  size_t client, size_t attempt);

/* Of an attempt that nobody saw: anything. */
struct shared_tokens shared_unknown(const struct shared_lines *lines);

/* How often circuits opened, see circuit_openings(). */
int64_t shared_openings(const struct shared_lines *lines, bool has_unseen);

#endif
