#include "judge/hypotheses.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "judge/gates.h"
#include "judge/held.h"
#include "judge/hidden.h"
#include "judge/hypotheses_parts.h"
#include "judge/resent.h"
#include "judge/rules_slots.h"
#include "judge/starved.h"
#include "model/units.h"

/* Has the layer a budget of time that a run of that length can spend, if need
 * be with a delay that never came? */
static bool layer_is_aged(const struct layer *layer, int64_t run_ns)
{
    bool counts_delay = layer->budget.elapsed_test == ELAPSED_BEFORE_SLEEP &&
                        layer->budget.elapsed_ns != NS_FOREVER;
    return counts_delay || layer->budget.elapsed_ns <= run_ns ||
           layer->progress.timeout_ns <= run_ns ||
           layer->call_timeout_ns <= run_ns;
}

/* ... that ends attempts in flight? */
static bool layer_aborts(const struct layer *layer, int64_t run_ns)
{
    return layer->call_timeout_ns <= run_ns ||
           (layer->progress.aborts_attempt &&
            layer->progress.timeout_ns <= run_ns);
}

static bool has_rule_for_a_time(const struct layer *layer, int64_t run_ns)
{
    bool is_timed = false;
    for (size_t i = 0; i < layer->rule_count; i++) {
        int64_t within_ns = layer->rules[i].within_ns;
        is_timed |= within_ns > 0 && within_ns <= run_ns;
    }
    return is_timed;
}

struct hypotheses *hypotheses_create(const struct judging *judging,
                                     const struct shared_lines *lines,
                                     struct arena *arena)
{
    struct hypotheses *set = arena_alloc(arena, sizeof *set);
    if (!set) {
        return NULL;
    }
    set->judging = judging;
    set->lines = lines;
    int64_t run_ns = units_add(judging->end_ns, judging->late_ns);
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        const struct layer *layer = &judging->profile->layers[i];
        set->aged |= (uint8_t)(layer_is_aged(layer, run_ns) << i);
        set->aborts |= layer_aborts(layer, run_ns);
        set->is_timed |= set->aged || has_rule_for_a_time(layer, run_ns);
        set->may_queue |= rules_slots_may_queue(judging, i);
        set->has_breakers |= layer->breaker.is_used || layer->throttle.is_used;
        set->has_call_timeouts |= layer->call_timeout_ns != NS_FOREVER;
    }
    return set;
}

bool hypotheses_waits(const struct hypothesis *hypothesis)
{
    return hypothesis->is_resend || hypothesis->action.kind == RETRY_WAIT ||
           hypothesis->action.kind == RETRY_SEND;
}

/* -- one step of the engine ------------------------------------------------ */

/* Each hypothesis carries its own shared state, since calls are looked at one
 * by one; the clocks that calls do share are brought up to date first. */
void hypotheses_step(const struct hypotheses *set,
                     struct hypothesis *hypothesis,
                     const struct retry_event *event,
                     const struct hypotheses_given *given)
{
    hypothesis->call.shared = &hypothesis->shared;
    shared_apply(set->lines, set->client, event->now_ns, &hypothesis->shared);
    for (int i = 0; given && i < hypothesis->call.layer_count; i++) {
        struct retry_layer_shared *layer = &hypothesis->shared.layers[i];
        if (given->tokens) {
            const struct bucket_range *range = &given->tokens->layers[i];
            bool is_poor = given->poor >> i & 1;
            layer->tokens = is_poor ? range->least : range->most;
            layer->retries = is_poor ? KNOWN_TO_FAIL : KNOWN_TO_PASS;
        }
        if (given->empty >> i & 1) {
            layer->tokens = 0;
            layer->retries = KNOWN_TO_FAIL;
        }
        if (given->is_half_open) {
            layer->breaker.state = BREAKER_HALF_OPEN;
        }
        layer->limiter.is_closed = given->held >> i & 1;
        layer->limiter.until_ns = NS_FOREVER;
        if (given->refusing >> i & 1) {
            layer->breaker.state = BREAKER_OPEN;
            layer->breaker.opened_ns = event->now_ns;
        }
        if (given->throttled >> i & 1) {
            layer->attempts = KNOWN_TO_FAIL;
        }
    }
    hypothesis->action = retry_step(&hypothesis->call, event);
}

/* Are the counters of all layers the same? */
static bool counts_alike(const struct retry_call *a, const struct retry_call *b)
{
    bool is_alike = true;
    for (int i = 0; i < a->layer_count; i++) {
        const struct retry_layer_state *x = &a->state[i], *y = &b->state[i];
        is_alike &= x->started_ns == y->started_ns &&
                    x->attempts == y->attempts && x->retries == y->retries &&
                    x->polls == y->polls && x->streak == y->streak &&
                    x->streak_rule == y->streak_rule && x->paid == y->paid &&
                    x->within_since_ns == y->within_since_ns &&
                    x->connect_failures == y->connect_failures &&
                    x->read_failures == y->read_failures &&
                    x->status_failures == y->status_failures;
    }
    return is_alike;
}

static bool is_same(const struct hypothesis *a, const struct hypothesis *b)
{
    return a->action.kind == b->action.kind &&
           a->action.layer == b->action.layer &&
           a->action.rule == b->action.rule &&
           a->action.reason == b->action.reason &&
           a->action.law.n == b->action.law.n &&
           a->action.law.previous_ns == b->action.law.previous_ns &&
           a->action.law.has_header == b->action.law.has_header &&
           a->from_lo_ns == b->from_lo_ns && a->from_hi_ns == b->from_hi_ns &&
           a->is_resend == b->is_resend && a->is_stalled == b->is_stalled &&
           a->hidden == b->hidden && counts_alike(&a->call, &b->call);
}

/* Is there room for it, and is it not there yet? */
static bool is_wanted(struct hypotheses *set, const struct hypothesis *one)
{
    for (int i = 0; i < set->count; i++) {
        if (is_same(&set->items[i], one)) {
            return false;
        }
    }
    set->is_open |= set->count == HYPOTHESES_MAX;
    return set->count < HYPOTHESES_MAX;
}

void hypotheses_add(struct hypotheses *set, const struct hypothesis *hypothesis)
{
    if (is_wanted(set, hypothesis)) {
        set->items[set->count++] = *hypothesis;
    }
}

/* -- the end of an attempt ------------------------------------------------- */

void hypotheses_end_once(const struct hypotheses *set,
                         struct hypothesis *hypothesis,
                         const struct hypotheses_ending *ending,
                         const struct hypotheses_given *given)
{
    int64_t at_ns = ending->at_ns;
    if (at_ns < ending->not_before_ns) {
        at_ns = ending->not_before_ns;
    }
    hypotheses_step(set, hypothesis,
                    &(struct retry_event){
                        .kind = RETRY_ENDED,
                        .now_ns = at_ns,
                        .wall_ns = ending->wall_ns + at_ns - ending->at_ns,
                        .u = ending->u,
                        .outcome = ending->outcome,
                    },
                    given);
}

/* With as many tokens as there may have been, and with as few, in each layer.
 * Each is made in its place, since copies are most of what that costs. */
static void end_rich_and_poor(struct hypotheses *set,
                              const struct hypothesis *before,
                              const struct hypotheses_ending *ending)
{
    uint8_t poor = 0;
    do {
        struct hypothesis *after = &set->items[set->count];
        *after = *before;
        hypotheses_end_once(set, after, ending,
                            &(struct hypotheses_given){
                                .tokens = &ending->tokens, .poor = poor});
        set->count += is_wanted(set, after);
        poor = hypotheses_next_poor(&ending->tokens, poor);
    } while (poor != 0);
}

/* The client measures elapsed time from before the head that we saw, and a
 * budget that includes the delay to come depends on the draw. */
void hypotheses_end_all(struct hypotheses *set, const struct hypothesis *before,
                        const struct hypotheses_ending *ending)
{
    static const double draws[] = {0, 1 - 0x1p-53};
    const int64_t shifts[] = {-set->judging->early_ns, set->judging->late_ns};
    struct hypotheses_ending shifted = *ending;
    shifted.u = 0.5;
    end_rich_and_poor(set, before, &shifted);
    for (size_t i = 0; set->is_timed && i < 4; i++) {
        shifted = *ending;
        shifted.at_ns += shifts[i / 2];
        shifted.wall_ns += shifts[i / 2];
        shifted.u = draws[i % 2];
        end_rich_and_poor(set, before, &shifted);
    }
}

bool hypotheses_may_resend(const struct resend *resend,
                           const struct attempt_outcome *outcome)
{
    if (!resend->is_used) {
        return false;
    }
    bool is_stale = outcome->connection_was_reused &&
                    (outcome->end == END_RESET || outcome->end == END_CLOSE);
    return (resend->on_stale_connection && is_stale) ||
           (outcome->end == END_STATUS &&
            status_set_has(&resend->statuses, outcome->status));
}

bool hypotheses_came_at_once(const struct judging *judging, int64_t at_ns,
                             int64_t head_ns)
{
    return head_ns <= units_add(units_add(at_ns, judging->late_ns),
                                starved_between(judging, at_ns, head_ns));
}

static void end_hypothesis(struct hypotheses *set,
                           const struct hypothesis *before,
                           const struct hypotheses_ending *ending)
{
    hypotheses_end_all(set, before, ending);
    hidden_end(set, before, ending);
    resent_end(set, before, ending);
}

/* In the trace; SIZE_MAX for one that was never read. */
static size_t index_of(const struct judging *judging,
                       const struct trace_attempt *attempt)
{
    return attempt->id > 0 ? (size_t)(attempt - judging->trace->attempts)
                           : SIZE_MAX;
}

struct hypotheses_ending hypotheses_ending_of(
    const struct hypotheses *set, const struct trace_attempt *attempt,
    const struct seen *seen, struct hypotheses_room *room)
{
    room->outcome = seen->outcome;
    room->outcome.headers = seen_headers(set->judging, attempt, &room->headers);
    return (struct hypotheses_ending){
        .outcome = &room->outcome,
        .at_ns = seen->at_ns,
        .wall_ns = seen_wall(set->judging, attempt, seen->at_ns),
        .not_before_ns = attempt->head_ns,
        .tokens = shared_found(set->lines, set->client,
                               index_of(set->judging, attempt)),
    };
}

void hypotheses_end(struct hypotheses *set, const struct trace_attempt *attempt,
                    const struct seen *seen)
{
    struct hypotheses_room room;
    struct hypotheses_ending ending =
        hypotheses_ending_of(set, attempt, seen, &room);
    struct attempt_outcome timeout = hypotheses_timeout_of(&ending);
    struct hypotheses_ending late = ending;
    late.outcome = &timeout;
    struct hypothesis before[HYPOTHESES_MAX];
    int count = set->count;
    memcpy(before, set->items, (size_t)count * sizeof before[0]);
    set->count = 0;
    for (int i = 0; i < count; i++) {
        before[i].from_lo_ns = seen->early_ns;
        before[i].from_hi_ns = seen->at_ns;
        before[i].hidden = 0;
        end_hypothesis(set, &before[i], &ending);
        if (seen->may_be_timeout) {
            before[i].from_lo_ns = seen->at_ns;
            end_hypothesis(set, &before[i], &late);
        }
    }
}

/* -- when the next attempt may come --------------------------------------- */

/* Of the forms that begin with a letter only dates are read. */
bool hypotheses_waits_for_date(const struct retry_action *action)
{
    const char *text = action->retry_after.text;
    while (text && (*text == ' ' || *text == '\t')) {
        text++;
    }
    return action->law.has_header &&
           action->retry_after.kind == RETRY_AFTER_TIME && text &&
           isalpha((unsigned char)*text);
}

/* A wait in the window that it closed itself ends sooner if the window does,
 * and the client looks again and again. How long that lasts the gates say. */
static bool watches_window(const struct hypothesis *hypothesis)
{
    const struct layer *layer = hypothesis->action.layer;
    return hypothesis->call.is_watching && layer &&
           layer->rate_limiter.poll_ns > 0;
}

struct delay_range hypotheses_reach(const struct hypothesis *hypothesis)
{
    struct delay_range reach = {hypothesis->from_lo_ns, hypothesis->from_hi_ns};
    const struct retry_action *action = &hypothesis->action;
    if (hypothesis->is_resend || action->kind != RETRY_WAIT) {
        return reach;
    }
    if (action->is_never) {
        return (struct delay_range){NS_FOREVER, NS_FOREVER};
    }
    struct delay_range range = backoff_range(&action->law);
    if (!watches_window(hypothesis)) {
        reach.min_ns = units_add(reach.min_ns, range.min_ns);
    }
    reach.max_ns = units_add(reach.max_ns, range.max_ns);
    if (hypotheses_waits_for_date(action)) {
        reach.max_ns = units_add(reach.max_ns, HYPOTHESES_DATE_SLACK_NS);
    }
    return reach;
}

/* -- the start of a call and of its attempts ------------------------------- */

struct hypothesis hypotheses_started(const struct hypotheses *set,
                                     int64_t at_ns,
                                     const struct hypotheses_given *given)
{
    struct hypothesis hypothesis = {
        .call = set->fresh, .from_lo_ns = at_ns, .from_hi_ns = at_ns};
    retry_shared_init(&hypothesis.shared, set->judging->profile, at_ns);
    hypotheses_step(set, &hypothesis,
                    &(struct retry_event){.kind = RETRY_START, .now_ns = at_ns},
                    given);
    return hypothesis;
}

static void set_fresh(struct hypotheses *set, const struct call *call)
{
    const struct trace_attempt *first = call->attempts[0];
    struct retry_shared shared = {.profile = set->judging->profile};
    retry_call_bind(&set->fresh, &shared,
                    &(struct retry_request){
                        .method = first->method,
                        .path = calls_path(first, set->path, sizeof set->path),
                        .body_bytes = first->body_size,
                    },
                    call->covers);
    set->fresh.shared = NULL; /* each hypothesis has its own */
}

/* Of the hidden beginnings those whose next attempt can be the one seen. */
static void keep_reaching(struct hypotheses *set, int64_t at_ns)
{
    int kept = 0;
    for (int i = 0; i < set->count; i++) {
        struct delay_range reach = hidden_reach(set, &set->items[i]);
        if (hypotheses_waits(&set->items[i]) &&
            at_ns >= reach.min_ns - set->judging->early_ns &&
            at_ns <= units_add(reach.max_ns, set->judging->late_ns)) {
            set->items[kept++] = set->items[i];
        }
    }
    set->count = kept;
}

/* Attempts that nobody saw, a limiter or full slots may have come first. */
static void set_patience(struct hypotheses *set, const struct call *call,
                         int64_t held_since_ns)
{
    const struct judging *judging = set->judging;
    int64_t head_ns = call->attempts[0]->head_ns;
    if (set->may_queue) {
        held_since_ns = 0;
    }
    set->give_up_ns = call->give_up_ns;
    if (judging->trace->level > 0 && call->give_up_ns != NS_FOREVER) {
        set->give_up_ns -= head_ns - (set->count > 0 ? 0 : held_since_ns);
    }
}

void hypotheses_start(struct hypotheses *set, const struct call *call)
{
    const struct trace_attempt *first = call->attempts[0];
    set->client = call->client;
    set->count = 0;
    set_fresh(set, call);
    /* Held up by a limiter, or its client by full slots, since when nobody
     * knows, it may have spent budgets of time at any moment. */
    int64_t held_since_ns = gates_held_since(set, 0, first->head_ns);
    set->is_open =
        set->aged != 0 &&
        (held_since_ns < first->head_ns ||
         shared_may_be_older(set->lines, call->client, first->head_ns));
    set->give_up_ns = NS_FOREVER;
    set->may_be_retry = false;
    set->has_unseen = hidden_begin(set, first);
    if (set->has_unseen) {
        hidden_add(set, first->head_ns);
        keep_reaching(set, first->head_ns);
        set->may_be_retry = set->is_open || set->count > 0;
        hypotheses_sent(set, first->head_ns);
    }
    /* Those that are left, or hung in a stalled listener, began as early or as
     * late as can be; in between a budget of time ends at any moment. */
    int64_t stalled_ns =
        spans_stalled_since(set->judging->spans, first->head_ns);
    set->is_age_unknown =
        set->aged != 0 && (set->count > 0 || stalled_ns < first->head_ns);
    set_patience(set, call, held_since_ns);
    if (set->count == HYPOTHESES_MAX) {
        set->count--;
    }
    if (set->count > 0) {
        set->items[set->count] = set->items[0];
    }
    /* The plain one leads. */
    set->items[0] = hypotheses_started(set, first->head_ns, NULL);
    set->items[0].stalled_ns = stalled_ns;
    set->count++;
}

bool hypotheses_sent(struct hypotheses *set, int64_t at_ns)
{
    int kept = 0;
    for (int i = 0; i < set->count; i++) {
        struct hypothesis *hypothesis = &set->items[i];
        if (!hypothesis->is_resend && hypothesis->action.kind == RETRY_SEND) {
            hypothesis->resends = 0;
            held_follow_up(set, hypothesis, at_ns);
        }
        if (!hypothesis->is_resend && hypothesis->action.kind == RETRY_WAIT) {
            struct delay_range ready = hypotheses_reach(hypothesis);
            hypothesis->resends = 0;
            hypotheses_step(
                set, hypothesis,
                &(struct retry_event){.kind = RETRY_SENT, .now_ns = at_ns},
                NULL);
            held_retry(set, hypothesis, &ready, at_ns);
        }
        if (!hypothesis->is_stalled)
            hypothesis->stalled_ns = at_ns;
        hypothesis->is_resend = false;
        hypothesis->is_stalled = false;
        if (hypothesis->action.kind == RETRY_SEND) {
            set->items[kept++] = *hypothesis;
        }
    }
    set->count = kept;
    return kept > 0;
}

struct retry_action hypotheses_ask(const struct hypotheses *set,
                                   const struct hypothesis *hypothesis,
                                   int64_t now_ns)
{
    struct hypothesis copy = *hypothesis;
    copy.call.wait_until_ns = now_ns; /* whatever was drawn in its stead */
    hypotheses_step(
        set, &copy,
        &(struct retry_event){.kind = RETRY_TIMER, .now_ns = now_ns}, NULL);
    return copy.action;
}
