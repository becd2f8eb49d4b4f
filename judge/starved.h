/* How much later than else a client may have been because it waited for a CPU
 * (trace: "starved"). Waits count where they may have delayed the event: those
 * that join it without a break longer than the late tolerance. */
#ifndef RETRYSPEC_JUDGE_STARVED_H
#define RETRYSPEC_JUDGE_STARVED_H

#include "judge/judging.h"

/* What was seen at `at_ns` was meant to be this much earlier. */
int64_t starved_before(const struct judging *judging, int64_t at_ns);

/* What was sent to the client at `since_ns` was noticed this much later. */
int64_t starved_after(const struct judging *judging, int64_t since_ns);

/* Both, for a client that saw the one and did the other. */
int64_t starved_between(const struct judging *judging, int64_t since_ns,
                        int64_t at_ns);

#endif
