#include "client/handler_cache.h"

#include <assert.h>
#include <stddef.h>

void handler_cache_init(struct handler_cache *cache, int64_t capacity)
{
    *cache = (struct handler_cache){.capacity = capacity};
}

static void add_newest(struct handler_cache *cache, struct handler_entry *entry)
{
    entry->is_cached = true;
    entry->newer = NULL;
    entry->older = cache->newest;
    if (cache->newest) {
        cache->newest->newer = entry;
    } else {
        cache->oldest = entry;
    }
    cache->newest = entry;
    cache->count++;
}

static void take_out(struct handler_cache *cache, struct handler_entry *entry)
{
    if (entry->newer) {
        entry->newer->older = entry->older;
    } else {
        cache->newest = entry->older;
    }
    if (entry->older) {
        entry->older->newer = entry->newer;
    } else {
        cache->oldest = entry->newer;
    }
    entry->is_cached = false;
    cache->count--;
}

static bool keys_are_equal(struct handler_key a, struct handler_key b)
{
    return a.session == b.session && a.profile == b.profile;
}

struct handler_entry *handler_cache_use(struct handler_cache *cache,
                                        struct handler_key key)
{
    struct handler_entry *entry = cache->newest;
    while (entry && !keys_are_equal(entry->key, key)) {
        entry = entry->older;
    }
    if (entry) {
        take_out(cache, entry);
        add_newest(cache, entry);
        entry->users++;
    }
    return entry;
}

struct handler_entry *handler_cache_put(struct handler_cache *cache,
                                        struct handler_entry *entry,
                                        struct handler_key key)
{
    assert(!entry->is_cached && entry->users == 0);
    entry->key = key;
    entry->users = 1;
    add_newest(cache, entry);
    if (cache->count <= cache->capacity) {
        return NULL;
    }
    struct handler_entry *oldest = handler_cache_pop(cache);
    return oldest->users == 0 ? oldest : NULL;
}

bool handler_cache_leave(struct handler_entry *entry)
{
    assert(entry->users > 0);
    entry->users--;
    return entry->users == 0 && !entry->is_cached;
}

struct handler_entry *handler_cache_pop(struct handler_cache *cache)
{
    struct handler_entry *oldest = cache->oldest;
    if (oldest) {
        take_out(cache, oldest);
    }
    return oldest;
}
