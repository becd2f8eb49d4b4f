/* Slots for Python's ctypes: a number of calls that ask for what one layer of a
 * profile makes them hold, and give it back. */
#ifndef RETRYSPEC_PROPS_POOL_H
#define RETRYSPEC_PROPS_POOL_H

#include <stdint.h>

enum { PROPS_POOL_CALLS = 32 };

/* `json` is a profile whose slots are all of one scope; NULL if it does not
 * read. Call i has a body of bytes[i], of PROPS_POOL_CALLS. */
void *props_pool_open(const char *json, const int64_t *bytes);
void props_pool_close(void *pool);

/* Call i asks for all it must hold: 1 it holds it, 0 not. */
int props_pool_ask(void *pool, int i, int64_t now_ns);

/* When call i, which was refused, asks again by itself. */
int64_t props_pool_again_ns(const void *pool, int i, int64_t now_ns, double u);

/* Call i is over. Returns the set of calls, as bits, that must ask again. */
uint32_t props_pool_leave(void *pool, int i);

/* A throttling answer closes the limiter of the layer until then. */
void props_pool_throttle(void *pool, int64_t until_ns);

struct props_pool_state {
    int64_t slots, throttled, bytes; /* held */
};
struct props_pool_state props_pool_state(const void *pool);

#endif
