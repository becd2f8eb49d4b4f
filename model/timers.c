#include "model/timers.h"

#include <stdlib.h>

#include "model/units.h"

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static struct timer *at(const struct timers *timers, size_t place)
{
    return timers->heap[place - 1];
}

static void put(struct timers *timers, size_t place, struct timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static void rise(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && is_before(timer, at(timers, place / 2))) {
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
            is_before(at(timers, child + 1), at(timers, child))) {
            child++;
        }
        if (child > timers->count || !is_before(at(timers, child), timer)) {
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

static void take_out(struct timers *timers, struct timer *timer)
{
    struct timer *last = at(timers, timers->count);
    timers->count--;
    if (last != timer) {
        put(timers, timer->place, last);
        settle(timers, last);
    }
    timer->place = 0;
}

bool timers_reserve(struct timers *timers, size_t count)
{
    if (count <= timers->capacity) {
        return true;
    }
    size_t capacity = count < 64 ? 64 : count + count / 2;
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
        if (timer->place != 0) {
            take_out(timers, timer);
        }
        return true;
    }
    if (timer->place == 0) {
        if (!timers_reserve(timers, timers->count + 1)) {
            return false;
        }
        timers->count++;
        put(timers, timers->count, timer);
    }
    timer->at_ns = at_ns;
    timer->order = timers->order++;
    settle(timers, timer);
    return true;
}

struct timer *timers_first(const struct timers *timers)
{
    return timers->count ? timers->heap[0] : NULL;
}

int64_t timers_next_ns(const struct timers *timers)
{
    return timers->count ? timers->heap[0]->at_ns : NS_FOREVER;
}

struct timer *timers_pop(struct timers *timers, int64_t now_ns)
{
    struct timer *first = timers_first(timers);
    if (!first || first->at_ns > now_ns) {
        return NULL;
    }
    take_out(timers, first);
    return first;
}

void timers_deinit(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){0};
}
