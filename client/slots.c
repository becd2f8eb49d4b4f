#include "client/slots.h"

#include <assert.h>
#include <stddef.h>

void slot_pool_init(struct slot_pool *pool, int64_t limit)
{
    *pool = (struct slot_pool){.limit = limit};
}

static void grant(struct slot_pool *pool, struct slot_waiter *waiter)
{
    waiter->is_holding = true;
    pool->held++;
    if (pool->held > pool->peak) {
        pool->peak = pool->held;
    }
}

static void enqueue(struct slot_pool *pool, struct slot_waiter *waiter)
{
    waiter->is_queued = true;
    waiter->next = NULL;
    waiter->previous = pool->last;
    if (pool->last) {
        pool->last->next = waiter;
    } else {
        pool->first = waiter;
    }
    pool->last = waiter;
    pool->waiting++;
}

static void dequeue(struct slot_pool *pool, struct slot_waiter *waiter)
{
    if (waiter->previous) {
        waiter->previous->next = waiter->next;
    } else {
        pool->first = waiter->next;
    }
    if (waiter->next) {
        waiter->next->previous = waiter->previous;
    } else {
        pool->last = waiter->previous;
    }
    *waiter = (struct slot_waiter){0};
    pool->waiting--;
}

bool slot_acquire(struct slot_pool *pool, struct slot_waiter *waiter)
{
    assert(!waiter->is_queued && !waiter->is_holding);
    if (pool->limit == 0 || pool->held < pool->limit) {
        grant(pool, waiter);
        return true;
    }
    enqueue(pool, waiter);
    return false;
}

struct slot_waiter *slot_release(struct slot_pool *pool,
                                 struct slot_waiter *waiter)
{
    if (waiter->is_queued) {
        dequeue(pool, waiter);
        return NULL;
    }
    assert(waiter->is_holding);
    waiter->is_holding = false;
    pool->held--;
    struct slot_waiter *next = pool->first;
    if (next) {
        dequeue(pool, next);
        grant(pool, next);
    }
    return next;
}
