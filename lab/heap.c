#include "lab/heap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROOT = 1, LINE = 64, ROOM_AT_FIRST = 62 };

/* Of the cache: the grandchildren of an event share one. */
enum { LINE_EVENTS = LINE / sizeof(struct heap_event) };
_Static_assert(LINE_EVENTS == 4, "one line");

/* What the cache hardly holds: 128 KiB. */
enum { MANY_PLACES = 1 << 13 };

/* After any event: stands where a second child is missing. */
static const struct heap_event nobody = {INT64_MAX, UINT64_MAX};

/* -- places ----------------------------------------------------------------
 */

static size_t first_child(size_t place)
{
    return 2 * place;
}

static size_t parent(size_t place)
{
    return place / 2;
}

/* Of a heap with that many events: behind the last one. */
static size_t end_place(size_t count)
{
    return ROOT + count;
}

/* Up to whole lines. */
static size_t places_for(size_t count)
{
    return (end_place(count) + LINE_EVENTS - 1) / LINE_EVENTS * LINE_EVENTS;
}

bool heap_reserve(struct heap *heap, size_t count)
{
    if (count <= heap->room)
        return true;
    size_t places = places_for(count);
    struct heap_event *wider =
        aligned_alloc(LINE, places * sizeof *heap->places);
    if (!wider)
        return false;
    if (heap->places)
        memcpy(wider, heap->places,
               places_for(heap->room) * sizeof *heap->places);
    free(heap->places);
    heap->places = wider;
    heap->room = places - ROOT;
    return true;
}

/* -- order -----------------------------------------------------------------
 */

/* Which event is earlier nothing could foresee: no branches, but numbers. */
static inline bool is_before(const struct heap_event *a,
                             const struct heap_event *b)
{
    __extension__ typedef __int128 order;
    __extension__ typedef unsigned __int128 bits; /* that may be shifted */
    order of_a = (order)((bits)a->at_ns << 64 | a->of);
    order of_b = (order)((bits)b->at_ns << 64 | b->of);
    return of_a < of_b;
}

static inline size_t earlier_child(const struct heap_event *places,
                                   size_t place)
{
    size_t first = first_child(place);
    return first + is_before(&places[first + 1], &places[first]);
}

static void rise(struct heap_event *places, size_t place,
                 struct heap_event event)
{
    while (place > ROOT && is_before(&event, &places[parent(place)])) {
        places[place] = places[parent(place)];
        place = parent(place);
    }
    places[place] = event;
}

/* Into a heap whose root is free; `end` is behind its last event. What comes
 * most often belongs near the bottom: the gap is led down to a leaf without
 * looking at the event, and then that rises. Of many events those two levels
 * below are on their way meanwhile. */
static void sink(struct heap_event *places, size_t end, struct heap_event event)
{
    size_t gap = ROOT;
    while (first_child(gap) < end) {
        if (end > MANY_PLACES)
            __builtin_prefetch(&places[first_child(first_child(gap))]);
        size_t next = earlier_child(places, gap);
        places[gap] = places[next];
        gap = next;
    }
    rise(places, gap, event);
}

/* -- in and out ------------------------------------------------------------
 */

static bool append(struct heap *heap, struct heap_event event)
{
    if (heap->count == heap->room &&
        !heap_reserve(heap, heap->room ? 2 * heap->room : ROOM_AT_FIRST))
        return false;
    size_t place = end_place(heap->count++);
    bool is_first_child = place % 2 == 0;
    if (is_first_child)
        heap->places[place + 1] = nobody;
    rise(heap->places, place, event);
    return true;
}

bool heap_push(struct heap *heap, struct heap_event event)
{
    if (!heap->has_gap)
        return append(heap, event);
    heap->has_gap = false;
    sink(heap->places, end_place(++heap->count), event);
    return true;
}

/* The last event goes where the root was. */
static void close_gap(struct heap *heap)
{
    struct heap_event *last = &heap->places[end_place(heap->count)];
    struct heap_event moved = *last;
    *last = nobody;
    heap->has_gap = false;
    sink(heap->places, end_place(heap->count), moved);
}

struct heap_event heap_first(const struct heap *heap)
{
    assert(heap->count > 0);
    return heap
        ->places[heap->has_gap ? earlier_child(heap->places, ROOT) : ROOT];
}

struct heap_event heap_pop(struct heap *heap)
{
    assert(heap->count > 0);
    if (heap->has_gap)
        close_gap(heap);
    heap->has_gap = true;
    heap->count--;
    return heap->places[ROOT];
}

void heap_deinit(struct heap *heap)
{
    free(heap->places);
    *heap = (struct heap){0};
}
