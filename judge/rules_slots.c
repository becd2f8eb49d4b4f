#include "judge/rules_slots.h"

#include <math.h>
#include <stdlib.h>

#include "judge/evidence.h"

/* A slot taken (+1) or given back (-1). */
struct turn {
    int64_t at_ns;
    size_t pool; /* client, or 0 for a pool of the whole process */
    int change;
    int64_t bytes; /* of the request body */
    int64_t attempt;
};

struct turns {
    struct turn *items;
    size_t count;
};

bool rules_slots_is_shared(const struct slots *slots)
{
    return slots->scope == SLOTS_GLOBAL || slots->scope == SLOTS_URL_AND_KEY;
}

static int64_t most_at_once(const struct judging *judging,
                            const struct slots *slots)
{
    const struct workload *workload = &judging->scenario->workload;
    int64_t per_client = workload->concurrency < workload->calls
                             ? workload->concurrency
                             : workload->calls;
    return rules_slots_is_shared(slots) ? per_client * workload->clients
                                        : per_client;
}

static bool can_fill(const struct judging *judging, const struct slots *slots)
{
    return slots->limit > 0 && most_at_once(judging, slots) > slots->limit;
}

/* If every body is as large as the largest and counts so many times. */
static bool can_fill_bytes(const struct judging *judging,
                           const struct slots *slots, double times)
{
    double body = (double)judging->largest_body * times;
    return slots->byte_limit > 0 &&
           body * (double)most_at_once(judging, slots) >
               (double)slots->byte_limit;
}

/* May a rule of any layer have the outermost one begin again? */
static bool starts_over(const struct profile *profile)
{
    bool may_start_over = false;
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        for (size_t k = 0; k < layer->rule_count; k++) {
            may_start_over |= !layer->is_disabled &&
                              layer->rules[k].action == RULE_START_OVER;
        }
    }
    return may_start_over;
}

bool rules_slots_last(const struct profile *profile, size_t i)
{
    bool may_begin_again = starts_over(profile);
    bool is_last = profile->layers[i].slots.held == SLOT_HELD_CALL;
    for (size_t outer = 0; outer < i; outer++) {
        const struct layer *layer = &profile->layers[outer];
        is_last &=
            layer->is_disabled || (layer->rule_count == 0 && !may_begin_again);
    }
    return is_last;
}

bool rules_slots_may_queue(const struct judging *judging, size_t i)
{
    const struct slots *slots = &judging->profile->layers[i].slots;
    int64_t most = most_at_once(judging, slots);
    return can_fill(judging, slots) ||
           (slots->throttled_limit > 0 && most > slots->throttled_limit) ||
           can_fill_bytes(judging, slots, fmax(1, slots->byte_penalty));
}

bool rules_slots_can_fill(const struct judging *judging)
{
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        const struct slots *slots = &judging->profile->layers[i].slots;
        if (can_fill(judging, slots) || can_fill_bytes(judging, slots, 1)) {
            return true;
        }
    }
    return false;
}

static int by_time(const void *a, const void *b)
{
    const struct turn *x = a, *y = b;
    if (x->pool != y->pool) {
        return x->pool < y->pool ? -1 : 1;
    }
    if (x->at_ns != y->at_ns) {
        return x->at_ns < y->at_ns ? -1 : 1;
    }
    return x->change - y->change; /* given back first */
}

/* A client knows that it left before we see it. */
int64_t rules_slots_free_from(const struct judging *judging,
                              const struct trace_attempt *attempt)
{
    struct seen seen = seen_end(judging, attempt, TRACE_NEVER);
    if (seen.outcome.end == END_UNFINISHED) {
        return judging->end_ns;
    }
    int64_t slack_ns = judging->early_ns + judging->lag_ns;
    int64_t at_ns = seen.is_left ? seen.at_ns - slack_ns : seen.early_ns;
    return at_ns > attempt->head_ns ? at_ns : attempt->head_ns;
}

static bool is_covered(const struct layer *layer, const struct call *call,
                       size_t i)
{
    char path[1024];
    return i < call->count &&
           layer_covers(layer, call->attempts[i]->method,
                        calls_path(call->attempts[i], path, sizeof path));
}

static struct turn turn_of(const struct trace_attempt *attempt, int64_t at_ns,
                           size_t pool, int change)
{
    return (struct turn){
        .at_ns = at_ns,
        .pool = pool,
        .change = change,
        .bytes = change * attempt->body_size,
        .attempt = attempt->id,
    };
}

/* What is held for a call is held by a run of the layer: while the call polls
 * by its second request, a layer around the first holds nothing. */
static void add_turns(const struct judging *judging, struct turns *turns,
                      const struct layer *layer, const struct call *call)
{
    size_t pool = rules_slots_is_shared(&layer->slots) ? 0 : call->client;
    size_t number = (size_t)(layer - judging->profile->layers);
    bool by_call = rules_slots_last(judging->profile, number);
    bool is_within = false;
    for (size_t i = 0; i < call->count; i++) {
        const struct trace_attempt *attempt = call->attempts[i];
        if (!is_covered(layer, call, i)) {
            is_within = false;
            continue;
        }
        if (!by_call || !is_within) {
            turns->items[turns->count++] =
                turn_of(attempt, attempt->head_ns, pool, 1);
        }
        if (!by_call || !is_covered(layer, call, i + 1)) {
            turns->items[turns->count++] = turn_of(
                attempt, rules_slots_free_from(judging, attempt), pool, -1);
        }
        is_within = true;
    }
}

struct peak {
    int64_t held, most, attempt;
};

static struct peak sweep(const struct turns *turns)
{
    struct peak peak = {0};
    for (size_t i = 0; i < turns->count; i++) {
        if (i > 0 && turns->items[i].pool != turns->items[i - 1].pool) {
            peak.held = 0;
        }
        peak.held += turns->items[i].change;
        if (peak.held > peak.most) {
            peak.most = peak.held;
            peak.attempt = turns->items[i].attempt;
        }
    }
    return peak;
}

static const char *count_text(struct tally *tally, const struct layer *layer,
                              int64_t count)
{
    return tally_text(tally, "%lld %s%s in flight", (long long)count,
                      layer->slots.held == SLOT_HELD_CALL ? "call" : "attempt",
                      count == 1 ? "" : "s");
}

static void report(const struct judging *judging, const struct layer *layer,
                   const struct peak *peak)
{
    struct tally *tally = judging->tally;
    struct finding *finding = tally_violate(tally, JUDGE_CC_1, false);
    if (finding) {
        finding->attempt = peak->attempt;
        finding->expected = tally_text(
            tally, "at most %s", count_text(tally, layer, layer->slots.limit));
        finding->observed = count_text(tally, layer, peak->most);
        finding->source =
            evidence_source(judging, &(struct retry_action){.layer = layer});
    }
}

/* One may overshoot the limit, whoever came last: without the largest body the
 * rest are within it. */
static void judge_bytes(const struct judging *judging,
                        const struct layer *layer, const struct turns *turns)
{
    int64_t held = 0, largest = 0, most = 0, attempt = 0;
    for (size_t i = 0; i < turns->count; i++) {
        const struct turn *turn = &turns->items[i];
        if (i > 0 && turn->pool != turn[-1].pool) {
            held = 0;
        }
        held += turn->bytes;
        largest = turn->bytes > largest ? turn->bytes : largest;
        if (held > most) {
            most = held;
            attempt = turn->attempt;
        }
    }
    struct tally *tally = judging->tally;
    if (most > layer->slots.byte_limit) {
        tally_exercise(tally, JUDGE_CC_1);
    }
    if (most - largest <= layer->slots.byte_limit) {
        return;
    }
    struct finding *finding = tally_violate(tally, JUDGE_CC_1, false);
    if (finding) {
        finding->attempt = attempt;
        finding->expected =
            tally_text(tally, "at most %lld bytes in flight, and one body more",
                       (long long)layer->slots.byte_limit);
        finding->observed =
            tally_text(tally, "%lld bytes in flight", (long long)most);
        finding->source =
            evidence_source(judging, &(struct retry_action){.layer = layer});
    }
}

static void judge_limit(const struct judging *judging,
                        const struct layer *layer, const struct turns *turns)
{
    struct peak peak = sweep(turns);
    if (peak.most >= layer->slots.limit && can_fill(judging, &layer->slots)) {
        tally_exercise(judging->tally, JUDGE_CC_1);
    }
    if (peak.most > layer->slots.limit) {
        report(judging, layer, &peak);
    }
}

static void judge_layer(const struct judging *judging,
                        const struct layer *layer, struct turns *turns)
{
    turns->count = 0;
    for (size_t i = 0; i < judging->calls->count; i++) {
        add_turns(judging, turns, layer, &judging->calls->items[i]);
    }
    qsort(turns->items, turns->count, sizeof *turns->items, by_time);
    if (layer->slots.limit > 0) {
        judge_limit(judging, layer, turns);
    }
    if (layer->slots.byte_limit > 0) {
        judge_bytes(judging, layer, turns);
    }
}

bool rules_slots_judge(const struct judging *judging, struct arena *scratch)
{
    struct turns turns = {
        .items = arena_array(scratch,
                             judging->trace->attempt_count * 2 + 2 +
                                 judging->trace->conn_count * 2,
                             sizeof *turns.items),
    };
    if (!turns.items) {
        return false;
    }
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        const struct slots *slots = &judging->profile->layers[i].slots;
        if (slots->limit > 0 || slots->byte_limit > 0) {
            judge_layer(judging, &judging->profile->layers[i], &turns);
        }
    }
    return true;
}
