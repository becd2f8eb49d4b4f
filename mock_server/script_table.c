#include "mock_server/script_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mock_server/script.h"

enum { ROOM_AT_FIRST = 64 };

uint64_t script_table_hash(const char *name, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32; /* FNV leaves the low bits of short names alike */
    return hash * UINT64_C(0xd6e8feb86659fd93);
}

/* The slot of the name, or the free one where it belongs. */
static struct script_counter *find(const struct script_table *table,
                                   const struct script_counter *wanted)
{
    size_t mask = table->room - 1;
    size_t at = (size_t)(wanted->hash >> 20) & mask;
    for (;; at = (at + 1) & mask) {
        struct script_counter *slot = &table->slots[at];
        if (!slot->name)
            return slot;
        if (slot->hash == wanted->hash && slot->size == wanted->size &&
            memcmp(slot->name, wanted->name, wanted->size) == 0)
            return slot;
    }
}

/* At most three quarters of the slots are used. */
static bool make_room(struct script_table *table)
{
    if (table->used < table->room / 4 * 3)
        return true;
    size_t old_room = table->room;
    struct script_counter *old = table->slots;
    size_t room = old_room ? old_room * 2 : ROOM_AT_FIRST;
    struct script_counter *slots = calloc(room, sizeof *slots);
    if (!slots)
        return false;
    table->slots = slots;
    table->room = room;
    for (size_t i = 0; i < old_room; i++) {
        if (old[i].name)
            *find(table, &old[i]) = old[i];
    }
    free(old);
    return true;
}

int64_t *script_table_counter(struct script_table *table, const char *name,
                              size_t size)
{
    struct script_counter wanted = {
        .name = name,
        .hash = script_table_hash(name, size),
        .size = size,
    };
    if (!make_room(table))
        return NULL;
    struct script_counter *slot = find(table, &wanted);
    if (slot->name)
        return &slot->count;
    if (table->used >= SCRIPT_KEYS_MAX)
        return NULL;
    wanted.name = arena_strndup(&table->arena, name, size);
    if (!wanted.name)
        return NULL;
    *slot = wanted;
    table->used++;
    return &slot->count;
}

void script_table_deinit(struct script_table *table)
{
    free(table->slots);
    arena_deinit(&table->arena);
}
