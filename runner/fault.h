/* What the client under test did wrong beside its retries, as far as it keeps
 * its scenario from being judged. Pure. */
#ifndef RETRYSPEC_RUNNER_FAULT_H
#define RETRYSPEC_RUNNER_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/scenario.h"
#include "model/trace.h"
#include "model/verdict.h"
#include "runner/output.h"

/* What the trace does not tell. */
struct fault_input {
    const struct scenario *scenario;
    const struct trace *trace;
    const struct output *output;
    const char *refusal;         /* why level 0 can't run it; NULL */
    const char *start_problem;   /* why it could not be started; "" */
    const char *results_problem; /* the first bad line; "" */
    int64_t deadline_ns;         /* how long it was given */
};

struct fault_finding {
    enum client_fault fault;
    char detail[512];
};

/* The first fault of CLIENT_FAULT_LIST that explains the others. */
void fault_find(const struct fault_input *input, struct fault_finding *finding);

/* Do the verdicts on its trace still mean something? */
bool fault_allows_verdicts(enum client_fault fault);

#endif
