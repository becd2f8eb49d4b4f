#include "client/timers.h"

#include <stdlib.h>

#include "model/units.h"

static void put(struct timers *timers, size_t place, struct timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static struct timer *at(const struct timers *timers, size_t place)
{
    return timers->heap[place - 1];
}

static void rise(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && at(timers, place / 2)->at_ns > timer->at_ns) {
        put(timers, place, at(timers, place / 2));
        place /= 2;
    }
    put(timers, place, timer);
}

static void sink(struct timers *timers, struct timer *timer)
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

static void settle(struct timers *timers, struct timer *timer)
{
    rise(timers, timer);
    sink(timers, timer);
}

static void disarm(struct timers *timers, struct timer *timer)
{
    if (timer->place == 0) {
        return;
    }
    struct timer *last = at(timers, timers->count);
    timers->count--;
    if (last != timer) {
        put(timers, timer->place, last);
        settle(timers, last);
    }
    timer->place = 0;
}

static bool make_room(struct timers *timers)
{
    if (timers->count < timers->capacity) {
        return true;
    }
    size_t capacity = timers->capacity ? 2 * timers->capacity : 64;
    struct timer **heap =
        realloc(timers->heap, capacity * sizeof(struct timer *));
    if (!heap) {
        return false;
    }
    timers->heap = heap;
    timers->capacity = capacity;
    return true;
}

bool timers_set(struct timers *timers, struct timer *timer, int64_t at_ns)
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

struct timer *timers_first(const struct timers *timers)
{
    return timers->count ? timers->heap[0] : NULL;
}

void timers_deinit(struct timers *timers)
{
    for (size_t i = 0; i < timers->count; i++) {
        timers->heap[i]->place = 0;
    }
    free(timers->heap);
    *timers = (struct timers){0};
}
