/* Events in order of time: a heap of four children a node, values inside, so
 * that a million of them stay near each other. Events of one instant come in
 * some order that the same pushes and pops always give. Pure. */
#ifndef RETRYSPEC_LAB_HEAP_H
#define RETRYSPEC_LAB_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_event {
    int64_t at_ns;
    uint32_t who, what; /* the caller's */
};

/* Zero-initialise. */
struct heap {
    struct heap_event *events;
    size_t count, room;
};

/* Room for `count` events in all. False without memory. */
bool heap_reserve(struct heap *heap, size_t count);

/* False without memory. */
bool heap_push(struct heap *heap, struct heap_event event);

/* The earliest; the heap is not empty. */
struct heap_event heap_pop(struct heap *heap);

void heap_deinit(struct heap *heap);

#endif
