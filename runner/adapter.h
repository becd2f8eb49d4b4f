/* The contract with an adapter: environment variables in, one JSON line a call
 * out. docs/adapters.md tells it to people. */
#ifndef RETRYSPEC_RUNNER_ADAPTER_H
#define RETRYSPEC_RUNNER_ADAPTER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/profile.h"
#include "model/scenario.h"
#include "model/trace.h"

/* "This port can't do this scenario", as of automake and others. */
enum { ADAPTER_EXIT_SKIP = 77 };

/* The kernel takes 128 KiB per variable. */
enum { ADAPTER_PLAN_MAX = 127 * 1024 };

/* Does the plan fit into an environment variable? */
bool adapter_check_plan(const struct scenario *scenario, struct error *error);

struct adapter_run {
    const struct scenario *scenario;
    const struct profile *profile;
    uint64_t seed;
    const char *url;
    const char *results; /* absolute path of the results file */
};

/* The whole environment of the client, NULL-ended, in `arena`. NULL and a
 * problem without memory. */
char **adapter_environment(const struct adapter_run *run, struct arena *arena,
                           struct error *error);

struct adapter_results {
    struct trace_result *items;
    size_t count;
    bool is_there;     /* perhaps empty */
    char problem[400]; /* of the first bad line, with its number; "" if none */
};

/* Reads the results file; every line must be that of another call: of one of
 * the plan, if its tokens tell the calls apart. Reading ends at the first bad
 * line. The strings live in `arena`. */
void adapter_results_read(const char *path, const struct scenario *scenario,
                          struct arena *arena, struct adapter_results *results);

#endif
