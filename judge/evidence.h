/* Texts of findings: what was expected, what was seen, who says so. */
#ifndef RETRYSPEC_JUDGE_EVIDENCE_H
#define RETRYSPEC_JUDGE_EVIDENCE_H

#include "judge/gates.h"

/* Where an attempt stands. */
struct place {
    const struct judging *judging;
    const struct call *call;
    size_t index; /* of the attempt that ended; the next one is at fault */
    const struct seen *seen; /* how that attempt ended */
};

/* "attempt 2", or "attempt 2 of call rs-0-3" if there are several calls. */
const char *evidence_attempt(const struct place *place, size_t index);

/* "1.588 s" */
const char *evidence_seconds(struct tally *tally, int64_t ns);

/* "profile x, layer y: <source of the rule>" */
const char *evidence_source(const struct judging *judging,
                            const struct retry_action *action);

/* The gap before the next attempt was too short or too long. `finding` may be
 * NULL. */
void evidence_gap(struct finding *finding, const struct place *place,
                  const struct hypothesis *hypothesis, bool is_early);

/* The attempt of that index was sent inside a window of a rate limiter, or long
 * after it. */
void evidence_gate(struct finding *finding, const struct place *place,
                   size_t index, const struct gate *gate);

/* It was sent although a circuit was open. */
void evidence_circuit(struct finding *finding, const struct place *place,
                      size_t index, const struct refused *refused);

/* It was not the request whose turn it was. */
void evidence_turn(struct finding *finding, const struct place *place,
                   int step);

/* The engine says that the call was over. */
void evidence_over(struct finding *finding, const struct place *place,
                   const struct retry_action *done);

/* An attempt was due by `latest_ns` and never came. */
void evidence_missing(struct finding *finding, const struct place *place,
                      const struct hypothesis *hypothesis, int64_t latest_ns);

/* The attempt was left at the wrong time: `due_ns` NS_FOREVER if never due. */
void evidence_abandon(struct finding *finding, const struct place *place,
                      const struct retry_action *send, int64_t due_ns);

#endif
