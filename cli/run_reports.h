/* The files that a run leaves, and the text for people. */
#ifndef RETRYSPEC_CLI_RUN_REPORTS_H
#define RETRYSPEC_CLI_RUN_REPORTS_H

#include "cli/run_options.h"
#include "reports/report.h"

/* Writes OUT/report.json, if there is an OUT, and every report that was asked
 * for. False and a problem for each that could not be written. */
bool run_reports_write(const struct run_request *request,
                       const struct run_report *report, struct error *error);

/* Opens and closes the files that were asked for, so that a wrong path shows
 * before the run and not after it. */
bool run_reports_check(const struct run_request *request, struct error *error);

#endif
