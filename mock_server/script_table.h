/* Counters by name: a hash table with open addressing that only grows. */
#ifndef RETRYSPEC_MOCK_SERVER_SCRIPT_TABLE_H
#define RETRYSPEC_MOCK_SERVER_SCRIPT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"

struct script_counter {
    const char *name; /* NULL: free */
    uint64_t hash;
    size_t size;
    int64_t count;
};

/* Zero-initialise before use. */
struct script_table {
    struct arena arena; /* the names */
    struct script_counter *slots;
    size_t room, used;
};

/* The counter of the name, 0 when new; valid until the next call. NULL if
 * SCRIPT_KEYS_MAX names are kept already, or without memory. */
int64_t *script_table_counter(struct script_table *table, const char *name,
                              size_t size);
void script_table_deinit(struct script_table *table);

/* FNV-1a, mixed: the same on every machine, so that draws labelled by it are
 * the same too. */
uint64_t script_table_hash(const char *name, size_t size);

#endif
