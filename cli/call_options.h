/* The command line of `retryspec call`. */
#ifndef RETRYSPEC_CLI_CALL_OPTIONS_H
#define RETRYSPEC_CLI_CALL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/call_override.h"

struct call_request {
    const char *url;     /* NULL: an adapter, the plan says */
    const char *profile; /* NULL: not given */
    const char *method, *data;
    int64_t calls, concurrency, clients;
    int64_t sessions; /* 0: one for each client */
    struct call_overrides overrides;
    int64_t give_up_ns; /* 0: never */
    uint64_t seed;
    bool has_seed, is_json, is_verbose, wants_help;
    const char *events; /* where they go, "-": standard output; NULL: nowhere */
    int dialect;        /* enum dialect_kind; -1: not given */
    const char *plan_option; /* first option given that a plan decides */
};

/* 0, or the exit code of wrong usage, which was reported. */
int call_options_read(struct call_request *request, int argc, char **argv);

#endif
