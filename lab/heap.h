/* Events in order of time: a binary heap, values inside. Events of one instant
 * come in the order of `of`, whatever came and went before. Pure. */
#ifndef RETRYSPEC_LAB_HEAP_H
#define RETRYSPEC_LAB_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_event {
    int64_t at_ns; /* not NS_FOREVER */
    uint64_t of;   /* what and whose: the caller's */
};

/* Zero-initialise. */
struct heap {
    struct heap_event *places; /* the first one is empty: grandchildren share a
                                  line of the cache */
    size_t count, room;        /* events; places but the first */
    bool has_gap; /* the root is free since the last pop, since most often the
                     event that came leads to the next one */
};

/* Room for `count` events in all. False without memory. */
bool heap_reserve(struct heap *heap, size_t count);

/* False without memory. */
bool heap_push(struct heap *heap, struct heap_event event);

/* The earliest, which stays or leaves; the heap is not empty. */
struct heap_event heap_first(const struct heap *heap);
struct heap_event heap_pop(struct heap *heap);

void heap_deinit(struct heap *heap);

#endif
