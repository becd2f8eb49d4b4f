/* Virtual time, which jumps from deadline to deadline. Pure. */
#ifndef RETRYSPEC_SIM_SIM_CLOCK_H
#define RETRYSPEC_SIM_SIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "model/timers.h"

/* Zero-initialise. */
struct sim_clock {
    int64_t now_ns;
    struct timers timers;
    bool is_out_of_memory; /* a timer was lost: the world must end */
};

/* Sets or moves; NS_FOREVER takes it out. An instant that has passed is now. */
void sim_clock_set(struct sim_clock *clock, struct timer *timer, int64_t at_ns);

/* When the earliest is due; NS_FOREVER: none is set. */
int64_t sim_clock_next_ns(const struct sim_clock *clock);

/* Takes the earliest out and jumps to its instant; NULL: none is set. */
struct timer *sim_clock_jump(struct sim_clock *clock);

void sim_clock_deinit(struct sim_clock *clock);

#endif
