#include "judge/stats_samples.h"

#include <stdlib.h>
#include <string.h>

#include "judge/gates.h"
#include "judge/rules_slots.h"
#include "judge/stats_law.h"
#include "model/units.h"

const int64_t stats_herd_ns[STATS_HERD_WIDTHS] = {20 * NS_PER_MS,
                                                  100 * NS_PER_MS};

static const int parts[STATS_WIDTHS] = {
#define X(constant, part, likely) [constant] = (part),
    STATS_WIDTH_LIST(X)
#undef X
};

/* Laws of a run that are looked at in turn: those of the first retries. */
enum { LAWS_KEPT = 16 };

struct kept_law {
    struct stats_law table;
    double within[STATS_WIDTHS], near, herd[STATS_HERD_WIDTHS];
    double half_on_time, near_on_time;
};

struct stats_samples {
    struct stats_sample *items;
    size_t count, size;
    struct kept_law laws[LAWS_KEPT];
    int law_count, next_law;
};

struct stats_samples *stats_samples_create(size_t attempts, struct arena *arena)
{
    struct stats_samples *samples = arena_array(arena, 1, sizeof *samples);
    if (!samples) {
        return NULL;
    }
    samples->size = attempts < STATS_SAMPLES_MAX ? attempts : STATS_SAMPLES_MAX;
    samples->items =
        arena_array(arena, samples->size + 1, sizeof *samples->items);
    return samples->items ? samples : NULL;
}

struct stats_sample *stats_samples_all(struct stats_samples *samples,
                                       size_t *count)
{
    *count = samples->count;
    return samples->items;
}

/* -- what is kept ---------------------------------------------------------- */

/* Limiters, circuits and throttles of all calls decide when, and whether, it
 * comes. */
static bool has_shared_gate(const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        bool closes = layer->rate_limiter.per_second > 0;
        for (size_t k = 0; k < layer->rule_count; k++) {
            closes |= layer->rules[k].closes_limiter && !layer->is_disabled;
        }
        if (closes || layer->breaker.is_used || layer->throttle.is_used) {
            return true;
        }
    }
    return false;
}

static bool may_queue(const struct judging *judging)
{
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        if (!rules_slots_last(judging->profile, i) &&
            rules_slots_may_queue(judging, i)) {
            return true;
        }
    }
    return false;
}

static bool meets_span(const struct spans *spans, int64_t from_ns,
                       int64_t to_ns)
{
    for (size_t i = 0; i < spans->count; i++) {
        if (spans->items[i].from_ns <= to_ns &&
            spans->items[i].to_ns >= from_ns) {
            return true;
        }
    }
    return false;
}

/* A law with memory goes on from the delay that the client had drawn; what was
 * seen of that is later by an unknown bit. */
static bool is_known(const struct delay_law *law)
{
    return !law->backoff || law->backoff->jitter != JITTER_DECORRELATED ||
           law->previous_ns == 0;
}

/* Would it have been seen, however long it was? */
static bool is_always_seen(const struct hypotheses *set,
                           const struct place *place,
                           const struct delay_range *reach)
{
    const struct judging *judging = set->judging;
    const struct trace *trace = judging->trace;
    int64_t latest_ns = units_add(reach->max_ns, judging->late_ns);
    bool is_whole = trace->complete && !trace->interrupted;
    return place->call->give_up_ns > latest_ns &&
           judging->stop_ns > latest_ns &&
           (is_whole || judging->end_ns > latest_ns) &&
           !meets_span(judging->spans, reach->min_ns - judging->early_ns,
                       latest_ns) &&
           (!set->is_timed ||
            hypotheses_ask(set, &set->items[0], latest_ns).kind != RETRY_DONE);
}

bool stats_samples_fits(const struct hypotheses *set, const struct place *place)
{
    const struct judging *judging = set->judging;
    const struct hypothesis *only = &set->items[0];
    if (!judging->samples || judging->tally->is_silent || set->count != 1 ||
        only->action.kind != RETRY_WAIT ||
        only->action.wait_kind == WAIT_LIMITER || only->is_resend ||
        only->hidden > 0 || only->is_stalled || only->action.is_never) {
        return false;
    }
    struct delay_range law = backoff_range(&only->action.law);
    struct delay_range reach = hypotheses_reach(only);
    return law.max_ns > law.min_ns && is_known(&only->action.law) &&
           reach.max_ns != NS_FOREVER &&
           only->from_hi_ns - only->from_lo_ns <= judging->early_ns &&
           !hypotheses_waits_for_date(&only->action) &&
           !has_shared_gate(judging->profile) && !may_queue(judging) &&
           is_always_seen(set, place, &reach);
}

/* -- what is known of it --------------------------------------------------- */

static void fill_law(struct kept_law *kept, const struct delay_law *law,
                     const struct judging *judging)
{
    stats_law_init(&kept->table, law);
    const int64_t *quantiles = kept->table.quantiles;
    int64_t width_ns = quantiles[STATS_LAW_STEPS] - quantiles[0];
    /* Timers tick, and a machine that stands still lets many go at once. */
    int64_t grain_ns = judging->early_ns + judging->lag_ns;
    for (int i = 0; i < STATS_WIDTHS; i++) {
        kept->within[i] =
            stats_law_within(&kept->table, width_ns / parts[i] + grain_ns);
    }
    for (int i = 0; i < STATS_HERD_WIDTHS; i++) {
        kept->herd[i] =
            stats_law_within(&kept->table, stats_herd_ns[i] + judging->lag_ns);
    }
    kept->near = stats_law_within(&kept->table,
                                  2 * STATS_COINCIDENCE_NS + judging->lag_ns);
    kept->half_on_time =
        stats_law_within(&kept->table, width_ns / 2 + judging->early_ns);
    kept->near_on_time =
        stats_law_within(&kept->table, 2 * STATS_COINCIDENCE_NS);
}

static const struct kept_law *law_of(struct stats_samples *samples,
                                     const struct delay_law *law,
                                     const struct judging *judging)
{
    for (int i = 0; i < samples->law_count; i++) {
        if (stats_law_is(&samples->laws[i].table, law)) {
            return &samples->laws[i];
        }
    }
    struct kept_law *kept = &samples->laws[samples->next_law];
    samples->next_law = (samples->next_law + 1) % LAWS_KEPT;
    samples->law_count += samples->law_count < LAWS_KEPT;
    fill_law(kept, law, judging);
    return kept;
}

static int64_t number_of(const char *key)
{
    const char *last = strrchr(key, '-');
    return strncmp(key, "rs-", 3) == 0 && last > key + 2
               ? strtoll(last + 1, NULL, 10)
               : -1;
}

void stats_samples_add(struct stats_samples *samples,
                       const struct hypothesis *hypothesis,
                       const struct place *place, bool is_starved)
{
    const struct judging *judging = place->judging;
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    if (samples->count == samples->size) {
        return;
    }
    const struct kept_law *kept =
        law_of(samples, &hypothesis->action.law, judging);
    int64_t min_ns = kept->table.quantiles[0];
    int64_t max_ns = kept->table.quantiles[STATS_LAW_STEPS];
    int64_t shortest_ns =
        next->head_ns - hypothesis->from_hi_ns - judging->late_ns;
    int64_t longest_ns =
        next->head_ns - hypothesis->from_lo_ns + judging->early_ns;
    struct stats_sample *sample = &samples->items[samples->count++];
    *sample = (struct stats_sample){
        .lower = stats_law_below(&kept->table, shortest_ns),
        .upper = stats_law_at_most(&kept->table, longest_ns),
        .delay_ns = next->head_ns - hypothesis->from_hi_ns,
        .near = kept->near,
        .half_on_time = kept->half_on_time,
        .near_on_time = kept->near_on_time,
        .is_starved = is_starved,
        .head_ns = next->head_ns,
        .first_ns = hypothesis->from_lo_ns + min_ns - judging->early_ns,
        .last_ns = hypothesis->from_hi_ns + max_ns + judging->late_ns,
        .attempt = next->id,
        .call = place->call,
        .number = number_of(place->call->key),
        .index = place->index + 1,
    };
    sample->position =
        (double)(sample->delay_ns - min_ns) / (double)(max_ns - min_ns);
    memcpy(sample->within, kept->within, sizeof sample->within);
    memcpy(sample->herd, kept->herd, sizeof sample->herd);
}
