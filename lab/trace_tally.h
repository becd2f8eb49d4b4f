/* A recorded run, counted as a fleet's run is. Pure. */
#ifndef RETRYSPEC_LAB_TRACE_TALLY_H
#define RETRYSPEC_LAB_TRACE_TALLY_H

#include "lab/tally.h"
#include "model/trace.h"

/* Times are since the first request. Served is a call that had an answer below
 * 400. False without memory; tally_deinit() in any case. */
bool trace_tally(const struct trace *trace, struct tally *tally);

#endif
