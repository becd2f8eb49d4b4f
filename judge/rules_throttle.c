#include "judge/rules_throttle.h"

#include <math.h>
#include <stdlib.h>

#include "client/retry.h"
#include "judge/crowd.h"
#include "judge/evidence.h"
#include "judge/rules_rate.h"
#include "judge/rules_release.h"
#include "judge/stats_tests.h"
#include "model/units.h"

/* An attempt that the throttle let pass. */
struct request {
    int64_t head_ns, since_ns; /* it passed between these */
    const struct call *call;
    size_t index;
};

/* The requests of one client, whatever the order in which they passed: the k-th
 * of them did by the k-th head, with at least k - 1 requests before it and at
 * most the accepts that were there by then. So its chance was no greater than
 * what that gives. */
struct stream {
    const struct judging *judging;
    const struct layer *layer;
    struct request *requests;
    int64_t *since_ns, *accepted_ns; /* ascending */
    size_t count, accepted;
    int64_t unsent;  /* calls of which nothing was seen */
    int64_t refused; /* requests that may have been held back: one a call, as
                        that ends it */
};

static void add_attempt(struct stream *stream, const struct call *call,
                        size_t index)
{
    const struct judging *judging = stream->judging;
    const struct trace_attempt *attempt = call->attempts[index];
    int64_t since_ns = crowd_begins(judging, call);
    if (index > 0) {
        since_ns =
            seen_end(judging, call->attempts[index - 1], attempt->head_ns)
                .early_ns;
    }
    if (rules_rate_may_be_resent(judging, call, index)) {
        return;
    }
    struct seen seen = seen_end(judging, attempt, TRACE_NEVER);
    stream->since_ns[stream->count] = since_ns;
    stream->requests[stream->count++] =
        (struct request){attempt->head_ns, since_ns, call, index};
    if (seen.outcome.end == END_STATUS &&
        !status_set_has(&stream->layer->throttle.rejected,
                        seen.outcome.status)) {
        stream->accepted_ns[stream->accepted++] = seen.early_ns;
    }
}

/* Was the call over with its last attempt, or might it have had another one? */
static bool is_played_out(const struct stream *stream, const struct call *call)
{
    const struct trace_attempt *last = call->attempts[call->count - 1];
    struct seen seen = seen_end(stream->judging, last, TRACE_NEVER);
    return (int64_t)call->count >= stream->layer->budget.attempts ||
           rules_release_is_final(stream->judging, last, &seen);
}

static int by_head(const void *a, const void *b)
{
    const struct request *x = a, *y = b;
    return (x->head_ns > y->head_ns) - (x->head_ns < y->head_ns);
}

static void collect(struct stream *stream, const struct call *const *calls,
                    size_t count)
{
    const struct workload *workload = &stream->judging->scenario->workload;
    stream->count = stream->accepted = 0;
    stream->unsent = units_max(workload->calls - (int64_t)count, 0);
    stream->refused = stream->unsent;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < calls[i]->count; k++) {
            add_attempt(stream, calls[i], k);
        }
        stream->refused += !is_played_out(stream, calls[i]);
    }
    qsort(stream->requests, stream->count, sizeof *stream->requests, by_head);
    crowd_sort(stream->since_ns, stream->count);
    crowd_sort(stream->accepted_ns, stream->accepted);
}

/* No less than the chance that the k-th request was held back. */
static double chance_of(const struct stream *stream, size_t k)
{
    const struct throttle *policy = &stream->layer->throttle;
    int64_t head_ns = stream->requests[k].head_ns;
    int64_t counted_ns = policy->window_ns == NS_FOREVER
                             ? INT64_MIN
                             : head_ns - policy->window_ns / 10 * 9;
    double before = (double)k;
    before -=
        (double)crowd_count_by(stream->since_ns, stream->count, counted_ns);
    double accepts =
        (double)crowd_count_by(stream->accepted_ns, stream->accepted, head_ns);
    return fmax(0, (before - policy->k * accepts) / (fmax(before, 0) + 1));
}

static void report(const struct stream *stream)
{
    const struct judging *judging = stream->judging;
    struct tally *tally = judging->tally;
    size_t last = stream->count - 1;
    const struct request *request = &stream->requests[last];
    char alarms[STATS_ALARMS_MAX];
    struct finding *finding = tally_violate(tally, JUDGE_TH_1, false);
    if (!finding) {
        return;
    }
    finding->attempt = request->call->attempts[request->index]->id;
    finding->expected = tally_text(
        tally,
        "requests held back, the last one with a chance of %.0f%% or more  "
        "(%s)",
        100 * chance_of(stream, last),
        stats_alarms(judging->alarm_rate, alarms));
    finding->observed = tally_text(tally, "%zu sent, at most %lld held back",
                                   stream->count, (long long)stream->refused);
    finding->source = evidence_source(
        judging, &(struct retry_action){.layer = stream->layer});
}

/* How much likelier it is, as a logarithm, that a client holds requests back
 * half as often as the profile says than that it does as it says: that this is
 * as large by chance is no likelier than its inverse (Markov). */
static double evidence_of(const struct stream *stream)
{
    double sum = -log(2) * (double)stream->refused;
    for (size_t k = 0; k < stream->count; k++) {
        double chance = chance_of(stream, k);
        sum += log((1 - chance / 2) / (1 - chance));
    }
    return sum;
}

static void judge_client(const struct stream *stream)
{
    const struct judging *judging = stream->judging;
    struct tally *tally = judging->tally;
    double rate = judging->alarm_rate / (double)judging->calls->client_count;
    if (stream->count == 0) {
        return;
    }
    if (evidence_of(stream) >= -log(rate)) {
        tally_exercise(tally, JUDGE_TH_1);
        report(stream);
    } else if (stream->unsent > 0 && judging->spans->count == 0) {
        tally_exercise(tally, JUDGE_TH_1);
    } else {
        tally_too_few(tally, JUDGE_TH_1,
                      "too few requests were turned away to tell whether the "
                      "throttle held others back");
    }
}

static bool judge_layer(const struct judging *judging,
                        const struct layer *layer, struct arena *scratch)
{
    size_t count = judging->calls->count, next;
    size_t attempts =
        judging->trace->attempt_count + judging->trace->conn_count + 1;
    const struct call **calls = crowd_calls(judging->calls, scratch);
    struct stream stream = {
        .judging = judging,
        .layer = layer,
        .requests = arena_array(scratch, attempts, sizeof(struct request)),
        .since_ns = arena_array(scratch, attempts, sizeof(int64_t)),
        .accepted_ns = arena_array(scratch, attempts, sizeof(int64_t)),
    };
    if (!calls || !stream.requests || !stream.since_ns || !stream.accepted_ns) {
        return false;
    }
    for (size_t i = 0; i < count; i = next) {
        next = crowd_next(calls, count, i);
        collect(&stream, &calls[i], next - i);
        judge_client(&stream);
    }
    return true;
}

bool rules_throttle_judge(const struct judging *judging, struct arena *scratch)
{
    const struct profile *profile = judging->profile;
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        if (layer->throttle.is_used && !layer->is_disabled &&
            crowd_is_sole(judging, layer) &&
            !judge_layer(judging, layer, scratch)) {
            return false;
        }
    }
    return true;
}
