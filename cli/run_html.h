/* The HTML report: gnuplot draws, if it is there. */
#ifndef RETRYSPEC_CLI_RUN_HTML_H
#define RETRYSPEC_CLI_RUN_HTML_H

#include <stdio.h>

#include "model/verdict.h"

/* Without gnuplot the page says how to get it. False on a write error. */
bool run_html_write(const struct run_report *report, FILE *out);

#endif
