/* Attempts grouped into logical calls, by call key and route. With a follow-up
 * request (profile.follow_up) both requests of a key are one call. */
#ifndef RETRYSPEC_JUDGE_CALLS_H
#define RETRYSPEC_JUDGE_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/profile.h"
#include "model/scenario.h"
#include "model/trace.h"

struct judging;

struct call {
    const char *key, *route;
    size_t client; /* <client> of the token, 0 if the key is none */
    /* By time of their heads. One with id 0 was never read by the server: its
     * connection met a fault when it was accepted. */
    const struct trace_attempt **attempts;
    size_t count;
    struct call *next;  /* same key, another route */
    bool is_follow_up;  /* only its second request was seen */
    int64_t give_up_ns; /* when its caller cancels it; NS_FOREVER: never */
    /* Layers of the profile that cover its first request, and those that cover
     * the follow-up, by bits. */
    uint8_t covers[2];
};

struct calls {
    struct call *items; /* by first appearance */
    size_t count;
    size_t client_count;
    const struct call *uncovered;          /* first call, if none is covered */
    const struct trace_attempt *unmatched; /* first one; NULL: none */
    bool has_matched;                      /* any request met a route */
    bool owns_accept_faults; /* they are attempts of the only call */
    struct names *by_key;    /* number -> first call of the key */
    struct call **first_of_key;
};

/* From profile, scenario and trace. NULL only without memory. Attempts of
 * routes that are not judged are left out. Everything lives in `arena` and
 * borrows the trace. */
struct calls *calls_group(const struct judging *judging, struct arena *arena);

/* The client that sends the token; 0 if it is none. */
size_t calls_client(const struct calls *calls, const char *key);

/* Which request of its call an attempt is: 0, or 1 of the follow-up. */
int calls_step(const struct profile *profile,
               const struct trace_attempt *attempt);

/* The call of a key whose last attempt began last; NULL: none. */
const struct call *calls_find(const struct calls *calls, const char *key);

/* How many requests met a route, but carry no key. */
size_t calls_without_key(const struct calls *calls);

/* Sets covers of each call, and uncovered. */
void calls_cover(struct calls *calls, const struct profile *profile);

/* The same of any attempt of a call. */
void calls_covers(const struct call *call, const struct profile *profile,
                  const struct trace_attempt *attempt, uint8_t covers[2]);

/* Does a layer cover it? */
static inline bool calls_is_covered(const struct call *call)
{
    return call->covers[0] != 0;
}

/* Method and path without query of an attempt, the path cut to `size`. */
char *calls_path(const struct trace_attempt *attempt, char *path, size_t size);

#endif
