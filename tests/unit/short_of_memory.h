/* Allocations that fail when a test says so. The linker wraps the allocators of
 * our own objects in programs that include this (tests/CMakeLists.txt). */
#ifndef RETRYSPEC_TESTS_SHORT_OF_MEMORY_H
#define RETRYSPEC_TESTS_SHORT_OF_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "model/arena.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long countdown = -1; /* allocations that still succeed; -1: all */
static bool fails_once;     /* only that one, or all from then on */
static long failures;

static bool is_due(void)
{
    if (countdown < 0)
        return false;
    if (countdown > 0) {
        countdown--;
        return false;
    }
    if (fails_once)
        countdown = -1;
    failures++;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return is_due() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_due() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return is_due() ? NULL : __real_realloc(memory, size);
}

/* An arena asks for few blocks, so its callers would hardly ever see a failure
 * of theirs; these are wrapped as well. */
void *__real_arena_alloc(struct arena *arena, size_t size);
void *__real_arena_array(struct arena *arena, size_t count, size_t size);
char *__real_arena_strndup(struct arena *arena, const char *text, size_t n);
char *__real_arena_strdup(struct arena *arena, const char *text);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
void *__wrap_arena_array(struct arena *arena, size_t count, size_t size);
char *__wrap_arena_strndup(struct arena *arena, const char *text, size_t n);
char *__wrap_arena_strdup(struct arena *arena, const char *text);

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
    return is_due() ? NULL : __real_arena_alloc(arena, size);
}

void *__wrap_arena_array(struct arena *arena, size_t count, size_t size)
{
    return is_due() ? NULL : __real_arena_array(arena, count, size);
}

char *__wrap_arena_strndup(struct arena *arena, const char *text, size_t n)
{
    return is_due() ? NULL : __real_arena_strndup(arena, text, n);
}

char *__wrap_arena_strdup(struct arena *arena, const char *text)
{
    return is_due() ? NULL : __real_arena_strdup(arena, text);
}

#endif
