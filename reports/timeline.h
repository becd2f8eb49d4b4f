/* A run as a short story: who sent what when. Used by the text and JUnit
 * reports. */
#ifndef RETRYSPEC_REPORTS_TIMELINE_H
#define RETRYSPEC_REPORTS_TIMELINE_H

#include <stdio.h>

#include "model/trace.h"

enum { TIMELINE_LINES_MAX = 24 };

/* Writes the trace from its first request on, at most TIMELINE_LINES_MAX
 * lines: the first ones and those around `attempt` (0: none), with a line that
 * counts what was left out. A `mark` is set beside that attempt's arrival. */
void timeline_write(const struct trace *trace, int64_t attempt,
                    const char *mark, FILE *out);

#endif
