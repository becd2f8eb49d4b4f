/* How long the processes of a client wait for a CPU. Linux counts it for each
 * thread (/proc/PID/task/TID/schedstat, proc_schedstat(5)). */
#ifndef RETRYSPEC_RUNNER_CPU_WAIT_H
#define RETRYSPEC_RUNNER_CPU_WAIT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Threads beyond that are not looked at. */
enum { CPU_WAIT_THREADS_MAX = 1024 };

struct cpu_wait;

/* NULL without memory. */
struct cpu_wait *cpu_wait_create(void);
void cpu_wait_free(struct cpu_wait *waits);

/* How long the process and what it started waited since the last look, by waits
 * that have ended: the sum over the threads, at most `span_ns`, or the longest
 * of one thread if that is more. Of several processes that of the one that
 * waited most. 0 where the kernel does not tell. */
int64_t cpu_wait_look(struct cpu_wait *waits, const pid_t *processes,
                      size_t count, int64_t span_ns);

#endif
