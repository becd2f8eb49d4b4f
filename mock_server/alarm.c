#include "mock_server/alarm.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "model/units.h"

bool alarm_init(struct alarm *alarm, struct error *error)
{
    alarm->armed_ns = NS_FOREVER;
    alarm->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (alarm->fd < 0) {
        error_add_errno(error, errno, "can't make a timer");
    }
    return alarm->fd >= 0;
}

void alarm_deinit(struct alarm *alarm)
{
    if (alarm->fd >= 0) {
        close(alarm->fd);
    }
    alarm->fd = -1;
}

void alarm_set(struct alarm *alarm, int64_t at_ns)
{
    if (at_ns == alarm->armed_ns) {
        return;
    }
    struct itimerspec spec = {0}; /* zero disarms */
    if (at_ns != NS_FOREVER) {
        spec.it_value.tv_sec = at_ns / NS_PER_S;
        spec.it_value.tv_nsec = at_ns % NS_PER_S;
    }
    timerfd_settime(alarm->fd, TFD_TIMER_ABSTIME, &spec, NULL);
    alarm->armed_ns = at_ns;
}

void alarm_clear(struct alarm *alarm)
{
    alarm->armed_ns = NS_FOREVER;
}

int64_t alarm_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}
