/* The delays of a scenario over what the law allowed for each. */
#ifndef RETRYSPEC_REPORTS_PLOT_DELAYS_H
#define RETRYSPEC_REPORTS_PLOT_DELAYS_H

#include <stdio.h>

#include "model/verdict.h"

bool plot_delays_has(const struct scenario_report *report);
bool plot_delays_write(const struct scenario_report *report, FILE *out);

#endif
