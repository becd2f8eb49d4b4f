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
    pool->held += waiter->weight;
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
    waiter->is_queued = false;
    pool->waiting--;
}

bool slot_has_room(const struct slot_pool *pool)
{
    return pool->limit == 0 || pool->held < pool->limit;
}

bool slot_acquire(struct slot_pool *pool, struct slot_waiter *waiter,
                  int64_t weight)
{
    assert(!waiter->is_queued && !waiter->is_holding && weight >= 0);
    waiter->weight = weight;
    if (slot_has_room(pool)) {
        grant(pool, waiter);
        return true;
    }
    enqueue(pool, waiter);
    return false;
}

static struct slot_waiter *serve_queue(struct slot_pool *pool)
{
    struct slot_waiter *served = NULL, **end = &served;
    while (pool->first && slot_has_room(pool)) {
        struct slot_waiter *next = pool->first;
        dequeue(pool, next);
        grant(pool, next);
        next->also = NULL;
        *end = next;
        end = &next->also;
    }
    return served;
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
    pool->held -= waiter->weight;
    return serve_queue(pool);
}
