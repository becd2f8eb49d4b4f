#include "judge/replay.h"

#include <math.h>

#include "judge/seen.h"
#include "model/units.h"

/* The effect of none. */
static const size_t NO_ATTEMPT = SIZE_MAX;

/* One call on its way through the engine. */
struct replay {
    const struct judging *judging;
    const struct progress_lines *progress;
    const struct call *call;
    struct effects *effects;
    struct retry_call state;
    struct retry_shared shared;
    char path[1024];
    uint8_t checked; /* layers whose breaker the coming attempt asks */
};

/* An attempt that was never read is none of the trace's. */
static size_t index_of(const struct replay *replay,
                       const struct trace_attempt *attempt)
{
    return attempt->id > 0
               ? (size_t)(attempt - replay->judging->trace->attempts)
               : NO_ATTEMPT;
}

/* -- probes: a step on a copy, with the shared state as asked ---------------
 */

struct probe {
    struct retry_call call;
    struct retry_shared shared;
    struct retry_action action;
};

static void probe_init(const struct replay *replay, struct probe *probe)
{
    probe->call = replay->state;
    probe->shared = replay->shared;
    probe->call.shared = &probe->shared;
    effects_open(&probe->shared);
}

static void probe_step(const struct replay *replay, struct probe *probe,
                       const struct retry_event *event)
{
    progress_apply(replay->progress, replay->call->client, event->now_ns,
                   &probe->shared);
    probe->action = retry_step(&probe->call, event);
}

static void keep(struct replay *replay, const struct probe *probe)
{
    replay->state = probe->call;
    replay->shared = probe->shared;
    replay->state.shared = &replay->shared;
}

/* Layers whose breaker lets an attempt pass in this step: one that is half open
 * counts it. */
static uint8_t breakers_asked(const struct replay *replay,
                              const struct retry_event *event)
{
    struct probe probe;
    uint8_t asked = 0;
    probe_init(replay, &probe);
    for (int i = 0; i < replay->state.layer_count; i++) {
        probe.shared.layers[i].breaker.state = BREAKER_HALF_OPEN;
    }
    probe_step(replay, &probe, event);
    for (int i = 0; i < replay->state.layer_count; i++) {
        bool is_asked = probe.shared.layers[i].breaker.half_open > 0;
        asked |= (uint8_t)(is_asked << i);
    }
    return asked;
}

static struct effect *add(struct replay *replay, enum effect_kind kind,
                          int layer, const struct effect *when)
{
    struct effect *effect = &replay->effects->items[replay->effects->count++];
    *effect = *when;
    effect->kind = kind;
    effect->layer = layer;
    effect->pool = kind <= EFFECT_CLEAR
                       ? effects_pool(retry_layer(&replay->state, layer),
                                      replay->call->client)
                       : replay->call->client;
    return effect;
}

/* -- the start of a call and of its attempts --------------------------------
 */

/* A call may have started long before its first attempt if a limiter held that
 * up. */
static struct effect when_started(const struct replay *replay,
                                  const struct trace_attempt *first)
{
    bool may_be_old = false;
    for (int i = 0; i < replay->state.layer_count; i++) {
        may_be_old |= retry_layer(&replay->state, i)->rate_limiter.is_used;
    }
    struct effect when = {
        .index = NO_ATTEMPT,
        .from_ns = may_be_old ? 0 : first->head_ns - replay->judging->late_ns,
        .to_ns = first->head_ns,
        .late_ns = first->head_ns,
    };
    if (replay->effects->is_serial) {
        when.from_ns = when.to_ns;
    }
    return when;
}

/* What a call brings when it starts (token_bucket.per_call). */
static void add_start(struct replay *replay, const struct trace_attempt *first)
{
    struct effect when = when_started(replay, first);
    for (int i = 0; i < replay->state.layer_count; i++) {
        const struct layer *layer = retry_layer(&replay->state, i);
        const struct token_bucket *tokens = &layer->budget.tokens;
        bool is_covered =
            (replay->state.covers[0] | replay->state.covers[1]) >> i & 1;
        if (is_covered && tokens->is_used && !layer->is_disabled &&
            tokens->per_call > 0) {
            struct effect *refund = add(replay, EFFECT_REFUND, i, &when);
            refund->least = refund->most = tokens->per_call;
        }
    }
}

static bool begin(struct replay *replay, const struct trace_attempt *first)
{
    struct probe probe;
    struct retry_event event = {.kind = RETRY_START, .now_ns = first->head_ns};
    retry_shared_init(&replay->shared, replay->judging->profile,
                      first->head_ns);
    retry_call_init(
        &replay->state, &replay->shared,
        &(struct retry_request){
            .method = first->method,
            .path = calls_path(first, replay->path, sizeof replay->path),
            .body_bytes = first->body_size,
        });
    replay->checked = breakers_asked(replay, &event);
    probe_init(replay, &probe);
    probe_step(replay, &probe, &event);
    keep(replay, &probe);
    add_start(replay, first);
    return probe.action.kind == RETRY_SEND;
}

/* The attempt was seen. False: the engine does not get there. */
static bool go_on(struct replay *replay, const struct trace_attempt *attempt)
{
    if (replay->state.phase == RETRY_PHASE_NEW ||
        replay->state.phase == RETRY_PHASE_DONE) {
        return begin(replay, attempt);
    }
    if (replay->state.phase == RETRY_PHASE_SENDING) {
        return true; /* the follow-up, sent at once */
    }
    struct probe probe;
    int64_t since_ns = replay->state.wait_from_ns;
    struct retry_event event = {
        .kind = RETRY_SENT,
        .now_ns = attempt->head_ns > since_ns ? attempt->head_ns : since_ns,
    };
    replay->checked = breakers_asked(replay, &event);
    probe_init(replay, &probe);
    probe_step(replay, &probe, &event);
    keep(replay, &probe);
    return probe.action.kind == RETRY_SEND;
}

static void add_sent(struct replay *replay, const struct trace_attempt *attempt,
                     int64_t not_before_ns)
{
    int64_t from_ns = attempt->head_ns - replay->judging->late_ns;
    struct effect when = {
        .attempt = attempt->id,
        .index = index_of(replay, attempt),
        .from_ns = from_ns > not_before_ns ? from_ns : not_before_ns,
        .to_ns = attempt->head_ns,
        .late_ns = attempt->head_ns,
    };
    if (replay->effects->is_serial) {
        when.from_ns = when.to_ns;
    }
    for (int i = 0; i < replay->state.layer_count; i++) {
        if (replay->checked >> i & 1) {
            add(replay, EFFECT_SENT, i, &when);
        }
    }
}

/* -- the end of an attempt --------------------------------------------------
 */

/* What the end did, at either end of what the law may draw, and to a bucket
 * that is empty and a limiter that is closed. */
struct ending {
    struct probe low, high, bare;
    struct effect when;
    int64_t at_ns;
    bool is_retried, is_last, is_left;
};

static void add_window(struct replay *replay, const struct ending *ending,
                       int i)
{
    const struct retry_limiter *low = &ending->low.shared.layers[i].limiter;
    const struct retry_limiter *high = &ending->high.shared.layers[i].limiter;
    if (low->is_closed) {
        struct effect *window = add(replay, EFFECT_WINDOW, i, &ending->when);
        window->end_lo_ns = low->until_ns - (ending->at_ns - window->early_ns);
        window->end_hi_ns = high->until_ns;
    } else if (retry_layer(&replay->state, i)->rate_limiter.is_used &&
               !ending->bare.shared.layers[i].limiter.is_closed) {
        add(replay, EFFECT_CLEAR, i, &ending->when);
    }
}

static void add_tokens(struct replay *replay, const struct ending *ending,
                       int i)
{
    const struct token_bucket *policy =
        &retry_layer(&replay->state, i)->budget.tokens;
    double cost = policy->capacity - ending->low.shared.layers[i].tokens;
    double refund = ending->bare.shared.layers[i].tokens;
    if (!policy->is_used) {
        return;
    }
    /* Retried although the replay was over: by whom is not known. */
    bool is_odd = !ending->is_last && ending->low.action.kind == RETRY_DONE;
    if (cost > 0 || is_odd) {
        struct effect *effect = add(replay, EFFECT_COST, i, &ending->when);
        bool is_sure = policy->failures_cost || ending->is_retried;
        effect->least = is_sure ? cost : 0;
        effect->most = is_odd ? fmax(policy->cost, policy->timeout_cost) : cost;
    } else if (refund > 0) {
        struct effect *effect = add(replay, EFFECT_REFUND, i, &ending->when);
        effect->least = effect->most = refund;
    }
}

/* Whether its client gave up the attempt or it timed out, is not known if
 * nothing followed. */
static enum effect_kind result_of(const struct ending *ending,
                                  const struct retry_breaker *breaker)
{
    if (ending->is_left && ending->is_last) {
        return EFFECT_GONE;
    }
    return breaker->failures > 0 || breaker->state != BREAKER_CLOSED
               ? EFFECT_FAILURE
               : EFFECT_SUCCESS;
}

static void add_breaker(struct replay *replay, const struct ending *ending,
                        int i)
{
    if (retry_layer(&replay->state, i)->breaker.is_used &&
        retry_call_has(&replay->state, i)) {
        add(replay, result_of(ending, &ending->low.shared.layers[i].breaker), i,
            &ending->when);
    }
}

static void close_all(struct retry_shared *shared)
{
    for (size_t i = 0; i < shared->profile->layer_count; i++) {
        shared->layers[i].tokens = 0;
        shared->layers[i].limiter.is_closed = true;
        shared->layers[i].limiter.until_ns = NS_FOREVER;
    }
}

static void run_probes(const struct replay *replay, struct ending *ending,
                       struct retry_event *event)
{
    event->u = 0;
    probe_init(replay, &ending->low);
    probe_step(replay, &ending->low, event);
    event->u = 1 - 0x1p-53;
    probe_init(replay, &ending->high);
    probe_step(replay, &ending->high, event);
    event->u = 0;
    probe_init(replay, &ending->bare);
    close_all(&ending->bare.shared);
    probe_step(replay, &ending->bare, event);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct effect when_ended(const struct replay *replay,
                                const struct trace_attempt *attempt,
                                const struct seen *seen, int64_t next_ns)
{
    const struct judging *judging = replay->judging;
    int64_t slack_ns = seen->is_left ? judging->early_ns + judging->lag_ns : 0;
    struct effect when = {
        .attempt = attempt->id,
        .index = index_of(replay, attempt),
        .from_ns = seen->early_ns - slack_ns,
        .early_ns = seen->early_ns - slack_ns,
        .late_ns = units_add(seen->at_ns, judging->late_ns),
    };
    when.to_ns = sooner(when.late_ns, next_ns);
    if (replay->effects->is_serial) {
        when.from_ns = when.to_ns = seen->at_ns;
    }
    return when;
}

static void end(struct replay *replay, const struct trace_attempt *attempt,
                const struct seen *seen, int64_t next_ns)
{
    struct ending ending = {
        .when = when_ended(replay, attempt, seen, next_ns),
        .is_last = next_ns == NS_FOREVER,
        .is_left = seen->is_left,
        .is_retried =
            next_ns != NS_FOREVER && !replay->judging->profile->resend.is_used,
    };
    struct attempt_outcome outcome = seen->outcome;
    struct seen_headers room;
    outcome.headers = seen_headers(replay->judging, attempt, &room);
    int64_t at_ns = seen->at_ns;
    if (at_ns < replay->state.attempt_started_ns) {
        at_ns = replay->state.attempt_started_ns;
    }
    ending.at_ns = at_ns;
    struct retry_event event = {
        .kind = RETRY_ENDED,
        .now_ns = at_ns,
        .wall_ns = seen_wall(replay->judging, attempt, at_ns),
        .outcome = &outcome,
    };
    run_probes(replay, &ending, &event);
    for (int i = 0; i < replay->state.layer_count; i++) {
        add_window(replay, &ending, i);
        add_tokens(replay, &ending, i);
        add_breaker(replay, &ending, i);
    }
    replay->checked = breakers_asked(replay, &event); /* of a follow-up */
    keep(replay, &ending.low);
}

/* -- one call, all calls ----------------------------------------------------
 */

void replay_call(const struct judging *judging,
                 const struct progress_lines *progress, const struct call *call,
                 struct effects *effects)
{
    struct replay all = {.judging = judging,
                         .progress = progress,
                         .call = call,
                         .effects = effects};
    struct replay *replay = &all;
    int64_t last_end_ns = 0;
    for (size_t i = 0; i < call->count; i++) {
        const struct trace_attempt *attempt = call->attempts[i];
        const struct trace_attempt *next =
            i + 1 < call->count ? call->attempts[i + 1] : NULL;
        struct seen seen = seen_end(replay->judging, attempt,
                                    next ? next->head_ns : TRACE_NEVER);
        if (!go_on(replay, attempt)) {
            return;
        }
        add_sent(replay, attempt, last_end_ns);
        if (seen.outcome.end == END_UNFINISHED) {
            return;
        }
        end(replay, attempt, &seen, next ? next->head_ns : NS_FOREVER);
        last_end_ns = seen.early_ns;
    }
}
