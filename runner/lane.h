/* The processes of a job. */
#ifndef RETRYSPEC_RUNNER_LANE_H
#define RETRYSPEC_RUNNER_LANE_H

#include "runner/job.h"

/* Lays out the lanes and starts the first process of each. */
void lanes_start(struct job *job);

/* How long a process may take to end once its caller gave up. */
#define LANE_KILL_AFTER_NS (5 * NS_PER_S)

/* Ends processes whose caller gives up, starts the next ones where some have
 * ended. Returns true once all are done. */
bool lanes_step(struct job *job, int64_t now_ns);

/* When lanes_step is due at the latest. */
int64_t lanes_wake_ns(const struct job *job);

void lanes_signal(struct job *job, int number);

/* Kills the processes, waits for them and does as lanes_end. */
void lanes_kill(struct job *job);

/* All must be done. Kills what the processes left behind and collects all.
 * Returns how many were left. */
int64_t lanes_end(struct job *job);

#endif
