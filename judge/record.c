#include "judge/record.h"

#include <math.h>

#include "client/outcome.h"
#include "judge/hypotheses_parts.h"
#include "judge/starved.h"
#include "model/units.h"

static const struct layer *layer_of(const struct recorder *recorder, int i)
{
    return &recorder->set->judging->profile->layers[i];
}

static int layer_count(const struct recorder *recorder)
{
    return (int)recorder->set->judging->profile->layer_count;
}

struct effect *record_effect(const struct recorder *recorder,
                             enum effect_kind kind, int layer,
                             const struct effect *when)
{
    struct effects *effects = recorder->effects;
    struct effect *effect = &effects->items[effects->count++];
    *effect = *when;
    effect->kind = kind;
    effect->layer = (uint8_t)layer;
    effect->is_sure = true;
    size_t pool = recorder->set->client;
    if (kind <= EFFECT_CLEAR) {
        pool = effects_pool(layer_of(recorder, layer), pool);
    }
    effect->pool = (uint32_t)pool;
    return effect;
}

/* -- when -------------------------------------------------------------------
 */

/* An attempt that was never read is none of the trace's. */
static uint32_t index_of(const struct recorder *recorder,
                         const struct trace_attempt *attempt)
{
    const struct trace *trace = recorder->set->judging->trace;
    return attempt->id > 0 ? (uint32_t)(attempt - trace->attempts)
                           : EFFECT_NO_INDEX;
}

static struct effect when_sent(const struct recorder *recorder,
                               const struct trace_attempt *attempt,
                               int64_t not_before_ns)
{
    const struct judging *judging = recorder->set->judging;
    int64_t from_ns = attempt->head_ns - judging->late_ns -
                      starved_before(judging, attempt->head_ns);
    struct effect when = {
        .attempt = attempt->id,
        .index = index_of(recorder, attempt),
        .from_ns = from_ns > not_before_ns ? from_ns : not_before_ns,
        .to_ns = attempt->head_ns,
        .early_ns = attempt->head_ns,
        .late_ns = attempt->head_ns,
    };
    if (recorder->effects->is_serial) {
        when.from_ns = when.to_ns;
    }
    return when;
}

/* A call may have started long before its first attempt if a limiter held that
 * up. */
static struct effect when_started(const struct recorder *recorder,
                                  const struct trace_attempt *first)
{
    struct effect when = when_sent(recorder, first, 0);
    for (int i = 0; i < layer_count(recorder); i++) {
        if (layer_of(recorder, i)->rate_limiter.is_used &&
            !recorder->effects->is_serial) {
            when.from_ns = 0;
        }
    }
    when.attempt = 0;
    when.index = EFFECT_NO_INDEX;
    return when;
}

struct effect record_when_ended(const struct recorder *recorder,
                                const struct place *place)
{
    const struct judging *judging = recorder->set->judging;
    const struct call *call = place->call;
    const struct trace_attempt *attempt = call->attempts[place->index];
    const struct seen *seen = place->seen;
    int64_t slack_ns = seen->is_left ? judging->early_ns + judging->lag_ns : 0;
    struct effect when = {
        .attempt = attempt->id,
        .index = index_of(recorder, attempt),
        .from_ns = seen->early_ns - slack_ns,
        .early_ns = seen->early_ns - slack_ns,
        .late_ns = units_add(units_add(seen->at_ns, judging->late_ns),
                             starved_after(judging, seen->at_ns)),
    };
    when.to_ns = when.late_ns;
    if (place->index + 1 < call->count &&
        call->attempts[place->index + 1]->head_ns < when.to_ns) {
        when.to_ns = call->attempts[place->index + 1]->head_ns;
    }
    if (recorder->effects->is_serial) {
        when.from_ns = when.to_ns = seen->at_ns;
    }
    /* It ended after it was sent, whatever the clock makes of it. */
    when.from_ns = units_max(when.from_ns, attempt->head_ns + 1);
    when.to_ns = units_max(when.to_ns, when.from_ns);
    return when;
}

/* -- attempts are sent ------------------------------------------------------
 */

/* What a call brings when it starts (token_bucket.per_call). */
static void add_start(const struct recorder *recorder,
                      const struct trace_attempt *first,
                      const struct retry_call *call)
{
    struct effect when = when_started(recorder, first);
    for (int i = 0; i < layer_count(recorder); i++) {
        const struct layer *layer = layer_of(recorder, i);
        const struct token_bucket *tokens = &layer->budget.tokens;
        bool is_covered = (call->covers[0] | call->covers[1]) >> i & 1;
        if (is_covered && tokens->is_used && !layer->is_disabled &&
            tokens->per_call > 0) {
            struct effect *refund =
                record_effect(recorder, EFFECT_REFUND, i, &when);
            refund->least = refund->most = tokens->per_call;
        }
    }
}

/* Before the first attempt that we saw: then that one asks no breaker that is
 * asked for the call. */
static bool may_have_been_refused(const struct hypotheses *set)
{
    for (int i = 0; i < set->count; i++) {
        if (set->items[i].hidden > 0) {
            return true;
        }
    }
    return false;
}

void record_first(const struct recorder *recorder, const struct call *call)
{
    const struct trace_attempt *first = call->attempts[0];
    const struct retry_call *begun = &recorder->set->items[0].call;
    struct effect when = when_sent(recorder, first, 0);
    add_start(recorder, first, begun);
    for (int i = 0; i < layer_count(recorder); i++) {
        const struct circuit_breaker *breaker = &layer_of(recorder, i)->breaker;
        bool is_sure = breaker->checked == BREAKER_PER_ATTEMPT ||
                       !may_have_been_refused(recorder->set);
        if (breaker->is_used && retry_call_has(begun, i)) {
            record_effect(recorder, is_sure ? EFFECT_SENT : EFFECT_GONE, i,
                          &when);
        }
    }
}

/* The follow-up asks those whose run it begins, and those that are asked before
 * each attempt. */
static uint8_t asked_by_follow_up(const struct recorder *recorder,
                                  const struct retry_call *call)
{
    uint8_t asked = 0;
    for (int i = 0; i < layer_count(recorder); i++) {
        bool is_asked =
            layer_of(recorder, i)->breaker.is_used && retry_call_has(call, i) &&
            (layer_of(recorder, i)->breaker.checked == BREAKER_PER_ATTEMPT ||
             !(call->covers[0] >> i & 1));
        asked |= (uint8_t)(is_asked << i);
    }
    return asked;
}

/* Layers whose breaker the next attempt asks: one that is half open counts it.
 */
static uint8_t breakers_asked(const struct recorder *recorder,
                              const struct hypothesis *waiting, int64_t at_ns)
{
    struct hypothesis copy = *waiting;
    uint8_t asked = 0;
    if (waiting->action.kind == RETRY_SEND) {
        return asked_by_follow_up(recorder, &waiting->call);
    }
    if (waiting->is_resend) {
        return 0;
    }
    hypotheses_step(recorder->set, &copy,
                    &(struct retry_event){.kind = RETRY_SENT, .now_ns = at_ns},
                    &(struct hypotheses_given){.is_half_open = true});
    for (int i = 0; i < layer_count(recorder); i++) {
        bool is_asked = copy.shared.layers[i].breaker.half_open > 0;
        asked |= (uint8_t)(is_asked << i);
    }
    return asked;
}

void record_next(const struct recorder *recorder, const struct place *place)
{
    const struct hypotheses *set = recorder->set;
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    struct effect when = when_sent(recorder, next, place->seen->early_ns);
    uint8_t all = UINT8_MAX, any = 0;
    for (int k = 0; k < set->count; k++) {
        if (hypotheses_waits(&set->items[k])) {
            uint8_t asked =
                breakers_asked(recorder, &set->items[k], next->head_ns);
            all &= asked;
            any |= asked;
        }
    }
    for (int i = 0; i < layer_count(recorder); i++) {
        if (any >> i & 1) {
            record_effect(recorder, all >> i & 1 ? EFFECT_SENT : EFFECT_GONE, i,
                          &when);
        }
    }
}

/* -- attempts end -----------------------------------------------------------
 */

/* What the end did to one layer, by all that may have gone on. */
struct change {
    int windows, clears;
    int64_t end_lo_ns, end_hi_ns;
    double cost_least, cost_most, refund_least, refund_most;
};

struct ending {
    const struct recorder *recorder;
    const struct place *place;
    const struct hypotheses_ending *event;
    uint8_t buckets; /* layers with tokens or the like, by bits */
    int ways;        /* that were looked at */
    struct change changes[PROFILE_LAYERS_MAX];
};

static struct hypothesis probe(const struct ending *ending,
                               const struct hypothesis *before, double u,
                               const struct hypotheses_given *given)
{
    struct hypothesis copy = *before;
    struct hypotheses_ending event = *ending->event;
    event.u = u;
    hypotheses_end_once(ending->recorder->set, &copy, &event, given);
    return copy;
}

/* With the least random number and with the greatest: which of them makes the
 * longer delay is the law's affair. */
static void note_windows(struct ending *ending, const struct hypothesis *least,
                         const struct hypothesis *most,
                         const struct hypothesis *bare)
{
    for (int i = 0; i < layer_count(ending->recorder); i++) {
        const struct retry_limiter *limiter = &least->shared.layers[i].limiter;
        struct change *change = &ending->changes[i];
        int64_t a_ns = limiter->until_ns;
        int64_t b_ns = most->shared.layers[i].limiter.until_ns;
        if (!limiter->is_closed) {
            change->clears += !bare->shared.layers[i].limiter.is_closed;
            continue;
        }
        change->windows++;
        change->end_lo_ns = units_min(change->end_lo_ns, units_min(a_ns, b_ns));
        change->end_hi_ns = units_max(change->end_hi_ns, units_max(a_ns, b_ns));
    }
}

/* How much a full bucket lost, while some of the others are empty. An empty one
 * lost nothing: either nobody tried again then, or another layer did. */
static void note_costs(struct ending *ending, const struct hypothesis *after,
                       uint8_t empty)
{
    bool is_last = ending->place->index + 1 == ending->place->call->count;
    bool is_retried = !is_last && after->action.kind == RETRY_WAIT;
    for (int i = 0; i < layer_count(ending->recorder); i++) {
        const struct token_bucket *policy =
            &layer_of(ending->recorder, i)->budget.tokens;
        struct change *change = &ending->changes[i];
        double cost = policy->capacity - after->shared.layers[i].tokens;
        bool is_retry_paid = policy->failures_cost == FAILURES_FREE;
        bool is_sure = !is_retry_paid || !is_last;
        if (!(empty >> i & 1)) {
            change->cost_least = fmin(change->cost_least, is_sure ? cost : 0);
            change->cost_most = fmax(change->cost_most, cost);
        } else if (is_retried && is_retry_paid) {
            change->cost_least = 0;
        }
    }
}

static void note_refunds(struct ending *ending, const struct hypothesis *bare)
{
    for (int i = 0; i < layer_count(ending->recorder); i++) {
        struct change *change = &ending->changes[i];
        double refund = bare->shared.layers[i].tokens;
        change->refund_least = fmin(change->refund_least, refund);
        change->refund_most = fmax(change->refund_most, refund);
    }
}

static bool may_be_resent(const struct ending *ending,
                          const struct hypothesis *before)
{
    const struct place *place = ending->place;
    const struct resend *resend = &place->judging->profile->resend;
    if (before->resends >= resend->limit ||
        !hypotheses_may_resend(resend, ending->event->outcome)) {
        return false;
    }
    return place->index + 1 == place->call->count ||
           hypotheses_came_at_once(
               place->judging, place->seen->at_ns,
               place->call->attempts[place->index + 1]->head_ns);
}

/* Then the layers of the profile know nothing of that end. */
static void note_resend(struct ending *ending)
{
    for (int i = 0; i < layer_count(ending->recorder); i++) {
        ending->changes[i].cost_least = 0;
        ending->changes[i].refund_least = 0;
    }
    ending->ways++;
}

/* Whichever buckets are empty. */
static void note_hypothesis(struct ending *ending,
                            const struct hypothesis *before)
{
    if (may_be_resent(ending, before)) {
        note_resend(ending);
    }
    struct hypothesis bare = probe(
        ending, before, 0,
        &(struct hypotheses_given){.held = UINT8_MAX, .empty = UINT8_MAX});
    struct hypotheses_given given = {0};
    note_refunds(ending, &bare);
    do {
        struct hypothesis least = probe(ending, before, 0, &given);
        struct hypothesis most = probe(ending, before, 1 - 0x1p-53, &given);
        note_windows(ending, &least, &most, &bare);
        note_costs(ending, &least, given.empty);
        given.empty =
            (uint8_t)((given.empty - ending->buckets) & ending->buckets);
        ending->ways++;
    } while (given.empty != 0);
}

/* -- what it comes to -------------------------------------------------------
 */

static void add_window(const struct ending *ending, int i,
                       const struct effect *when)
{
    const struct change *change = &ending->changes[i];
    int64_t at_ns = ending->place->seen->at_ns;
    if (!layer_of(ending->recorder, i)->rate_limiter.is_used) {
        return;
    }
    if (change->windows > 0) {
        struct effect *window =
            record_effect(ending->recorder, EFFECT_WINDOW, i, when);
        window->is_sure = change->windows == ending->ways;
        window->end_lo_ns = change->end_lo_ns - (at_ns - window->early_ns);
        window->end_hi_ns = change->end_hi_ns;
    }
    if (change->clears > 0) {
        record_effect(ending->recorder, EFFECT_CLEAR, i, when)->is_sure =
            change->clears == ending->ways;
    }
}

static void add_tokens(const struct ending *ending, int i,
                       const struct effect *when)
{
    const struct change *change = &ending->changes[i];
    if (!(ending->buckets >> i & 1)) {
        return;
    }
    if (change->cost_most > 0) {
        struct effect *cost =
            record_effect(ending->recorder, EFFECT_COST, i, when);
        cost->least = change->cost_least;
        cost->most = change->cost_most;
    }
    if (change->refund_most > 0) {
        struct effect *refund =
            record_effect(ending->recorder, EFFECT_REFUND, i, when);
        refund->least = change->refund_least;
        refund->most = change->refund_most;
    }
}

/* Whether its client gave up the attempt or it timed out, is not known if
 * nothing followed; nor whether a layer below saw a failure and sent it again.
 */
static enum effect_kind result_of(const struct place *place)
{
    const struct attempt_outcome *outcome = &place->seen->outcome;
    bool is_left = place->seen->is_left || place->seen->may_be_timeout;
    if (is_left && place->index + 1 == place->call->count) {
        return EFFECT_GONE;
    }
    if (outcome_is_success(outcome)) {
        return EFFECT_SUCCESS;
    }
    const struct resend *resend = &place->judging->profile->resend;
    return hypotheses_may_resend(resend, outcome) ? EFFECT_GONE
                                                  : EFFECT_FAILURE;
}

static void add_changes(const struct ending *ending)
{
    const struct recorder *recorder = ending->recorder;
    struct effect when = record_when_ended(recorder, ending->place);
    const struct retry_call *call = &recorder->set->items[0].call;
    for (int i = 0; i < layer_count(recorder); i++) {
        add_window(ending, i, &when);
        add_tokens(ending, i, &when);
        if (layer_of(recorder, i)->breaker.is_used && retry_call_has(call, i)) {
            record_effect(recorder, result_of(ending->place), i, &when);
        }
    }
}

void record_end(const struct recorder *recorder, const struct place *place)
{
    const struct hypotheses *set = recorder->set;
    struct hypotheses_room room;
    struct hypotheses_ending event = hypotheses_ending_of(
        set, place->call->attempts[place->index], place->seen, &room);
    struct ending ending = {
        .recorder = recorder, .place = place, .event = &event};
    for (int i = 0; i < layer_count(recorder); i++) {
        const struct budget *budget = &layer_of(recorder, i)->budget;
        bool may_refuse =
            budget->tokens.is_used || budget->allowance.kind != ALLOWANCE_NONE;
        ending.buckets |= (uint8_t)(may_refuse << i);
        ending.changes[i] = (struct change){
            .end_lo_ns = NS_FOREVER,
            .cost_least = INFINITY,
            .refund_least = INFINITY,
        };
    }
    for (int k = 0; k < set->count; k++) {
        note_hypothesis(&ending, &set->items[k]);
    }
    if (place->seen->may_be_timeout) {
        struct attempt_outcome timeout = hypotheses_timeout_of(&event);
        event.outcome = &timeout;
        for (int k = 0; k < set->count; k++) {
            note_hypothesis(&ending, &set->items[k]);
        }
    }
    add_changes(&ending);
}
