/* The processes of a job. */
#ifndef RETRYSPEC_RUNNER_LANE_H
#define RETRYSPEC_RUNNER_LANE_H

#include "runner/job.h"

/* Lays out the lanes and starts the first process of each. */
void lanes_start(struct job *job);

/* Starts the next processes where some have ended. Returns true once all are
 * done. */
bool lanes_step(struct job *job);

void lanes_signal(struct job *job, int number);

/* Kills the processes, waits for them and does as lanes_end. */
void lanes_kill(struct job *job);

/* All must be done. Kills what the processes left behind and collects all.
 * Returns how many were left. */
int64_t lanes_end(struct job *job);

#endif
