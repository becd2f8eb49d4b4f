#include "model/trace_pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS = 1 << 14, LISTS = 1 << 10, LIST_SIZE_MAX = 480 };

/* One place for all texts of a hash: the last that came has it. */
struct text_slot {
    uint64_t hash;
    const char *text; /* NULL: empty */
};

struct list_slot {
    uint64_t hash;
    size_t size; /* 0: empty */
    struct http_headers headers;
    char bytes[LIST_SIZE_MAX];
};

struct trace_pool {
    struct arena *arena;
    struct text_slot texts[TEXTS];
    struct list_slot lists[LISTS];
};

struct trace_pool *trace_pool_create(struct arena *arena)
{
    struct trace_pool *pool = calloc(1, sizeof *pool);
    if (pool)
        pool->arena = arena;
    return pool;
}

void trace_pool_free(struct trace_pool *pool)
{
    free(pool);
}

/* Eight bytes at a time, each step mixing all bits into the upper ones. */
static uint64_t hash_of(const char *bytes, size_t size)
{
    uint64_t hash = size, word;
    for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, bytes, size);
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

const char *trace_pool_text(struct trace_pool *pool, const char *bytes,
                            size_t size)
{
    uint64_t hash = hash_of(bytes, size);
    struct text_slot *slot = &pool->texts[hash % TEXTS];
    if (slot->text && slot->hash == hash &&
        strncmp(slot->text, bytes, size) == 0 && slot->text[size] == '\0')
        return slot->text;
    const char *text = arena_strndup(pool->arena, bytes, size);
    if (text)
        *slot = (struct text_slot){hash, text};
    return text;
}

bool trace_pool_find(const struct trace_pool *pool, const char *bytes,
                     size_t size, struct http_headers *headers)
{
    uint64_t hash = hash_of(bytes, size);
    const struct list_slot *slot = &pool->lists[hash % LISTS];
    if (slot->size != size || slot->hash != hash || size == 0 ||
        memcmp(slot->bytes, bytes, size) != 0)
        return false;
    *headers = slot->headers;
    return true;
}

void trace_pool_keep(struct trace_pool *pool, const char *bytes, size_t size,
                     const struct http_headers *headers)
{
    if (size > LIST_SIZE_MAX)
        return;
    uint64_t hash = hash_of(bytes, size);
    struct list_slot *slot = &pool->lists[hash % LISTS];
    slot->hash = hash;
    slot->size = size;
    slot->headers = *headers;
    memcpy(slot->bytes, bytes, size);
}
