#include "judge/names.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

static uint64_t hash_of(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    }
    return hash ^ hash >> 32;
}

struct names *names_create(struct arena *arena, size_t most)
{
    struct names *names = arena_alloc(arena, sizeof *names);
    size_t slot_count = 16;
    while (slot_count < most * 2) {
        slot_count *= 2;
    }
    if (!names) {
        return NULL;
    }
    names->slot_count = slot_count;
    names->slots = arena_array(arena, slot_count, sizeof *names->slots);
    names->items = arena_array(arena, most + 1, sizeof *names->items);
    return names->slots && names->items ? names : NULL;
}

/* The slot that holds the name or the empty one where it belongs. */
static uint32_t *slot_of(const struct names *names, const char *name)
{
    size_t mask = names->slot_count - 1;
    size_t at = hash_of(name) & mask;
    while (names->slots[at] &&
           strcmp(names->items[names->slots[at] - 1], name) != 0) {
        at = (at + 1) & mask;
    }
    return &names->slots[at];
}

size_t names_add(struct names *names, const char *name)
{
    uint32_t *slot = slot_of(names, name);
    if (!*slot) {
        assert(names->count * 2 < names->slot_count);
        names->items[names->count++] = name;
        *slot = (uint32_t)names->count;
    }
    return *slot - 1;
}

long names_find(const struct names *names, const char *name)
{
    uint32_t *slot = slot_of(names, name);
    return *slot ? (long)*slot - 1 : NAMES_NONE;
}
