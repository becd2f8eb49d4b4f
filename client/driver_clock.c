#include "client/driver_clock.h"

#include <time.h>

#include "model/units.h"

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t driver_clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t driver_clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}
