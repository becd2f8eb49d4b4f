/* The runner: serve a scenario, spawn the client under test, watch, judge,
 * next.
 *
 * One event loop for the servers, the children and the timers. It prints
 * nothing: the caller gets events. */
#ifndef RETRYSPEC_RUNNER_RUNNER_H
#define RETRYSPEC_RUNNER_RUNNER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/error.h"
#include "model/profile.h"
#include "model/scenario.h"
#include "model/verdict.h"

struct runner_options {
    const struct scenario *const *scenarios;
    size_t scenario_count;
    const struct profile *profile;
    const struct rule_catalogue *rules;
    const char *const
        *argv; /* NULL-ended; "{url}" in an argument is replaced */
    uint64_t seed;
    double false_alarm; /* as judge_input's */
    int jobs;
    int64_t extra_timeout_ns; /* beyond the scenario's own estimate */
    const char *out;          /* folder of results, made if missing */
    bool is_smoke_skipped;
    const volatile sig_atomic_t *stop;
    /* Progress, in order of events; called on the loop's thread. */
    void (*on_start)(void *context, const struct scenario *scenario);
    void (*on_done)(void *context, struct scenario_report *report, size_t done,
                    size_t total);
    void *context;
};

/* The shipped scenario smoke/ok, run once: is a fault-free call seen and
 * answered? On false `error` names the missing piece. */
bool runner_smoke(const struct runner_options *options, struct error *error);

/* Smoke, then everything. `report` is zero-initialised but for what only the
 * caller knows (program, profile_word, edition, config, strict,
 * false_alarm), which stays.
 * It borrows the options and holds the scenarios that were judged, in the order
 * they were listed; free it with runner_report_free. False and a problem if
 * smoke failed or the system said no; what was judged until then is in the
 * report. */
bool runner_run(const struct runner_options *options, struct run_report *report,
                struct error *error);
void runner_report_free(struct run_report *report);

/* How long runner_run will take, at least: "takes" laid out over the jobs. */
int64_t runner_estimate_ns(const struct runner_options *options);

/* How long the client may take from its first request on, at most, before it
 * is stopped. */
int64_t runner_limit_ns(const struct runner_options *options);

#endif
