#include "judge/rules_rate.h"

#include <math.h>
#include <stdlib.h>

#include "judge/effects.h"
#include "judge/evidence.h"
#include "judge/hypotheses_parts.h"
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

/* Perhaps a layer below the limiter sent it, that sends failures again. */
static bool may_be_resent(const struct judging *judging,
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
            if (!may_be_resent(judging, call, k) &&
                layer_covers(layer, attempt->method,
                             calls_path(attempt, path, sizeof path))) {
                sendings[count++] = (struct sending){
                    effects_pool(layer, call->client), call, k};
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
