#include "dialects/table.h"

#include <assert.h>
#include <stdlib.h>

enum { BUCKETS_MIN = 16 };

/* Keys are small numbers side by side: spread by Fibonacci hashing. */
static struct table_link **bucket_of(const struct table *table, uint64_t key)
{
    uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
    return &table->buckets[hash >> 32 & (table->bucket_count - 1)];
}

struct table_link *table_find(const struct table *table, uint64_t key)
{
    if (table->bucket_count == 0) {
        return NULL;
    }
    struct table_link *link = *bucket_of(table, key);
    while (link && link->key != key) {
        link = link->next;
    }
    return link;
}

static void push(struct table *table, struct table_link *link)
{
    struct table_link **bucket = bucket_of(table, link->key);
    link->next = *bucket;
    *bucket = link;
}

static bool grow(struct table *table)
{
    struct table larger = {
        .bucket_count =
            table->bucket_count ? table->bucket_count * 2 : BUCKETS_MIN,
        .count = table->count,
    };
    larger.buckets = calloc(larger.bucket_count, sizeof(struct table_link *));
    if (!larger.buckets) {
        return false;
    }
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct table_link *link = table->buckets[i], *next;
        for (; link; link = next) {
            next = link->next;
            push(&larger, link);
        }
    }
    free(table->buckets);
    *table = larger;
    return true;
}

bool table_add(struct table *table, struct table_link *link)
{
    assert(!table_find(table, link->key));
    if (table->count >= table->bucket_count && !grow(table)) {
        return false;
    }
    push(table, link);
    table->count++;
    return true;
}

void table_remove(struct table *table, const struct table_link *link)
{
    struct table_link **at = bucket_of(table, link->key);
    while (*at != link) {
        assert(*at);
        at = &(*at)->next;
    }
    *at = link->next;
    table->count--;
}

struct table_link *table_any(const struct table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        if (table->buckets[i]) {
            return table->buckets[i];
        }
    }
    return NULL;
}

void table_deinit(struct table *table)
{
    free(table->buckets);
    *table = (struct table){0};
}
