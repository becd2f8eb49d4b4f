#include "client/pools.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "client/backoff.h"
#include "client/layers.h"
#include "model/units.h"

/* No body weighs more, however it is multiplied. */
static const double WEIGHT_MAX = 0x1p53;

void pools_init(struct pool *pools, const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct slots *slots = &profile->layers[i].slots;
        struct slot_pool *parts = pools[i].parts;
        pools[i].waiting = 0;
        slot_pool_init(&parts[POOL_SLOTS], slots->limit);
        slot_pool_init(&parts[POOL_THROTTLED], slots->throttled_limit);
        /* Who comes waits while the balance is below 0, not at 0. */
        slot_pool_init(&parts[POOL_BYTES],
                       slots->byte_limit > 0 ? slots->byte_limit + 1 : 0);
    }
}

void pools_call_init(struct pooled_call *call, const struct retry_call *engine,
                     struct pool *const owners[POOL_SCOPES])
{
    *call = (struct pooled_call){.engine = engine};
    for (int i = 0; i < POOL_SCOPES; i++) {
        call->owners[i] = owners[i];
    }
    for (int i = 0; i < PROFILE_LAYERS_MAX; i++) {
        call->seats[i].call = call;
    }
}

/* -- which pool -------------------------------------------------------------
 */

static const struct slots *slots_of(const struct pooled_call *call, int i)
{
    return &retry_layer(call->engine, i)->slots;
}

static bool is_bounded(const struct slots *slots)
{
    return slots->limit > 0 || slots->throttled_limit > 0 ||
           slots->byte_limit > 0;
}

struct pool *pools_find(const struct pooled_call *call, int i)
{
    const struct slots *slots = slots_of(call, i);
    return is_bounded(slots) ? &call->owners[slots->scope][i] : NULL;
}

/* -- asking -----------------------------------------------------------------
 */

static int64_t weight_of_body(const struct pooled_call *call, int i,
                              int64_t now_ns)
{
    const struct slots *slots = slots_of(call, i);
    double weight = (double)call->engine->request.body_bytes;
    if (slots->byte_penalty > 0.0 &&
        retry_is_throttled(call->engine, i, now_ns)) {
        weight *= slots->byte_penalty;
    }
    return (int64_t)fmin(weight, WEIGHT_MAX);
}

/* Who asks by itself was throttled when it began to ask: it goes on asking for
 * that slot after the window. */
static bool is_asked_for(const struct pooled_call *call, int i, int64_t now_ns)
{
    return call->seats[i].part != POOL_THROTTLED || call->refusals > 0 ||
           retry_is_throttled(call->engine, i, now_ns);
}

static bool asks_by_itself(const struct slots *slots, enum pool_part part)
{
    return part != POOL_BYTES && slots->ask_again.schedule != SCHEDULE_NONE;
}

static bool acquire_part(struct pooled_call *call, int i, int64_t now_ns)
{
    struct pool_seat *seat = &call->seats[i];
    struct slot_pool *pool = &pools_find(call, i)->parts[seat->part];
    struct slot_waiter *waiter = &seat->parts[seat->part];
    if (waiter->is_holding || waiter->is_queued)
        return waiter->is_holding;
    if (pool->limit == 0 || !is_asked_for(call, i, now_ns))
        return true;
    if (asks_by_itself(slots_of(call, i), seat->part) && !slot_has_room(pool)) {
        call->refusals++;
        return false;
    }
    return slot_acquire(
        pool, waiter,
        seat->part == POOL_BYTES ? weight_of_body(call, i, now_ns) : 1);
}

static bool acquire_seat(struct pooled_call *call, int i, int64_t now_ns)
{
    struct pool_seat *seat = &call->seats[i];
    struct pool *pool = pools_find(call, i);
    while (seat->part < POOL_PARTS && acquire_part(call, i, now_ns)) {
        seat->part++;
        call->refusals = 0;
    }
    bool waits = seat->part < POOL_PARTS;
    pool->waiting += waits - seat->is_waiting;
    seat->is_waiting = waits;
    return !waits;
}

bool pools_acquire(struct pooled_call *call, int64_t now_ns)
{
    uint8_t left = call->engine->covers[call->engine->step];
    for (int i; (i = layers_take(&left)) >= 0;) {
        if (pools_find(call, i) && !acquire_seat(call, i, now_ns)) {
            call->waits_for = i;
            return false;
        }
    }
    return true;
}

int64_t pools_ask_again_ns(const struct pooled_call *call, int64_t now_ns,
                           double u)
{
    if (call->refusals == 0) {
        return NS_FOREVER;
    }
    struct delay_law law = {
        .backoff = &slots_of(call, call->waits_for)->ask_again,
        .n = call->refusals - 1,
        .cut_ns = NS_FOREVER,
    };
    return units_add(now_ns, backoff_draw(&law, u));
}

/* -- giving back ------------------------------------------------------------
 */

/* Calls that were served, in their order. */
struct served {
    struct pooled_call *first, **end;
};

static void release_part(struct pooled_call *call, int i, enum pool_part part,
                         struct served *served)
{
    assert(part < POOL_PARTS);
    struct slot_waiter *waiter = &call->seats[i].parts[part];
    if (!waiter->is_queued && !waiter->is_holding)
        return;
    struct slot_waiter *next =
        slot_release(&pools_find(call, i)->parts[part], waiter);
    for (; next; next = next->also) {
        struct pool_seat *lucky = (struct pool_seat *)(void *)(next - part);
        lucky->call->also = NULL;
        *served->end = lucky->call;
        served->end = &lucky->call->also;
    }
}

static void release_seat(struct pooled_call *call, int i, struct served *served)
{
    struct pool_seat *seat = &call->seats[i];
    for (int part = 0; part < POOL_PARTS; part++)
        release_part(call, i, (enum pool_part)part, served);
    if (seat->is_waiting) {
        pools_find(call, i)->waiting--;
        call->refusals = 0;
    }
    *seat = (struct pool_seat){.call = call};
}

static struct pooled_call *release_from(struct pooled_call *call, int from)
{
    struct served served = {NULL, &served.first};
    for (int i = from; i < call->engine->layer_count; i++) {
        release_seat(call, i, &served);
    }
    return served.first;
}

struct pooled_call *pools_release(struct pooled_call *call)
{
    return release_from(call, 0);
}

struct pooled_call *pools_release_for_wait(struct pooled_call *call)
{
    int i = call->engine->waiting_layer;
    bool keeps = slots_of(call, i)->held == SLOT_HELD_CALL;
    return release_from(call, i + keeps);
}

struct pooled_call *pools_release_for_step(struct pooled_call *call)
{
    struct served served = {NULL, &served.first};
    bool has_gap = false;
    for (int i = 0; i < call->engine->layer_count; i++) {
        bool is_needed = retry_call_has(call->engine, i) && pools_find(call, i);
        if (is_needed && !has_gap)
            has_gap = call->seats[i].part < POOL_PARTS;
        else
            release_seat(call, i, &served);
    }
    return served.first;
}
