#include "sim/sim_clock.h"

#include <assert.h>
#include <stdlib.h>

#include "model/units.h"

static bool is_before(const struct sim_timer *a, const struct sim_timer *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void put(struct sim_clock *clock, size_t place, struct sim_timer *timer)
{
    clock->heap[place - 1] = timer;
    timer->place = place;
}

static void sift_up(struct sim_clock *clock, struct sim_timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && is_before(timer, clock->heap[place / 2 - 1])) {
        put(clock, place, clock->heap[place / 2 - 1]);
        place /= 2;
    }
    put(clock, place, timer);
}

static void sift_down(struct sim_clock *clock, struct sim_timer *timer)
{
    size_t place = timer->place;
    for (;;) {
        size_t child = 2 * place;
        if (child < clock->count &&
            is_before(clock->heap[child], clock->heap[child - 1])) {
            child++;
        }
        if (child > clock->count || !is_before(clock->heap[child - 1], timer)) {
            break;
        }
        put(clock, place, clock->heap[child - 1]);
        place = child;
    }
    put(clock, place, timer);
}

static bool make_room(struct sim_clock *clock)
{
    if (clock->count < clock->capacity) {
        return true;
    }
    size_t capacity = clock->capacity ? 2 * clock->capacity : 64;
    struct sim_timer **heap =
        realloc(clock->heap, capacity * sizeof(struct sim_timer *));
    if (!heap) {
        clock->is_out_of_memory = true;
        return false;
    }
    clock->heap = heap;
    clock->capacity = capacity;
    return true;
}

static void take_out(struct sim_clock *clock, struct sim_timer *timer)
{
    struct sim_timer *last = clock->heap[--clock->count];
    size_t place = timer->place;
    timer->place = 0;
    if (last != timer) {
        put(clock, place, last);
        sift_up(clock, last);
        sift_down(clock, last);
    }
}

void sim_clock_set(struct sim_clock *clock, struct sim_timer *timer,
                   int64_t at_ns)
{
    if (at_ns == NS_FOREVER) {
        if (timer->place) {
            take_out(clock, timer);
        }
        return;
    }
    if (!timer->place) {
        if (!make_room(clock)) {
            return;
        }
        put(clock, ++clock->count, timer);
    }
    timer->at_ns = at_ns > clock->now_ns ? at_ns : clock->now_ns;
    timer->order = clock->order++;
    sift_up(clock, timer);
    sift_down(clock, timer);
}

int64_t sim_clock_next_ns(const struct sim_clock *clock)
{
    return clock->count ? clock->heap[0]->at_ns : NS_FOREVER;
}

struct sim_timer *sim_clock_jump(struct sim_clock *clock)
{
    if (clock->count == 0) {
        return NULL;
    }
    struct sim_timer *timer = clock->heap[0];
    assert(timer->at_ns >= clock->now_ns);
    clock->now_ns = timer->at_ns;
    take_out(clock, timer);
    return timer;
}

void sim_clock_deinit(struct sim_clock *clock)
{
    free(clock->heap);
    *clock = (struct sim_clock){0};
}
