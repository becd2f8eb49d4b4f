/* A hash table of things that hold their own link, by a 64-bit key. */
#ifndef RETRYSPEC_DIALECTS_TABLE_H
#define RETRYSPEC_DIALECTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_link {
    uint64_t key;
    struct table_link *next;
};

/* Zero-initialise before use. */
struct table {
    struct table_link **buckets;
    size_t bucket_count; /* a power of two, or 0 */
    size_t count;
};

struct table_link *table_find(const struct table *table, uint64_t key);

/* The key must not be in the table yet. False without memory. */
bool table_add(struct table *table, struct table_link *link);

void table_remove(struct table *table, const struct table_link *link);

/* Any one of them, NULL if it is empty. */
struct table_link *table_any(const struct table *table);

/* Frees the buckets, not the things. */
void table_deinit(struct table *table);

#endif
