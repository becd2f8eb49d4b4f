/* The run without the smoke test before it. */
#ifndef RETRYSPEC_RUNNER_RUN_SCENARIOS_H
#define RETRYSPEC_RUNNER_RUN_SCENARIOS_H

#include "runner/runner.h"

bool runner_run_scenarios(const struct runner_options *options,
                          struct run_report *report, struct error *error);

#endif
