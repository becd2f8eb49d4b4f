/* Findings that say the same as one further up: told once, then named. */
#ifndef RETRYSPEC_REPORTS_REPEAT_H
#define RETRYSPEC_REPORTS_REPEAT_H

#include "model/verdict.h"

/* The first scenario of the run, before `report`, whose verdict on the same
 * rule has the same expectation and observation, attempts aside; NULL if there
 * is none. */
const struct scenario_report *repeat_of(const struct run_report *run,
                                        const struct scenario_report *report,
                                        const struct verdict *verdict);

#endif
