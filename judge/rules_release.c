#include "judge/rules_release.h"

#include <stdlib.h>

#include "client/retry.h"
#include "judge/evidence.h"
#include "judge/rules_slots.h"
#include "judge/starved.h"
#include "model/units.h"

/* What happens in a pool. A release stands before what it lets in. */
enum turn_kind { TURN_RELEASE, TURN_OVER, TURN_BEGIN, TURN_TAKE };

struct turn {
    int64_t at_ns;
    size_t pool;
    enum turn_kind kind;
    bool has_failed; /* RELEASE: of what was no success */
    size_t client;
    int64_t attempt;
};

/* One layer's slots, and who wants them. */
struct queue {
    const struct judging *judging;
    const struct layer *layer;
    struct turn *turns;
    size_t count;
    int64_t clients; /* of a pool */
    int64_t *over;   /* calls, by client */
};

/* Nothing but slots holds up a call that its caller has begun. */
static bool has_slots_only(const struct profile *profile)
{
    size_t with_slots = 0;
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        const struct slots *slots = &layer->slots;
        if (slots->byte_limit > 0 || slots->throttled_limit > 0 ||
            slots->ask_again.schedule != SCHEDULE_NONE ||
            layer->rate_limiter.is_used || layer->breaker.is_used ||
            layer->throttle.is_used) {
            return false;
        }
        with_slots += slots->limit > 0;
    }
    return with_slots == 1 && !profile->follow_up.path;
}

bool rules_release_is_final(const struct judging *judging,
                            const struct trace_attempt *attempt,
                            const struct seen *seen)
{
    char path[1024];
    const struct retry_request request = {
        .method = attempt->method,
        .path = calls_path(attempt, path, sizeof path),
        .body_bytes = attempt->body_size,
    };
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        const struct profile_rule *rule =
            layer_rule(&judging->profile->layers[i], &request, &seen->outcome);
        if (rule && rule->action != RULE_FAIL) {
            return false;
        }
    }
    return true;
}

/* Callers whose calls end at times that are not seen, such as that of a last
 * wait, tell nothing of who waits for a slot. */
static bool ends_are_seen(const struct judging *judging)
{
    for (size_t i = 0; i < judging->calls->count; i++) {
        const struct call *call = &judging->calls->items[i];
        const struct trace_attempt *last = call->attempts[call->count - 1];
        struct seen seen = seen_end(judging, last, TRACE_NEVER);
        if (!rules_release_is_final(judging, last, &seen)) {
            return false;
        }
    }
    return true;
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
    return (int)x->kind - (int)y->kind;
}

static void add(struct queue *queue, const struct call *call, size_t i,
                const struct turn *turn)
{
    struct turn *own = &queue->turns[queue->count++];
    *own = *turn;
    own->client = call->client;
    own->attempt = call->attempts[i]->id;
}

static void add_call(struct queue *queue, const struct call *call, size_t pool)
{
    const struct judging *judging = queue->judging;
    bool by_call = queue->layer->slots.held == SLOT_HELD_CALL;
    for (size_t i = 0; i < call->count; i++) {
        const struct trace_attempt *attempt = call->attempts[i];
        bool is_last = i + 1 == call->count;
        struct seen seen =
            seen_end(judging, attempt,
                     is_last ? TRACE_NEVER : call->attempts[i + 1]->head_ns);
        bool has_failed = seen.outcome.end != END_STATUS ||
                          seen.outcome.status < 200 ||
                          seen.outcome.status > 299;
        struct turn end = {.at_ns = seen.at_ns,
                           .pool = pool,
                           .kind = TURN_RELEASE,
                           .has_failed = has_failed};
        struct turn begin = {
            .at_ns = attempt->head_ns, .pool = pool, .kind = TURN_BEGIN};
        struct turn over = end, take = begin;
        over.kind = TURN_OVER;
        take.kind = TURN_TAKE;
        if (i == 0) {
            add(queue, call, i, &begin);
        }
        if (i == 0 || !by_call) {
            add(queue, call, i, &take);
        }
        if (seen.outcome.end == END_UNFINISHED) {
            return;
        }
        if (is_last || !by_call) {
            add(queue, call, i, &end);
        }
        if (is_last) {
            add(queue, call, i, &over);
        }
    }
}

static void report(const struct queue *queue, const struct turn *release,
                   int64_t held, int64_t next_ns)
{
    struct tally *tally = queue->judging->tally;
    struct finding *finding = tally_violate(tally, JUDGE_CC_2, false);
    if (!finding) {
        return;
    }
    finding->attempt = release->attempt;
    finding->expected = tally_text(
        tally,
        "a waiting call begun by %s: request #%lld gave its slot back at %s "
        "(late allowance %s, lag this run %.1f ms)",
        evidence_seconds(tally, release->at_ns + queue->judging->late_ns),
        (long long)release->attempt, evidence_seconds(tally, release->at_ns),
        evidence_seconds(tally, queue->judging->profile->tolerance.late_ns),
        (double)queue->judging->lag_ns / 1e6);
    finding->observed =
        tally_text(tally, "%lld of %lld slots were taken until %s",
                   (long long)held, (long long)queue->layer->slots.limit,
                   next_ns == NS_FOREVER ? "the end of the run"
                                         : evidence_seconds(tally, next_ns));
    finding->source = evidence_source(
        queue->judging, &(struct retry_action){.layer = queue->layer});
}

static int64_t next_take(const struct queue *queue, size_t index)
{
    for (size_t i = index + 1;
         i < queue->count && queue->turns[i].pool == queue->turns[index].pool;
         i++) {
        if (queue->turns[i].kind == TURN_TAKE) {
            return queue->turns[i].at_ns;
        }
    }
    return NS_FOREVER;
}

/* How a pool stands: slots, calls that have theirs, and calls in flight that
 * the callers of its clients keep up. */
struct state {
    int64_t held, begun, wanting;
};

static int64_t in_flight(const struct queue *queue, int64_t over)
{
    const struct workload *workload = &queue->judging->scenario->workload;
    return units_min(workload->calls - over, workload->concurrency);
}

static struct state at_first(const struct queue *queue)
{
    return (struct state){.wanting = queue->clients * in_flight(queue, 0)};
}

static void take_turn(const struct queue *queue, const struct turn *turn,
                      struct state *state)
{
    int64_t *over = &queue->over[turn->client];
    switch (turn->kind) {
    case TURN_TAKE:
        state->held++;
        break;
    case TURN_RELEASE:
        state->held--;
        break;
    case TURN_BEGIN:
        state->begun++;
        break;
    case TURN_OVER:
        state->begun--;
        state->wanting -= in_flight(queue, *over);
        state->wanting += in_flight(queue, ++*over);
        break;
    }
}

/* Whose attempts nobody let in may hold it, and wait to try again. */
static bool may_be_hidden(const struct judging *judging, int64_t until_ns)
{
    const struct spans *spans = judging->spans;
    return spans->count > 0 && spans->items[0].from_ns <= until_ns;
}

/* A slot is free, and calls wait that have not begun: one takes it. */
static void judge_free(const struct queue *queue, size_t release, size_t index,
                       const struct state *state)
{
    const struct judging *judging = queue->judging;
    const struct turn *turn = &queue->turns[release];
    if (state->held >= queue->layer->slots.limit ||
        state->wanting <= state->begun) {
        return;
    }
    int64_t due_ns = units_add(turn->at_ns, judging->late_ns);
    int64_t next_ns = next_take(queue, index);
    int64_t until_ns = next_ns;
    if (next_ns == NS_FOREVER) {
        until_ns = judging->stop_ns < judging->end_ns ? judging->stop_ns
                                                      : judging->end_ns;
    }
    if (may_be_hidden(judging, until_ns)) {
        return;
    }
    due_ns = units_add(due_ns, starved_between(judging, turn->at_ns, until_ns));
    if (turn->has_failed) {
        tally_exercise(judging->tally, JUDGE_CC_2);
    }
    if (until_ns > due_ns) {
        report(queue, turn, state->held, next_ns);
    }
}

static void sweep(const struct queue *queue)
{
    struct state state = at_first(queue);
    size_t release = SIZE_MAX;
    for (size_t i = 0; i < queue->count; i++) {
        const struct turn *turn = &queue->turns[i];
        if (i > 0 && turn->pool != turn[-1].pool) {
            state = at_first(queue);
            release = SIZE_MAX;
        }
        take_turn(queue, turn, &state);
        release = turn->kind == TURN_RELEASE ? i : release;
        bool is_settled = i + 1 == queue->count || turn[1].pool != turn->pool ||
                          turn[1].at_ns > turn->at_ns;
        if (is_settled && release != SIZE_MAX) {
            judge_free(queue, release, i, &state);
            release = SIZE_MAX;
        }
    }
}

static bool judge_layer(struct queue *queue, struct arena *scratch)
{
    const struct judging *judging = queue->judging;
    const struct workload *workload = &judging->scenario->workload;
    bool is_shared = rules_slots_is_shared(&queue->layer->slots);
    queue->clients = is_shared ? workload->clients : 1;
    if (queue->clients * workload->concurrency <= queue->layer->slots.limit) {
        return true;
    }
    queue->turns = arena_array(scratch,
                               judging->trace->attempt_count * 4 + 4 +
                                   judging->trace->conn_count * 4,
                               sizeof *queue->turns);
    queue->over =
        arena_array(scratch, judging->calls->client_count, sizeof *queue->over);
    if (!queue->turns || !queue->over) {
        return false;
    }
    for (size_t i = 0; i < judging->calls->count; i++) {
        const struct call *call = &judging->calls->items[i];
        add_call(queue, call, is_shared ? 0 : call->client);
    }
    qsort(queue->turns, queue->count, sizeof *queue->turns, by_time);
    sweep(queue);
    return true;
}

/* Is what layer i holds given back with each attempt, or with the call? A layer
 * further in that tries again does so within an attempt of layer i. */
static bool is_seen_whole(const struct profile *profile, size_t i)
{
    bool is_innermost = true;
    for (size_t inner = i + 1; inner < profile->layer_count; inner++) {
        const struct layer *layer = &profile->layers[inner];
        is_innermost &= layer->is_disabled || layer->rule_count == 0;
    }
    return rules_slots_last(profile, i) ||
           (profile->layers[i].slots.held == SLOT_HELD_ATTEMPT && is_innermost);
}

bool rules_release_judge(const struct judging *judging, struct arena *scratch)
{
    const struct profile *profile = judging->profile;
    if (!has_slots_only(profile) || calls_without_key(judging->calls) > 0 ||
        judging->scenario->workload.start_spread_ns > 0 ||
        !ends_are_seen(judging)) {
        return true;
    }
    for (size_t i = 0; i < profile->layer_count; i++) {
        struct queue queue = {.judging = judging, .layer = &profile->layers[i]};
        if (queue.layer->slots.limit > 0 && is_seen_whole(profile, i) &&
            !judge_layer(&queue, scratch)) {
            return false;
        }
    }
    return true;
}
