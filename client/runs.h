/* Runs of layers: what begins and what ends with one. Layers are sets of bits.
 * Pure; a part of the retry engine. */
#ifndef RETRYSPEC_CLIENT_RUNS_H
#define RETRYSPEC_CLIENT_RUNS_H

#include <stdint.h>

#include "client/retry.h"

/* Layers begin a run with the coming attempt. */
void runs_begin(struct retry_call *call, uint8_t layers, int64_t now_ns);

/* So does the whole call. */
void runs_start(struct retry_call *call, int64_t now_ns);

/* Runs that end in a success: progress, tokens, limiters. */
void runs_succeed(struct retry_call *call, uint8_t layers, int64_t now_ns);

#endif
