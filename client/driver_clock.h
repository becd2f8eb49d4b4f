/* The only clocks of the client. */
#ifndef RETRYSPEC_CLIENT_DRIVER_CLOCK_H
#define RETRYSPEC_CLIENT_DRIVER_CLOCK_H

#include <stdint.h>

int64_t driver_clock_ns(void);      /* monotonic */
int64_t driver_clock_wall_ns(void); /* Unix time */

#endif
