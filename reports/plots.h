/* Pictures of a run, as scripts for gnuplot. Only numbers go into them: no text
 * that others wrote, and colours are names of the page (reports/svg.h). */
#ifndef RETRYSPEC_REPORTS_PLOTS_H
#define RETRYSPEC_REPORTS_PLOTS_H

#include <stdio.h>

#include "model/verdict.h"

enum plot_kind {
    PLOT_TIMELINE, /* attempts by time */
    PLOT_DELAYS,   /* delays over what the profile's law allows */
    PLOT_KINDS,
};

enum { PLOT_NAME_MAX = 40, PLOT_ATTEMPTS_MAX = 2000 };

/* Is there anything to draw? */
bool plots_has(const struct scenario_report *report, enum plot_kind kind);

/* "delays-3.svg", of the scenario with that index. Returns name. */
char *plots_name(enum plot_kind kind, size_t index, char name[PLOT_NAME_MAX]);

/* One script for all: each picture goes to its name, in the working folder of
 * gnuplot. */
bool plots_write(const struct run_report *run, FILE *out);

#endif
