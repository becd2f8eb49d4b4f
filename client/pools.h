/* What a call must hold before its layers let it begin: slots by count, further
 * slots while a layer is throttled, and bytes of request bodies (struct slots).
 * Pure; storage is the caller's, nothing is allocated.
 *
 * Pools belong to owners, one kind of owner for each scope: a handler, a
 * session, a client, the process, a URL with its key. An owner has one pool for
 * each layer of the profile: whoever shares an owner also shares the limit. A
 * call asks outermost layer first and within a layer in the order of enum
 * pool_part, so no two calls can wait for each other. */
#ifndef RETRYSPEC_CLIENT_POOLS_H
#define RETRYSPEC_CLIENT_POOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"
#include "client/slots.h"

enum { POOL_SCOPES = SLOTS_URL_AND_KEY + 1 };

enum pool_part {
    POOL_SLOTS,
    POOL_THROTTLED, /* only if retry_is_throttled() when its turn comes */
    POOL_BYTES,     /* always told, even with ask_again */
    POOL_PARTS
};

struct pool {
    struct slot_pool parts[POOL_PARTS];
    int64_t waiting; /* calls that asked and don't hold all of it yet */
};

/* A call's place in the pool of one layer. */
struct pool_seat {
    struct slot_waiter parts[POOL_PARTS];
    struct pooled_call *call;
    enum pool_part part; /* asked for; those before it are held or not needed */
    bool is_waiting;     /* counted in pool.waiting */
};

struct pooled_call {
    const struct retry_call *engine;
    struct pool *owners[POOL_SCOPES]; /* by enum slot_scope; borrowed */
    struct pool_seat seats[PROFILE_LAYERS_MAX];
    int waits_for;            /* layer; after a false of pools_acquire() */
    int64_t refusals;         /* of it in a row, when it asks by itself */
    struct pooled_call *also; /* served by the same release */
};

/* `pools` is one for each layer of the profile, which it borrows. */
void pools_init(struct pool *pools, const struct profile *profile);

/* `owners` by enum slot_scope. The engine's call is initialised before. */
void pools_call_init(struct pooled_call *call, const struct retry_call *engine,
                     struct pool *const owners[POOL_SCOPES]);

/* The pool that layer i of the call uses; NULL: it needs none. */
struct pool *pools_find(const struct pooled_call *call, int i);

/* Asks for all that the request in hand needs. True: all is held. False: asks
 * again when a release serves it, or at pools_ask_again_ns(). */
bool pools_acquire(struct pooled_call *call, int64_t now_ns);

/* After a false of pools_acquire(): when the call asks again by itself, by the
 * law of ask_again and u in [0, 1); NS_FOREVER: it is told. */
int64_t pools_ask_again_ns(const struct pooled_call *call, int64_t now_ns,
                           double u);

/* The three ways to give back. Each returns the first call that was served
 * thereby, the others follow by `also`; NULL: none. They must ask again, but
 * not before the caller is done with this call. */

/* The call is over, whatever it held or waited for. */
struct pooled_call *pools_release(struct pooled_call *call);

/* A layer waits between attempts: what it holds for an attempt, and all that
 * the layers inside it hold. */
struct pooled_call *pools_release_for_wait(struct pooled_call *call);

/* Another request is in hand: what layers hold that do not cover it, and what
 * lies inside a layer that is yet to be asked for. */
struct pooled_call *pools_release_for_step(struct pooled_call *call);

#endif
