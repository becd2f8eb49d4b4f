#include "judge/rules_rate.h"

#include <math.h>
#include <stdlib.h>

#include "judge/effects.h"
#include "judge/evidence.h"
#include "judge/hidden.h"
#include "judge/hypotheses_parts.h"
#include "judge/record_lost.h"
#include "judge/starved.h"
#include "model/units.h"

struct sending {
    size_t pool;
    const struct call *call;
    size_t index;
};

static const struct trace_attempt *attempt_of(const struct sending *sending)
{
    return sending->call->attempts[sending->index];
}

static int by_pool_and_time(const void *a, const void *b)
{
    const struct sending *x = a, *y = b;
    int64_t x_ns = attempt_of(x)->head_ns, y_ns = attempt_of(y)->head_ns;
    if (x->pool != y->pool) {
        return x->pool < y->pool ? -1 : 1;
    }
    return (x_ns > y_ns) - (x_ns < y_ns);
}

/* Behind another limiter attempts that kept the rate may bunch. */
static bool is_followed(const struct judging *judging, size_t outside)
{
    for (size_t i = outside + 1; i < judging->profile->layer_count; i++) {
        if (judging->profile->layers[i].rate_limiter.is_used) {
            return true;
        }
    }
    return false;
}

/* A retry of a layer further in passes this one's limiter no second time, so
 * that only first attempts are sure to: those and, without such a layer, all.
 */
static bool is_innermost(const struct judging *judging,
                         const struct layer *layer)
{
    return layer ==
           &judging->profile->layers[judging->profile->layer_count - 1];
}

bool rules_rate_may_be_resent(const struct judging *judging,
                              const struct call *call, size_t index)
{
    if (index == 0) {
        return false;
    }
    int64_t head_ns = call->attempts[index]->head_ns;
    struct seen last = seen_end(judging, call->attempts[index - 1], head_ns);
    return hypotheses_may_resend(&judging->profile->resend, &last.outcome) &&
           hypotheses_came_at_once(judging, last.at_ns, head_ns);
}

/* How long a layer inside of this one may wait after an end of that set, by
 * bits 1 << enum attempt_end; -1: it does not try again. */
static int64_t longest_retry(const struct judging *judging,
                             const struct layer *outside, uint32_t ends)
{
    const struct profile *profile = judging->profile;
    int64_t longest_ns = -1;
    for (const struct layer *layer = outside + 1;
         layer < &profile->layers[profile->layer_count]; layer++) {
        for (size_t i = 0; !layer->is_disabled && i < layer->rule_count; i++) {
            if (layer->rules[i].on.ends & ends) {
                longest_ns = units_max(
                    longest_ns, record_lost_longest_delay(&layer->rules[i]));
            }
        }
    }
    return longest_ns;
}

/* Is what met the span over by `at_ns`, with a wait of that length? */
static bool is_over(const struct judging *judging, const struct span *span,
                    int64_t wait_ns, int64_t at_ns)
{
    int64_t slack_ns = units_add(wait_ns, judging->late_ns);
    return wait_ns < 0 || units_add(hidden_over_by(span), slack_ns) < at_ns;
}

/* So many spans before an attempt are looked at. */
enum { SPANS_MAX = 64 };

/* Perhaps the first attempt of the call, the one that passed the limiter, left
 * no trace, and this is a retry of it by a layer further in. */
static bool may_follow_unseen(const struct judging *judging,
                              const struct layer *layer,
                              const struct sending *first)
{
    const struct spans *spans = judging->spans;
    int64_t head_ns = attempt_of(first)->head_ns;
    int64_t longest_ns = longest_retry(judging, layer, UINT32_MAX);
    size_t begun = spans_begun(spans, head_ns);
    for (size_t i = begun; i-- > 0;) {
        const struct span *span = &spans->items[i];
        const struct span last = {.to_ns = spans->last_ns[i],
                                  .end = END_UNREACHABLE};
        int64_t wait_ns =
            longest_retry(judging, layer, UINT32_C(1) << span->end);
        bool is_met = !span->is_stale || span->client == first->call->client;
        if (is_over(judging, &last, longest_ns, head_ns)) {
            return false;
        }
        if (begun - i > SPANS_MAX ||
            (is_met && !is_over(judging, span, wait_ns, head_ns))) {
            return true;
        }
    }
    return false;
}

/* Is it sure that it passed the limiter as it was sent? */
static bool has_passed(const struct judging *judging, const struct layer *layer,
                       const struct sending *sending)
{
    return !rules_rate_may_be_resent(judging, sending->call, sending->index) &&
           (is_innermost(judging, layer) ||
            !may_follow_unseen(judging, layer, sending));
}

static size_t collect(const struct judging *judging, const struct layer *layer,
                      struct sending *sendings)
{
    size_t count = 0;
    char path[1024];
    for (size_t i = 0; i < judging->calls->count; i++) {
        const struct call *call = &judging->calls->items[i];
        size_t most = is_innermost(judging, layer) ? call->count : 1;
        for (size_t k = 0; k < most; k++) {
            const struct trace_attempt *attempt = call->attempts[k];
            const struct sending sending = {effects_pool(layer, call->client),
                                            call, k};
            if (has_passed(judging, layer, &sending) &&
                layer_covers(layer, attempt->method,
                             calls_path(attempt, path, sizeof path))) {
                sendings[count++] = sending;
            }
        }
    }
    return count;
}

static void report(const struct judging *judging, const struct layer *layer,
                   const struct sending *sending, int64_t due_ns)
{
    struct tally *tally = judging->tally;
    struct place place = {.judging = judging, .call = sending->call};
    struct finding *finding = tally_violate(tally, JUDGE_RL_3, false);
    if (!finding) {
        return;
    }
    finding->attempt = attempt_of(sending)->id;
    finding->expected =
        tally_text(tally, "no attempt before %s  (%g a second, %g at once)",
                   evidence_seconds(tally, due_ns),
                   layer->rate_limiter.per_second, layer->rate_limiter.burst);
    finding->observed = tally_text(
        tally, "%s came at %s", evidence_attempt(&place, sending->index),
        evidence_seconds(tally, attempt_of(sending)->head_ns));
    finding->source =
        evidence_source(judging, &(struct retry_action){.layer = layer});
}

/* Each token is there an interval after the one before it, but a full bucket
 * holds `burst` of them. What we see may have been sent earlier by the late
 * tolerance, so that attempts may seem so much closer than they were. */
static void judge_layer(const struct judging *judging,
                        const struct layer *layer,
                        const struct sending *sendings, size_t count)
{
    double burst = fmax(layer->rate_limiter.burst, 1);
    int64_t interval_ns =
        llround((double)NS_PER_S / layer->rate_limiter.per_second);
    int64_t stock_ns = llround((burst - 1) * (double)interval_ns);
    int64_t slack_ns = judging->early_ns + judging->late_ns;
    int64_t next_ns = INT64_MIN / 2;
    for (size_t i = 0; i < count; i++) {
        int64_t head_ns = attempt_of(&sendings[i])->head_ns;
        if (i > 0 && sendings[i].pool != sendings[i - 1].pool) {
            next_ns = INT64_MIN / 2;
        }
        if (spans_may_have_stalled(judging->spans, head_ns)) {
            continue;
        }
        int64_t due_ns = next_ns - stock_ns;
        if (due_ns > head_ns - interval_ns) {
            tally_exercise(judging->tally, JUDGE_RL_3);
        }
        if (i > 0) {
            int64_t last_ns = attempt_of(&sendings[i - 1])->head_ns;
            due_ns -= starved_before(judging, last_ns);
        }
        if (due_ns - slack_ns > head_ns) {
            report(judging, layer, &sendings[i], due_ns);
            next_ns = head_ns; /* one cause, one finding */
        }
        next_ns = (next_ns > head_ns ? next_ns : head_ns) + interval_ns;
    }
}

bool rules_rate_judge(const struct judging *judging, struct arena *scratch)
{
    size_t most =
        judging->trace->attempt_count + judging->trace->conn_count + 1;
    struct sending *sendings = NULL;
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        const struct layer *layer = &judging->profile->layers[i];
        if (!layer->rate_limiter.is_used ||
            layer->rate_limiter.per_second <= 0 || is_followed(judging, i)) {
            continue;
        }
        if (!sendings) {
            sendings = arena_array(scratch, most, sizeof *sendings);
        }
        if (!sendings) {
            return false;
        }
        size_t count = collect(judging, layer, sendings);
        qsort(sendings, count, sizeof *sendings, by_pool_and_time);
        judge_layer(judging, layer, sendings, count);
    }
    return true;
}
