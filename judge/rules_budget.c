#include "judge/rules_budget.h"

#include <stdlib.h>

#include "client/allowance.h"
#include "client/outcome.h"
#include "judge/crowd.h"
#include "judge/evidence.h"
#include "judge/rules_rate.h"
#include "judge/rules_slots.h"
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
struct client {
    const struct judging *judging;
    const struct layer *layer;
    const struct allowance *policy;
    struct turn *turns;
    size_t turn_count, call_count;
    /* Of each call: it does not begin before the one, and has by the other.
     * Both ascend. */
    int64_t *from_ns, *by_ns;
};

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

static void add_retry(struct client *client, const struct call *call,
                      size_t index)
{
    const struct judging *judging = client->judging;
    const struct trace_attempt *attempt = call->attempts[index];
    struct seen last =
        seen_end(judging, call->attempts[index - 1], attempt->head_ns);
    int64_t since_ns = last.early_ns - judging->early_ns - judging->lag_ns;
    int64_t until_ns = counts_until(client->policy, since_ns);
    if (client->policy->kind == ALLOWANCE_CONCURRENT) {
        until_ns = rules_slots_free_from(judging, attempt);
    }
    bool is_counted = client->policy->kind != ALLOWANCE_FAILURES ||
                      !outcome_is_success(&last.outcome);
    if (is_counted && until_ns > attempt->head_ns) {
        struct turn turn = {attempt->head_ns, 1, since_ns, call, index};
        client->turns[client->turn_count++] = turn;
        turn.at_ns = until_ns;
        turn.change = -1;
        client->turns[client->turn_count++] = turn;
    }
}

static void add_call(struct client *client, const struct call *call)
{
    const struct judging *judging = client->judging;
    client->from_ns[client->call_count] = crowd_begins(judging, call);
    client->by_ns[client->call_count++] = call->attempts[0]->head_ns;
    for (size_t i = 1; i < call->count; i++) {
        if (!rules_rate_may_be_resent(judging, call, i)) {
            add_retry(client, call, i);
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

static void collect(struct client *client, const struct call *const *calls,
                    size_t count)
{
    char path[1024];
    client->turn_count = client->call_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct trace_attempt *first = calls[i]->attempts[0];
        if (layer_covers(client->layer, first->method,
                         calls_path(first, path, sizeof path))) {
            add_call(client, calls[i]);
        }
    }
    qsort(client->turns, client->turn_count, sizeof *client->turns, by_time);
    crowd_sort(client->from_ns, client->call_count);
    crowd_sort(client->by_ns, client->call_count);
}

/* -- what the profile lets be -----------------------------------------------
 */

/* The most calls, or attempts in flight, that may have been counted when the
 * retry was permitted. Calls that sent nothing may have begun at any time. */
static int64_t most_counted(const struct client *client,
                            const struct turn *retry)
{
    const struct workload *workload = &client->judging->scenario->workload;
    int64_t window_ns = client->policy->window_ns;
    size_t calls = client->call_count;
    if (client->policy->kind == ALLOWANCE_CONCURRENT) {
        return units_min(workload->concurrency, workload->calls);
    }
    int64_t begun = crowd_count_by(client->from_ns, calls, retry->at_ns);
    int64_t gone = window_ns > retry->since_ns
                       ? 0
                       : crowd_count_by(client->by_ns, calls,
                                        retry->since_ns - 2 * window_ns);
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

static void report(const struct client *client, const struct turn *retry,
                   int64_t count, int64_t counted)
{
    const struct judging *judging = client->judging;
    struct tally *tally = judging->tally;
    struct place place = {.judging = judging, .call = retry->call};
    enum allowance_kind kind = client->policy->kind;
    struct finding *finding = tally_violate(tally, JUDGE_TB_1, false);
    if (!finding) {
        return;
    }
    finding->attempt = retry->call->attempts[retry->index]->id;
    finding->expected = tally_text(
        tally, "at most %lld %s, beside %lld %s",
        (long long)allowance_most(client->policy, counted), what_is(kind, true),
        (long long)counted,
        kind == ALLOWANCE_CONCURRENT ? "attempts in flight" : "calls");
    finding->observed = tally_text(tally, "%lld %s, the last of them %s at %s",
                                   (long long)count, what_is(kind, false),
                                   evidence_attempt(&place, retry->index),
                                   evidence_seconds(tally, retry->at_ns));
    finding->source = evidence_source(
        judging, &(struct retry_action){.layer = client->layer});
}

static void judge_client(const struct client *client)
{
    int64_t count = 0;
    for (size_t i = 0; i < client->turn_count; i++) {
        const struct turn *turn = &client->turns[i];
        count += turn->change;
        if (turn->change < 0) {
            continue;
        }
        int64_t counted = most_counted(client, turn);
        if (count > allowance_most(client->policy, counted)) {
            tally_exercise(client->judging->tally, JUDGE_TB_1);
            report(client, turn, count, counted);
        }
    }
}

static bool judge_layer(const struct judging *judging,
                        const struct layer *layer, struct arena *scratch)
{
    size_t count = judging->calls->count;
    size_t attempts =
        judging->trace->attempt_count + judging->trace->conn_count;
    const struct call **calls = crowd_calls(judging->calls, scratch);
    struct client client = {
        .judging = judging,
        .layer = layer,
        .policy = &layer->budget.allowance,
        .turns = arena_array(scratch, attempts * 2 + 1, sizeof(struct turn)),
        .from_ns = arena_array(scratch, count + 1, sizeof(int64_t)),
        .by_ns = arena_array(scratch, count + 1, sizeof(int64_t)),
    };
    if (!calls || !client.turns || !client.from_ns || !client.by_ns) {
        return false;
    }
    for (size_t i = 0, next; i < count; i = next) {
        next = crowd_next(calls, count, i);
        collect(&client, &calls[i], next - i);
        judge_client(&client);
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
        if (is_limited && crowd_is_sole(judging, layer) &&
            !judge_layer(judging, layer, scratch)) {
            return false;
        }
    }
    return true;
}
