/* A virtual world: clients of a profile meet the script of a scenario over a
 * modelled network, in virtual time. Pure: no clock, no socket, no sleep; the
 * same input gives the same trace, byte for byte.
 *
 * It is one more shell around the engine of client/retry.h and the script of
 * mock_server/script.h, beside client/driver and mock_server/server; the trace
 * is that of a live run, so that the judge takes it. */
#ifndef RETRYSPEC_SIM_SIM_H
#define RETRYSPEC_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "model/error.h"
#include "model/profile.h"
#include "model/scenario.h"
#include "model/trace.h"
#include "model/units.h"

#define SIM_LATENCY_NS (NS_PER_MS / 2)
#define SIM_LIMIT_NS   (INT64_C(24) * 3600 * NS_PER_S)
/* A trace holds instants up to 2^53 ns, which is 2501 h. */
#define SIM_LIMIT_MAX_NS (INT64_C(2500) * 3600 * NS_PER_S)

/* Attempts after which a story is taken to have no end: so many, and so many
 * more for each call of the plan. An attempt is a few events; those that an
 * open circuit refuses are events only. */
enum {
    SIM_ATTEMPTS_MAX = 200000,
    SIM_ATTEMPTS_A_CALL = 100,
    SIM_EVENTS_AN_ATTEMPT = 20,
};

struct sim_input {
    const struct scenario *scenario;
    const struct profile *profile;
    uint64_t seed;
    int64_t latency_ns;   /* of every message, each way */
    int64_t limit_ns;     /* clients that are not done by then are stopped */
    int64_t attempts_max; /* ... and after so many; 0: SIM_ATTEMPTS_MAX */
    struct trace_writer *trace; /* borrowed; the caller flushes */
};

struct sim_stats {
    int64_t calls, succeeded, failed, cancelled, attempts, events;
    int64_t ended_ns; /* when the clients had ended or were stopped */
    bool is_stopped;  /* at the limit, or because nothing could happen */
};

/* False and a problem if the plan can't be run or memory runs out; a failed
 * call is a result, not an error. */
bool sim_run(const struct sim_input *input, struct sim_stats *stats,
             struct error *error);

#endif
