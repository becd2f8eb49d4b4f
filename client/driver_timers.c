#include "client/driver_timers.h"

#include <stdlib.h>

#include "model/units.h"

static void put(struct driver_timers *timers, size_t place,
                struct driver_timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static struct driver_timer *at(const struct driver_timers *timers, size_t place)
{
    return timers->heap[place - 1];
}

static void rise(struct driver_timers *timers, struct driver_timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && at(timers, place / 2)->at_ns > timer->at_ns) {
        put(timers, place, at(timers, place / 2));
        place /= 2;
    }
    put(timers, place, timer);
}

static void sink(struct driver_timers *timers, struct driver_timer *timer)
{
    size_t place = timer->place;
    for (;;) {
        size_t child = 2 * place;
        if (child < timers->count &&
            at(timers, child + 1)->at_ns < at(timers, child)->at_ns) {
            child++;
        }
        if (child > timers->count || at(timers, child)->at_ns >= timer->at_ns) {
            break;
        }
        put(timers, place, at(timers, child));
        place = child;
    }
    put(timers, place, timer);
}

static void settle(struct driver_timers *timers, struct driver_timer *timer)
{
    rise(timers, timer);
    sink(timers, timer);
}

static void disarm(struct driver_timers *timers, struct driver_timer *timer)
{
    if (timer->place == 0) {
        return;
    }
    struct driver_timer *last = at(timers, timers->count);
    timers->count--;
    if (last != timer) {
        put(timers, timer->place, last);
        settle(timers, last);
    }
    timer->place = 0;
}

static bool make_room(struct driver_timers *timers)
{
    if (timers->count < timers->capacity) {
        return true;
    }
    size_t capacity = timers->capacity ? 2 * timers->capacity : 64;
    struct driver_timer **heap =
        realloc(timers->heap, capacity * sizeof(struct driver_timer *));
    if (!heap) {
        return false;
    }
    timers->heap = heap;
    timers->capacity = capacity;
    return true;
}

bool driver_timers_set(struct driver_timers *timers, struct driver_timer *timer,
                       int64_t at_ns)
{
    if (at_ns == NS_FOREVER) {
        disarm(timers, timer);
        return true;
    }
    timer->at_ns = at_ns;
    if (timer->place == 0) {
        if (!make_room(timers)) {
            return false;
        }
        timers->count++;
        put(timers, timers->count, timer);
    }
    settle(timers, timer);
    return true;
}

struct driver_timer *driver_timers_first(const struct driver_timers *timers)
{
    return timers->count ? timers->heap[0] : NULL;
}

void driver_timers_deinit(struct driver_timers *timers)
{
    for (size_t i = 0; i < timers->count; i++) {
        timers->heap[i]->place = 0;
    }
    free(timers->heap);
    *timers = (struct driver_timers){0};
}
