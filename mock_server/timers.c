#include "mock_server/timers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "model/units.h"

bool timers_init(struct timers *timers, struct error *error)
{
    *timers = (struct timers){.armed_ns = NS_FOREVER};
    timers->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timers->fd < 0) {
        error_add_errno(error, errno, "can't make a timer");
        return false;
    }
    return true;
}

void timers_deinit(struct timers *timers)
{
    if (timers->fd >= 0) {
        close(timers->fd);
    }
    free(timers->items);
    *timers = (struct timers){.fd = -1};
}

bool timers_reserve(struct timers *timers, size_t count)
{
    if (count <= timers->size) {
        return true;
    }
    size_t size = count < 64 ? 64 : count + count / 2;
    struct timer **items =
        realloc(timers->items, size * sizeof(struct timer *));
    if (!items) {
        return false;
    }
    timers->items = items;
    timers->size = size;
    return true;
}

static void put(struct timers *timers, size_t place, struct timer *timer)
{
    timers->items[place - 1] = timer;
    timer->place = place;
}

static void sift_up(struct timers *timers, size_t place, struct timer *timer)
{
    while (place > 1 && timers->items[place / 2 - 1]->due_ns > timer->due_ns) {
        put(timers, place, timers->items[place / 2 - 1]);
        place /= 2;
    }
    put(timers, place, timer);
}

static void sift_down(struct timers *timers, size_t place, struct timer *timer)
{
    for (;;) {
        size_t child = 2 * place;
        if (child < timers->count &&
            timers->items[child]->due_ns < timers->items[child - 1]->due_ns) {
            child++;
        }
        if (child > timers->count ||
            timers->items[child - 1]->due_ns >= timer->due_ns) {
            break;
        }
        put(timers, place, timers->items[child - 1]);
        place = child;
    }
    put(timers, place, timer);
}

void timers_set(struct timers *timers, struct timer *timer, int64_t due_ns)
{
    timers_cancel(timers, timer);
    assert(timers->count < timers->size);
    timer->due_ns = due_ns;
    sift_up(timers, ++timers->count, timer);
}

void timers_cancel(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    if (place == 0) {
        return;
    }
    timer->place = 0;
    struct timer *last = timers->items[--timers->count];
    if (last == timer) {
        return;
    }
    if (place > 1 && timers->items[place / 2 - 1]->due_ns > last->due_ns) {
        sift_up(timers, place, last);
    } else {
        sift_down(timers, place, last);
    }
}

struct timer *timers_pop(struct timers *timers, int64_t now_ns)
{
    if (timers->count == 0 || timers->items[0]->due_ns > now_ns) {
        return NULL;
    }
    struct timer *timer = timers->items[0];
    timers_cancel(timers, timer);
    return timer;
}

int64_t timers_next(const struct timers *timers)
{
    return timers->count == 0 ? NS_FOREVER : timers->items[0]->due_ns;
}

void timers_arm(struct timers *timers)
{
    int64_t next_ns = timers_next(timers);
    if (next_ns == timers->armed_ns) {
        return;
    }
    struct itimerspec spec = {0}; /* zero disarms */
    if (next_ns != NS_FOREVER) {
        spec.it_value.tv_sec = next_ns / NS_PER_S;
        spec.it_value.tv_nsec = next_ns % NS_PER_S;
    }
    timerfd_settime(timers->fd, TFD_TIMER_ABSTIME, &spec, NULL);
    timers->armed_ns = next_ns;
}

int64_t timers_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}
