#include "lab/heap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CHILDREN = 4, ROOT = CHILDREN - 1, LINE = 64, ROOM_AT_FIRST = 60 };
_Static_assert(CHILDREN * sizeof(struct heap_event) == LINE, "one line");

/* After any event: stands where children are missing beside others. */
static const struct heap_event nobody = {INT64_MAX, UINT64_MAX};

/* -- places ----------------------------------------------------------------
 */

static size_t first_child(size_t place)
{
    return CHILDREN * (place - ROOT + 1);
}

static size_t parent(size_t place)
{
    return place / CHILDREN + ROOT - 1;
}

/* Of a heap with that many events: behind the last one. */
static size_t end_place(size_t count)
{
    return ROOT + count;
}

/* Up to whole lines. */
static size_t places_for(size_t count)
{
    return (end_place(count) + CHILDREN - 1) / CHILDREN * CHILDREN;
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
               places_for(heap->count) * sizeof *heap->places);
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

static inline size_t earliest_child(const struct heap_event *places,
                                    size_t first)
{
    const struct heap_event *at = &places[first];
    size_t a = is_before(&at[1], &at[0]);
    size_t b = 2 + (size_t)is_before(&at[3], &at[2]);
    return first + a + (b - a) * is_before(&at[b], &at[a]);
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

/* -- in and out ------------------------------------------------------------
 */

bool heap_push(struct heap *heap, struct heap_event event)
{
    size_t room = heap->room ? heap->room + heap->room / 2 : ROOM_AT_FIRST;
    if (heap->count == heap->room && !heap_reserve(heap, room))
        return false;
    size_t place = end_place(heap->count++);
    bool begins_line = place % CHILDREN == 0;
    for (size_t i = 1; begins_line && i < CHILDREN; i++)
        heap->places[place + i] = nobody;
    rise(heap->places, place, event);
    return true;
}

struct heap_event heap_first(const struct heap *heap)
{
    assert(heap->count > 0);
    return heap->places[ROOT];
}

/* The last event most often belongs near the bottom again: the gap is led down
 * to a leaf without looking at it, and then it rises. */
struct heap_event heap_pop(struct heap *heap)
{
    assert(heap->count > 0);
    struct heap_event *places = heap->places;
    struct heap_event first = places[ROOT];
    size_t end = end_place(--heap->count), gap = ROOT;
    struct heap_event last = places[end];
    places[end] = nobody;
    for (size_t i; (i = first_child(gap)) < end;) {
        i = earliest_child(places, i);
        places[gap] = places[i];
        gap = i;
    }
    rise(places, gap, last);
    return first;
}

void heap_deinit(struct heap *heap)
{
    free(heap->places);
    *heap = (struct heap){0};
}
