/* The clock of the server, and a timerfd that wakes its loop, since a
 * whole-millisecond epoll_wait would be up to 1 ms late. */
#ifndef RETRYSPEC_MOCK_SERVER_ALARM_H
#define RETRYSPEC_MOCK_SERVER_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "model/error.h"

struct alarm {
    int fd; /* readable once it went off, until it is set again, so it is to be
               watched for the edge; -1: none */
    int64_t armed_ns; /* NS_FOREVER: not armed */
};

bool alarm_init(struct alarm *alarm, struct error *error);
void alarm_deinit(struct alarm *alarm);

/* Makes it go off at `at_ns`, NS_FOREVER: never; a system call only if that
 * changed. */
void alarm_set(struct alarm *alarm, int64_t at_ns);

/* It went off: it must be set again. */
void alarm_clear(struct alarm *alarm);

/* CLOCK_MONOTONIC. */
int64_t alarm_now(void);

#endif
