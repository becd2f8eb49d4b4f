/* The reference client's shell: calls of a plan, driven over libcurl multi on
 * one thread. It owns clock, sockets and random stream; retry.h decides. */
#ifndef RETRYSPEC_CLIENT_DRIVER_H
#define RETRYSPEC_CLIENT_DRIVER_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#include "client/call_event.h"
#include "model/error.h"
#include "model/plan.h"
#include "model/profile.h"

struct driver_options {
    const char *base_url; /* no trailing slash; the plan's path is appended */
    const struct profile *profile;
    const struct plan *plan;
    uint64_t seed;
    /* Set by a signal handler: every call is cancelled, driver_run returns. */
    const volatile sig_atomic_t *stop;
    FILE *log; /* one line per attempt, wait and end; NULL: quiet */
    /* Called as each call ends. */
    void (*on_result)(void *context, const struct trace_result *result);
    /* Called as things happen to calls; NULL: not wanted. */
    void (*on_event)(void *context, const struct call_event *event);
    /* For call k of each client; NULL: no call differs from the profile. */
    const struct retry_override *(*override_of)(void *context, int64_t call);
    int64_t sessions; /* that the clients are spread over, client i in session
                         i % sessions; 0: a session for each client */
    void *context;
};

struct driver_stats {
    int64_t calls, succeeded, failed, cancelled, attempts, retries;
    int64_t resends; /* below the layers: no attempts of their own */
    int64_t peak_in_flight;
};

/* Runs the plan. False and a problem if it could not be run at all; a failed
 * call is a result, not an error. */
bool driver_run(const struct driver_options *options,
                struct driver_stats *stats, struct error *error);

#endif
