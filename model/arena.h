/* Memory that is freed as one: a parsed file lives in one arena.
 *
 * Every function returns NULL when memory runs out; nothing aborts. */
#ifndef RETRYSPEC_MODEL_ARENA_H
#define RETRYSPEC_MODEL_ARENA_H

#include <stddef.h>

struct arena_block;

/* Zero-initialise before use. */
struct arena {
    struct arena_block *blocks;
    size_t used; /* bytes handed out so far */
};

/* `size` zeroed bytes, aligned for any type; size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);

/* `count` zeroed elements of `size` bytes, NULL also on overflow. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of `length` bytes. */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_strdup(struct arena *arena, const char *text);

/* Frees all; the arena is empty and usable again. */
void arena_deinit(struct arena *arena);

#endif
