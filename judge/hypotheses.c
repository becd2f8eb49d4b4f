#include "judge/hypotheses.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "judge/hidden.h"
#include "judge/hypotheses_parts.h"
#include "model/units.h"

static bool layer_is_timed(const struct layer *layer)
{
    return layer->budget.elapsed_ns != NS_FOREVER ||
           layer->progress.timeout_ns != NS_FOREVER ||
           layer->call_timeout_ns != NS_FOREVER;
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
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        set->is_timed |= layer_is_timed(&judging->profile->layers[i]);
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
            layer->tokens = given->is_poor ? given->tokens->layers[i].least
                                           : given->tokens->layers[i].most;
        }
        if (given->refusing >> i & 1) {
            layer->breaker.state = BREAKER_OPEN;
            layer->breaker.opened_ns = event->now_ns;
        }
    }
    hypothesis->action = retry_step(&hypothesis->call, event);
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
           a->hidden == b->hidden;
}

void hypotheses_add(struct hypotheses *set, const struct hypothesis *hypothesis)
{
    for (int i = 0; i < set->count; i++) {
        if (is_same(&set->items[i], hypothesis)) {
            return;
        }
    }
    if (set->count == HYPOTHESES_MAX) {
        set->is_open = true;
        return;
    }
    set->items[set->count++] = *hypothesis;
}

/* -- the end of an attempt ------------------------------------------------- */

static void end_once(struct hypotheses *set, struct hypothesis hypothesis,
                     const struct hypotheses_ending *ending,
                     const struct hypotheses_given *given)
{
    int64_t at_ns = ending->at_ns;
    if (at_ns < ending->not_before_ns) {
        at_ns = ending->not_before_ns;
    }
    hypotheses_step(set, &hypothesis,
                    &(struct retry_event){
                        .kind = RETRY_ENDED,
                        .now_ns = at_ns,
                        .wall_ns = ending->wall_ns + at_ns - ending->at_ns,
                        .u = ending->u,
                        .outcome = ending->outcome,
                    },
                    given);
    hypotheses_add(set, &hypothesis);
}

/* With as many tokens as there may have been, and with as few. */
static void end_rich_and_poor(struct hypotheses *set,
                              const struct hypothesis *before,
                              const struct hypotheses_ending *ending)
{
    struct hypotheses_given given = {.tokens = &ending->tokens};
    end_once(set, *before, ending, &given);
    if (!ending->tokens.is_known) {
        given.is_poor = true;
        end_once(set, *before, ending, &given);
    }
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

/* May a layer below the SDK send the attempt again at once? */
static bool may_resend(const struct hypotheses *set,
                       const struct hypothesis *hypothesis,
                       const struct attempt_outcome *outcome)
{
    const struct resend *resend = &set->judging->profile->resend;
    if (!resend->is_used || hypothesis->resends >= resend->limit) {
        return false;
    }
    bool is_stale = outcome->connection_was_reused &&
                    (outcome->end == END_RESET || outcome->end == END_CLOSE);
    return (resend->on_stale_connection && is_stale) ||
           (outcome->end == END_STATUS &&
            status_set_has(&resend->statuses, outcome->status));
}

static void end_hypothesis(struct hypotheses *set,
                           const struct hypothesis *before,
                           const struct hypotheses_ending *ending)
{
    hypotheses_end_all(set, before, ending);
    if (may_resend(set, before, ending->outcome)) {
        struct hypothesis resent = *before;
        resent.is_resend = true;
        resent.resends++;
        hypotheses_add(set, &resent);
    }
}

/* In the trace; SIZE_MAX for one that was never read. */
static size_t index_of(const struct judging *judging,
                       const struct trace_attempt *attempt)
{
    return attempt->id > 0 ? (size_t)(attempt - judging->trace->attempts)
                           : SIZE_MAX;
}

void hypotheses_end(struct hypotheses *set, const struct trace_attempt *attempt,
                    const struct seen *seen)
{
    struct attempt_outcome outcome = seen->outcome;
    struct seen_headers room;
    outcome.headers = seen_headers(set->judging, attempt, &room);
    struct hypotheses_ending ending = {
        .outcome = &outcome,
        .at_ns = seen->at_ns,
        .wall_ns = seen_wall(set->judging, attempt, seen->at_ns),
        .not_before_ns = attempt->head_ns,
        .tokens = shared_found(set->lines, set->client,
                               index_of(set->judging, attempt)),
    };
    struct hypothesis before[HYPOTHESES_MAX];
    int count = set->count;
    memcpy(before, set->items, (size_t)count * sizeof before[0]);
    set->count = 0;
    for (int i = 0; i < count; i++) {
        before[i].from_lo_ns = seen->early_ns;
        before[i].from_hi_ns = seen->at_ns;
        before[i].hidden = 0;
        end_hypothesis(set, &before[i], &ending);
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
    reach.min_ns = units_add(reach.min_ns, range.min_ns);
    reach.max_ns = units_add(reach.max_ns, range.max_ns);
    if (hypotheses_waits_for_date(action)) {
        reach.max_ns = units_add(reach.max_ns, HYPOTHESES_DATE_SLACK_NS);
    }
    return reach;
}

/* -- the start of a call and of its attempts ------------------------------- */

struct hypothesis hypotheses_started(struct hypotheses *set,
                                     const struct trace_attempt *first,
                                     int64_t at_ns,
                                     const struct hypotheses_given *given)
{
    struct hypothesis hypothesis = {.from_lo_ns = at_ns, .from_hi_ns = at_ns};
    retry_shared_init(&hypothesis.shared, set->judging->profile, at_ns);
    retry_call_init(&hypothesis.call, &hypothesis.shared,
                    &(struct retry_request){
                        .method = first->method,
                        .path = calls_path(first, set->path, sizeof set->path),
                        .body_bytes = first->body_size,
                    });
    hypotheses_step(set, &hypothesis,
                    &(struct retry_event){.kind = RETRY_START, .now_ns = at_ns},
                    given);
    return hypothesis;
}

/* Of the hidden beginnings those whose next attempt can be the one seen. */
static void keep_reaching(struct hypotheses *set, int64_t at_ns)
{
    int kept = 0;
    for (int i = 0; i < set->count; i++) {
        struct delay_range reach = hypotheses_reach(&set->items[i]);
        if (hypotheses_waits(&set->items[i]) &&
            at_ns >= reach.min_ns - set->judging->early_ns &&
            at_ns <= units_add(reach.max_ns, set->judging->late_ns)) {
            set->items[kept++] = set->items[i];
        }
    }
    set->count = kept;
}

void hypotheses_start(struct hypotheses *set, const struct call *call)
{
    const struct trace_attempt *first = call->attempts[0];
    set->client = call->client;
    set->count = 0;
    set->is_open = false;
    if (hidden_begin(set, first)) {
        hidden_add(set, first->head_ns);
        keep_reaching(set, first->head_ns);
        hypotheses_sent(set, first->head_ns);
    }
    struct hypothesis plain =
        hypotheses_started(set, first, first->head_ns, NULL);
    if (set->count == HYPOTHESES_MAX) {
        set->count--;
    }
    set->items[set->count] = set->items[0]; /* the plain one leads */
    set->items[0] = plain;
    set->count++;
}

bool hypotheses_sent(struct hypotheses *set, int64_t at_ns)
{
    int kept = 0;
    for (int i = 0; i < set->count; i++) {
        struct hypothesis *hypothesis = &set->items[i];
        if (!hypothesis->is_resend && hypothesis->action.kind == RETRY_WAIT) {
            hypothesis->resends = 0;
            hypotheses_step(
                set, hypothesis,
                &(struct retry_event){.kind = RETRY_SENT, .now_ns = at_ns},
                NULL);
        }
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
