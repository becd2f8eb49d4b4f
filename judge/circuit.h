/* When a circuit breaker lets nothing through: what is certain and what is
 * possible, whatever the order of effects whose times overlap.
 *
 * It follows client/breaker.h. Where the order would matter and is not known,
 * anything is possible until an attempt that was alone has succeeded. */
#ifndef RETRYSPEC_JUDGE_CIRCUIT_H
#define RETRYSPEC_JUDGE_CIRCUIT_H

#include "judge/effects.h"

struct circuit;

/* Of one layer and pool, from the effects on its breaker. NULL only without
 * memory. */
struct circuit *circuit_create(const struct judging *judging,
                               const struct circuit_breaker *policy,
                               const struct effects *effects,
                               struct arena *arena);

/* May it have refused an attempt at some instant from `from_ns` to `to_ns`?
 * Fills the first and the last such instant. */
bool circuit_may_refuse(const struct circuit *circuit,
                        struct delay_range *between);

/* An attempt that looked at the circuit between two instants. */
struct circuit_question {
    int64_t ready_ns, sent_ns;
    int64_t last;    /* the attempt of its call before it, 0: none */
    int64_t attempt; /* itself */
};

/* Must it have refused the attempt? Fills until when it was open, and the
 * attempt that opened it. */
bool circuit_must_refuse(const struct circuit *circuit,
                         const struct circuit_question *question,
                         int64_t *until_ns, int64_t *opened_by);

/* How often it opened for certain, and what came after tells whether it let
 * anything through. `has_unseen`: calls of the plan sent nothing. */
int64_t circuit_openings(const struct circuit *circuit, bool has_unseen);

#endif
