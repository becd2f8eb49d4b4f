/* What attempts did to what calls share: windows of rate limiters, retry
 * tokens, counts of breakers.
 *
 * Read off the engine: a first walk over all calls knows nothing of what they
 * share, so that every bucket may be empty and every circuit open; what the end
 * of an attempt may have changed there, by all that the walk leaves possible,
 * is its effect. When the client came to it lies between the instant at which
 * we saw it and the late tolerance after it.
 */
#ifndef RETRYSPEC_JUDGE_EFFECTS_H
#define RETRYSPEC_JUDGE_EFFECTS_H

#include "client/retry.h"
#include "judge/judging.h"

enum effect_kind {
    EFFECT_WINDOW, /* closes the limiter */
    EFFECT_CLEAR,  /* opens it */
    EFFECT_COST,   /* takes tokens */
    EFFECT_REFUND, /* brings some */
    EFFECT_SENT,   /* an attempt passed the breaker */
    EFFECT_FAILURE,
    EFFECT_SUCCESS,
    EFFECT_GONE, /* its client left: given up or timed out */
};

/* A trace has some for each attempt: they are kept small. */
struct effect {
    enum effect_kind kind;
    uint8_t layer;
    bool is_sure;    /* WINDOW, CLEAR: it happened */
    uint32_t pool;   /* who shares it: the client, or 0 of all clients */
    uint32_t index;  /* of the attempt in the trace; EFFECT_NO_INDEX: none */
    int64_t attempt; /* its id; 0: none, or one that was never read */
    /* The client comes to it between these, as far as the order of things says;
     * and between the other two, as far as the clock does. */
    int64_t from_ns, to_ns;
    int64_t early_ns, late_ns;
    union {
        struct {
            int64_t end_lo_ns, end_hi_ns; /* WINDOW: between which it ends */
        };
        struct {
            double least, most; /* COST, REFUND */
        };
    };
};
#define EFFECT_NO_INDEX UINT32_MAX

struct effects {
    struct effect *items; /* by layer, kind of state, pool, from_ns */
    size_t count;
    /* Each client has at most one call in flight: what it did has one order. */
    bool is_serial;
};

/* With room for all that the trace can have; NULL only without memory. Its
 * items are NULL if no layer shares any of this. */
struct effects *effects_create(const struct judging *judging,
                               struct arena *arena);

/* Brings them into their order. */
void effects_sort(struct effects *effects);

/* Those on the same part of what a layer shares as `kind` (its limiter, bucket
 * or breaker), for one pool. */
struct effects effects_of(const struct effects *effects, int layer,
                          enum effect_kind kind, size_t pool);

/* Everything wide open: what the replay, and a call that is looked at alone,
 * take for the state of what they share. */
void effects_open(struct retry_shared *shared);

/* Who shares the limiter of a layer. */
size_t effects_pool(const struct layer *layer, size_t client);

#endif
