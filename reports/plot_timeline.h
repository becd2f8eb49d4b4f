/* The attempts of a scenario by time: one row a call, or one an attempt where
 * there is but one call. */
#ifndef RETRYSPEC_REPORTS_PLOT_TIMELINE_H
#define RETRYSPEC_REPORTS_PLOT_TIMELINE_H

#include <stdio.h>

#include "model/verdict.h"

/* False without memory, or on a write error. */
bool plot_timeline_write(const struct scenario_report *report, FILE *out);

#endif
