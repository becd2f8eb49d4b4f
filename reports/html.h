/* One page that needs nothing else: style, script and pictures are in it. */
#ifndef RETRYSPEC_REPORTS_HTML_H
#define RETRYSPEC_REPORTS_HTML_H

#include <stdio.h>

#include "model/verdict.h"
#include "reports/plots.h"

/* What gnuplot made of plots_write(). */
struct report_pictures {
    /* PLOT_KINDS for each scenario, each NULL if there is none. */
    const char *const *svgs;
    const char *problem; /* why there are none, for people; NULL: there are */
};

bool report_html(const struct run_report *run,
                 const struct report_pictures *pictures, FILE *out);

/* -- parts of it ------------------------------------------------------------
 */

extern const char html_style[], html_script[];

/* Of a check: "fail", "Known failure" and so on. */
enum check_end;
struct html_end {
    const char *word, *sign, *text;
};
struct html_end html_end_of(enum check_end end);

/* A scenario that could not be judged, or its worst check. */
enum check_end html_scenario_end(const struct run_report *run,
                                 const struct scenario_report *report);

/* The article of the scenario with that index. */
void html_scenario(const struct run_report *run, size_t index,
                   const struct report_pictures *pictures, FILE *out);

#endif
