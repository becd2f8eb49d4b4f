/* The handlers of a process, least recently used out first (functools.lru_cache
 * around the handler factory of tinker). Pure; storage is the caller's.
 *
 * A handler lives while it is cached or has users: one that was pushed out goes
 * on for those who have it, but who comes for its key gets a new one. */
#ifndef RETRYSPEC_CLIENT_HANDLER_CACHE_H
#define RETRYSPEC_CLIENT_HANDLER_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/profile.h"

struct handler_key {
    int64_t session;
    const struct profile *profile;
};

/* Embedded in a handler. Zero-initialise. */
struct handler_entry {
    struct handler_key key;
    struct handler_entry *newer, *older;
    int64_t users;
    bool is_cached;
};

struct handler_cache {
    int64_t capacity; /* 0: keeps none */
    int64_t count;
    struct handler_entry *newest, *oldest;
};

void handler_cache_init(struct handler_cache *cache, int64_t capacity);

/* The handler of this key with one user more, the newest now; NULL: there is
 * none, the caller makes one and puts it. The time grows with the capacity. */
struct handler_entry *handler_cache_use(struct handler_cache *cache,
                                        struct handler_key key);

/* Puts a new handler with one user. Returns what was pushed out and has no
 * users, to be freed; NULL: nothing. */
struct handler_entry *handler_cache_put(struct handler_cache *cache,
                                        struct handler_entry *entry,
                                        struct handler_key key);

/* One user less. True: nobody has it any more, it is to be freed. */
bool handler_cache_leave(struct handler_entry *entry);

/* Takes out the oldest, whether used or not; NULL: empty. */
struct handler_entry *handler_cache_pop(struct handler_cache *cache);

#endif
