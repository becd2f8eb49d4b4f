#include "judge/rules_budget.h"

#include <stdlib.h>

#include "client/allowance.h"
#include "client/outcome.h"
#include "judge/evidence.h"
#include "judge/rules_rate.h"
#include "judge/rules_slots.h"
#include "judge/starved.h"
#include "model/units.h"

/* A retry counts from the time it was seen on: by then it had been permitted.
 * Of those that count at the same time one was permitted last, and it found all
 * the others. So there are never more of them than the profile lets be, in
 * whatever order they were permitted. */
struct turn {
    int64_t at_ns;
    int change;
    int64_t since_ns; /* begins to count: it was not permitted before */
    const struct call *call;
    size_t index; /* of the attempt */
};

/* The calls and the retries of one client. */
struct crowd {
    const struct judging *judging;
    const struct layer *layer;
    const struct allowance *policy;
    struct turn *turns;
    size_t turn_count, call_count;
    /* Of each call: it does not begin before the one, and has by the other.
     * Both ascend. */
    int64_t *from_ns, *by_ns;
};

/* -- where retries are counted for certain ----------------------------------
 */

/* Every retry is one that the rules of this layer asked for, and none else. */
static bool is_sole(const struct profile *profile, const struct layer *layer)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *other = &profile->layers[i];
        for (size_t k = 0; k < other->rule_count && !other->is_disabled; k++) {
            enum rule_do action = other->rules[k].action;
            bool is_free = action == RULE_POLL || action == RULE_START_OVER;
            if (is_free || (action == RULE_RETRY && other != layer)) {
                return false;
            }
        }
    }
    return !profile->follow_up.path;
}

/* May a call have begun long before its first attempt? */
static bool may_be_held_up(const struct profile *profile)
{
    bool may_be = false;
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        may_be |= layer->rate_limiter.is_used || layer->slots.limit > 0 ||
                  layer->slots.byte_limit > 0 ||
                  layer->slots.throttled_limit > 0;
    }
    return may_be;
}

/* -- what happened ----------------------------------------------------------
 */

/* What was counted goes away after nine slices of ten at the earliest, and
 * after twenty at the latest (client/window.h). */
static int64_t counts_until(const struct allowance *policy, int64_t since_ns)
{
    return policy->window_ns == NS_FOREVER
               ? NS_FOREVER
               : units_add(since_ns, policy->window_ns / 10 * 9);
}

static void add_retry(struct crowd *crowd, const struct call *call,
                      size_t index)
{
    const struct judging *judging = crowd->judging;
    const struct trace_attempt *attempt = call->attempts[index];
    struct seen last =
        seen_end(judging, call->attempts[index - 1], attempt->head_ns);
    int64_t since_ns = last.early_ns - judging->early_ns - judging->lag_ns;
    int64_t until_ns = counts_until(crowd->policy, since_ns);
    if (crowd->policy->kind == ALLOWANCE_CONCURRENT) {
        until_ns = rules_slots_free_from(judging, attempt);
    }
    bool is_counted = crowd->policy->kind != ALLOWANCE_FAILURES ||
                      !outcome_is_success(&last.outcome);
    if (is_counted && until_ns > attempt->head_ns) {
        struct turn turn = {attempt->head_ns, 1, since_ns, call, index};
        crowd->turns[crowd->turn_count++] = turn;
        turn.at_ns = until_ns;
        turn.change = -1;
        crowd->turns[crowd->turn_count++] = turn;
    }
}

static void add_call(struct crowd *crowd, const struct call *call)
{
    const struct judging *judging = crowd->judging;
    int64_t head_ns = call->attempts[0]->head_ns;
    crowd->by_ns[crowd->call_count] = head_ns;
    crowd->from_ns[crowd->call_count++] =
        may_be_held_up(judging->profile)
            ? 0
            : head_ns - judging->late_ns - starved_before(judging, head_ns);
    for (size_t i = 1; i < call->count; i++) {
        if (!rules_rate_may_be_resent(judging, call, i)) {
            add_retry(crowd, call, i);
        }
    }
}

static int by_time(const void *a, const void *b)
{
    const struct turn *x = a, *y = b;
    if (x->at_ns != y->at_ns) {
        return x->at_ns < y->at_ns ? -1 : 1;
    }
    return x->change - y->change; /* what is over comes first */
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void collect(struct crowd *crowd, const struct call *const *calls,
                    size_t count)
{
    char path[1024];
    crowd->turn_count = crowd->call_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct trace_attempt *first = calls[i]->attempts[0];
        if (layer_covers(crowd->layer, first->method,
                         calls_path(first, path, sizeof path))) {
            add_call(crowd, calls[i]);
        }
    }
    size_t size = sizeof(int64_t);
    qsort(crowd->turns, crowd->turn_count, sizeof *crowd->turns, by_time);
    qsort(crowd->from_ns, crowd->call_count, size, by_number);
    qsort(crowd->by_ns, crowd->call_count, size, by_number);
}

/* -- what the profile lets be -----------------------------------------------
 */

static int64_t count_by(const int64_t *times_ns, size_t count, int64_t at_ns)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (times_ns[middle] <= at_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (int64_t)low;
}

/* The most calls, or attempts in flight, that may have been counted when the
 * retry was permitted. Calls that sent nothing may have begun at any time. */
static int64_t most_counted(const struct crowd *crowd, const struct turn *retry)
{
    const struct workload *workload = &crowd->judging->scenario->workload;
    int64_t window_ns = crowd->policy->window_ns;
    size_t calls = crowd->call_count;
    if (crowd->policy->kind == ALLOWANCE_CONCURRENT) {
        return units_min(workload->concurrency, workload->calls);
    }
    int64_t begun = count_by(crowd->from_ns, calls, retry->at_ns);
    int64_t gone =
        window_ns > retry->since_ns
            ? 0
            : count_by(crowd->by_ns, calls, retry->since_ns - 2 * window_ns);
    int64_t unseen = workload->calls - (int64_t)calls;
    return begun - gone + units_max(unseen, 0);
}

static const char *what_is(enum allowance_kind kind, bool is_expected)
{
    if (kind == ALLOWANCE_FAILURES) {
        return is_expected ? "failures, or no retry" : "failures retried";
    }
    return kind == ALLOWANCE_CONCURRENT ? "retries in flight" : "retries";
}

static void report(const struct crowd *crowd, const struct turn *retry,
                   int64_t count, int64_t counted)
{
    const struct judging *judging = crowd->judging;
    struct tally *tally = judging->tally;
    struct place place = {.judging = judging, .call = retry->call};
    enum allowance_kind kind = crowd->policy->kind;
    struct finding *finding = tally_violate(tally, JUDGE_TB_1, false);
    if (!finding) {
        return;
    }
    finding->attempt = retry->call->attempts[retry->index]->id;
    finding->expected = tally_text(
        tally, "at most %lld %s, beside %lld %s",
        (long long)allowance_most(crowd->policy, counted), what_is(kind, true),
        (long long)counted,
        kind == ALLOWANCE_CONCURRENT ? "attempts in flight" : "calls");
    finding->observed = tally_text(tally, "%lld %s, the last of them %s at %s",
                                   (long long)count, what_is(kind, false),
                                   evidence_attempt(&place, retry->index),
                                   evidence_seconds(tally, retry->at_ns));
    finding->source =
        evidence_source(judging, &(struct retry_action){.layer = crowd->layer});
}

static void judge_client(const struct crowd *crowd)
{
    int64_t count = 0;
    for (size_t i = 0; i < crowd->turn_count; i++) {
        const struct turn *turn = &crowd->turns[i];
        count += turn->change;
        if (turn->change < 0) {
            continue;
        }
        int64_t counted = most_counted(crowd, turn);
        if (count > allowance_most(crowd->policy, counted)) {
            tally_exercise(crowd->judging->tally, JUDGE_TB_1);
            report(crowd, turn, count, counted);
        }
    }
}

static int by_client(const void *a, const void *b)
{
    const struct call *const *x = a, *const *y = b;
    return ((*x)->client > (*y)->client) - ((*x)->client < (*y)->client);
}

/* The calls of each client side by side. NULL without memory. */
static const struct call **sort_calls(const struct calls *calls,
                                      struct arena *scratch)
{
    const struct call **sorted =
        arena_array(scratch, calls->count + 1, sizeof(void *));
    for (size_t i = 0; sorted && i < calls->count; i++) {
        sorted[i] = &calls->items[i];
    }
    if (sorted) {
        qsort(sorted, calls->count, sizeof(void *), by_client);
    }
    return sorted;
}

static bool judge_layer(const struct judging *judging,
                        const struct layer *layer, struct arena *scratch)
{
    size_t count = judging->calls->count;
    size_t attempts =
        judging->trace->attempt_count + judging->trace->conn_count;
    const struct call **calls = sort_calls(judging->calls, scratch);
    struct crowd crowd = {
        .judging = judging,
        .layer = layer,
        .policy = &layer->budget.allowance,
        .turns = arena_array(scratch, attempts * 2 + 1, sizeof(struct turn)),
        .from_ns = arena_array(scratch, count + 1, sizeof(int64_t)),
        .by_ns = arena_array(scratch, count + 1, sizeof(int64_t)),
    };
    if (!calls || !crowd.turns || !crowd.from_ns || !crowd.by_ns) {
        return false;
    }
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && calls[next]->client == calls[i]->client;
             next++) {
        }
        collect(&crowd, &calls[i], next - i);
        judge_client(&crowd);
    }
    return true;
}

bool rules_budget_judge(const struct judging *judging, struct arena *scratch)
{
    const struct profile *profile = judging->profile;
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        bool is_limited = layer->budget.allowance.kind != ALLOWANCE_NONE &&
                          !layer->is_disabled;
        if (is_limited && is_sole(profile, layer) &&
            calls_without_key(judging->calls) == 0 &&
            !judge_layer(judging, layer, scratch)) {
            return false;
        }
    }
    return true;
}
