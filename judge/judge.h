/* The judge: (profile, scenario, trace) -> verdicts. Pure.
 *
 * It feeds the observed events of each call to the engine of client/retry.h and
 * labels every way in which an event lies outside what was allowed with a rule
 * of scenarios/rules.jsonc. Early is strict, late is soft: late bounds widen by
 * the lag that the run itself measured. */
#ifndef RETRYSPEC_JUDGE_JUDGE_H
#define RETRYSPEC_JUDGE_JUDGE_H

#include "model/error.h"
#include "model/profile.h"
#include "model/scenario.h"
#include "model/trace.h"
#include "model/verdict.h"

struct judge_input {
    const struct profile *profile;
    const struct scenario *scenario;
    const struct trace *trace;
    const struct rule_catalogue *rules;
    double false_alarm; /* of a whole suite; 0: FALSE_ALARM_USUAL */
};

/* NULL only without memory. The report borrows the input; free it with
 * scenario_report_free. The report has a verdict for every rule that was
 * exercised, that is not applicable by the profile, or that the scenario
 * names; none where the client's own fault leaves nothing to judge. */
struct scenario_report *judge_run(const struct judge_input *input);

#endif
