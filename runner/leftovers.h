/* Processes that a client left behind. */
#ifndef RETRYSPEC_RUNNER_LEFTOVERS_H
#define RETRYSPEC_RUNNER_LEFTOVERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct leftovers_search {
    /* Processes of the run that ended but were not collected yet, so that their
     * sessions can't be a stranger's. */
    const pid_t *leaders;
    size_t leader_count;
    const char *mark; /* "NAME=value" in the environment, unique to the run */
};

/* Kills every living process that is in the session of a leader or whose
 * environment holds the mark; those that ended are collected. Returns how many
 * were killed. */
int64_t leftovers_kill(const struct leftovers_search *search);

/* Collects every process that ended. Only when no child is awaited. */
void leftovers_collect(void);

#endif
