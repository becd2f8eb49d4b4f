/* How the client under test behaved as a program: whether what it did can be
 * judged at all. Read from the trace alone, so that a stored trace says what
 * the live run said. */
#ifndef RETRYSPEC_JUDGE_CLIENT_H
#define RETRYSPEC_JUDGE_CLIENT_H

#include "judge/judging.h"

/* Fills client_fault and client_detail of the report. The rules must have been
 * applied. */
void client_find_fault(const struct judging *judging,
                       struct scenario_report *report);

/* Do verdicts on the trace of such a client mean anything? */
bool client_allows_verdicts(enum client_fault fault);

/* Was there a client that the runner had started? */
bool client_was_watched(const struct trace *trace);

/* Was it stopped while it waited for ever, as the profile says it must, and
 * nothing else was left to do? */
bool client_hangs_rightly(const struct judging *judging);

/* Did it end otherwise than by its own will? Fills when and why. */
bool client_was_cut(const struct trace *trace, int64_t *at_ns,
                    const char **reason);

#endif
