#include "lab/heap.h"

#include <assert.h>
#include <stdlib.h>

enum { CHILDREN = 4, ROOM_AT_FIRST = 64 };

bool heap_reserve(struct heap *heap, size_t count)
{
    if (count <= heap->room)
        return true;
    struct heap_event *events =
        realloc(heap->events, count * sizeof *heap->events);
    if (!events)
        return false;
    heap->events = events;
    heap->room = count;
    return true;
}

static void sift_up(struct heap *heap, size_t i, struct heap_event event)
{
    struct heap_event *events = heap->events;
    while (i > 0) {
        size_t parent = (i - 1) / CHILDREN;
        if (events[parent].at_ns <= event.at_ns)
            break;
        events[i] = events[parent];
        i = parent;
    }
    events[i] = event;
}

bool heap_push(struct heap *heap, struct heap_event event)
{
    if (heap->count == heap->room &&
        !heap_reserve(heap,
                      heap->room ? heap->room + heap->room / 2 : ROOM_AT_FIRST))
        return false;
    sift_up(heap, heap->count++, event);
    return true;
}

static size_t earlier_of(const struct heap_event *events, size_t a, size_t b)
{
    return events[b].at_ns < events[a].at_ns ? b : a;
}

static size_t earliest_child(const struct heap *heap, size_t first)
{
    const struct heap_event *events = heap->events;
    if (first + CHILDREN <= heap->count)
        return earlier_of(events, earlier_of(events, first, first + 1),
                          earlier_of(events, first + 2, first + 3));
    size_t least = first;
    for (size_t child = first + 1; child < heap->count; child++)
        least = earlier_of(events, least, child);
    return least;
}

/* The last event most often belongs near the bottom again: the gap is led down
 * to a leaf without looking at it, and then it rises. */
struct heap_event heap_pop(struct heap *heap)
{
    assert(heap->count > 0);
    struct heap_event *events = heap->events;
    struct heap_event first = events[0], last = events[--heap->count];
    size_t gap = 0;
    while (CHILDREN * gap + 1 < heap->count) {
        size_t child = earliest_child(heap, CHILDREN * gap + 1);
        events[gap] = events[child];
        gap = child;
    }
    sift_up(heap, gap, last);
    return first;
}

void heap_deinit(struct heap *heap)
{
    free(heap->events);
    *heap = (struct heap){0};
}
