#include "judge/hypotheses.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "model/units.h"

/* A connect that meets a full backlog is tried again by the kernel after 1, 3,
 * 7, ... s: it comes through within as long again as it waited, plus that. */
static const int64_t STALL_EXTRA_NS = NS_PER_S;
/* Linux gives up connecting after about 130 s. */
static const int64_t CONNECT_LIMIT_NS = 140 * NS_PER_S;

static bool layer_is_timed(const struct layer *layer)
{
    return layer->budget.elapsed_ns != NS_FOREVER ||
           layer->progress.timeout_ns != NS_FOREVER ||
           layer->call_timeout_ns != NS_FOREVER;
}

struct hypotheses *hypotheses_create(const struct judging *judging,
                                     const struct progress_lines *progress,
                                     struct arena *arena)
{
    struct hypotheses *set = arena_alloc(arena, sizeof *set);
    if (!set) {
        return NULL;
    }
    set->judging = judging;
    set->progress = progress;
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
static void step(const struct hypotheses *set, struct hypothesis *hypothesis,
                 const struct retry_event *event)
{
    hypothesis->call.shared = &hypothesis->shared;
    progress_apply(set->progress, set->client, event->now_ns,
                   &hypothesis->shared);
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

static void add(struct hypotheses *set, const struct hypothesis *hypothesis)
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

struct ending {
    const struct attempt_outcome *outcome;
    int64_t at_ns, wall_ns;
    int64_t not_before_ns; /* when the attempt was sent */
};

static void end_once(struct hypotheses *set, struct hypothesis hypothesis,
                     const struct ending *ending, double u)
{
    int64_t at_ns = ending->at_ns;
    if (at_ns < ending->not_before_ns) {
        at_ns = ending->not_before_ns;
    }
    step(set, &hypothesis,
         &(struct retry_event){
             .kind = RETRY_ENDED,
             .now_ns = at_ns,
             .wall_ns = ending->wall_ns + at_ns - ending->at_ns,
             .u = u,
             .outcome = ending->outcome,
         });
    add(set, &hypothesis);
}

/* All that the engine may say to the end of an attempt. The client measures
 * elapsed time from before the head that we saw, and a budget that includes
 * the delay to come depends on the draw. */
static void end_all(struct hypotheses *set, const struct hypothesis *before,
                    const struct ending *ending)
{
    end_once(set, *before, ending, 0.5);
    static const double draws[] = {0, 1 - 0x1p-53};
    const int64_t shifts[] = {-set->judging->early_ns, set->judging->late_ns};
    for (size_t i = 0; set->is_timed && i < 4; i++) {
        struct ending shifted = *ending;
        shifted.at_ns += shifts[i / 2];
        shifted.wall_ns += shifts[i / 2];
        end_once(set, *before, &shifted, draws[i % 2]);
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
                           const struct ending *ending)
{
    end_all(set, before, ending);
    if (may_resend(set, before, ending->outcome)) {
        struct hypothesis resent = *before;
        resent.is_resend = true;
        resent.resends++;
        add(set, &resent);
    }
}

void hypotheses_end(struct hypotheses *set, const struct trace_attempt *attempt,
                    const struct seen *seen)
{
    struct attempt_outcome outcome = seen->outcome;
    struct seen_headers room;
    outcome.headers = seen_headers(set->judging, attempt, &room);
    struct ending ending = {
        .outcome = &outcome,
        .at_ns = seen->at_ns,
        .wall_ns = seen_wall(set->judging, attempt, seen->at_ns),
        .not_before_ns = attempt->head_ns,
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

/* -- attempts inside outages ----------------------------------------------- */

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

static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How long an attempt inside the span may last, until it fails. */
static int64_t span_limit(const struct span *span,
                          const struct retry_action *send)
{
    if (span->end != END_UNREACHABLE && span->end != END_TIMEOUT) {
        return 0;
    }
    return send->attempt_timeout.limit_ns != NS_FOREVER
               ? send->attempt_timeout.limit_ns
               : CONNECT_LIMIT_NS;
}

/* `sent` has the attempt in flight: it fails in the span, sent between. */
static void fail_hidden(struct hypotheses *set, struct hypothesis sent,
                        const struct span *span, struct delay_range between)
{
    struct attempt_outcome outcome = {.end = span->end};
    int64_t lasts_ns = span_limit(span, &sent.action);
    sent.from_lo_ns = between.min_ns;
    sent.from_hi_ns = units_add(between.max_ns, lasts_ns);
    sent.hidden++;
    sent.is_stalled = false;
    int64_t at_ns = sent.call.attempt_started_ns;
    if (at_ns == between.max_ns) {
        at_ns = sent.from_hi_ns;
    }
    end_all(set, &sent,
            &(struct ending){.outcome = &outcome,
                             .at_ns = at_ns,
                             .not_before_ns = sent.call.attempt_started_ns});
}

/* A connect that hangs may also come through once the span is over. */
static void add_stalled(struct hypotheses *set,
                        const struct hypothesis *hypothesis,
                        const struct span *span, int64_t sent_ns)
{
    if (span->end != END_UNREACHABLE || hypothesis->is_stalled ||
        span->to_ns == NS_FOREVER) {
        return;
    }
    struct hypothesis stalled = *hypothesis;
    stalled.is_stalled = true;
    stalled.from_hi_ns = span->to_ns + (span->to_ns - sent_ns) + STALL_EXTRA_NS;
    add(set, &stalled);
}

static void hide_in_span(struct hypotheses *set, int index,
                         const struct span *span, int64_t until_ns)
{
    const struct hypothesis hypothesis = set->items[index];
    struct delay_range reach = hypotheses_reach(&hypothesis);
    int64_t slack_ns = set->judging->late_ns;
    int64_t begin_ns = at_least(span->from_ns - slack_ns, 0);
    struct delay_range between = {
        at_least(at_least(reach.min_ns - set->judging->early_ns, begin_ns),
                 hypothesis.from_lo_ns),
        at_most(at_most(units_add(reach.max_ns, slack_ns),
                        units_add(span->to_ns, slack_ns)),
                until_ns),
    };
    if (between.min_ns > between.max_ns) {
        return;
    }
    add_stalled(set, &hypothesis, span, between.min_ns);
    const int64_t instants[] = {between.max_ns, between.min_ns};
    for (size_t i = 0; i < 2; i++) {
        struct hypothesis sent = hypothesis;
        int64_t at_ns = at_least(instants[i], sent.call.wait_from_ns);
        step(set, &sent,
             &(struct retry_event){.kind = RETRY_SENT, .now_ns = at_ns});
        if (sent.action.kind == RETRY_SEND) {
            fail_hidden(set, sent, span, between);
        }
    }
}

void hypotheses_hide(struct hypotheses *set, int64_t until_ns)
{
    const struct spans *spans = set->judging->spans;
    for (int i = 0; spans->count > 0 && i < set->count; i++) {
        if (set->items[i].action.kind != RETRY_WAIT ||
            set->items[i].is_resend) {
            continue;
        }
        for (size_t k = 0; k < spans->count && !set->is_open; k++) {
            if (spans->items[k].from_ns <= until_ns) {
                hide_in_span(set, i, &spans->items[k], until_ns);
            }
        }
    }
}

/* -- the start of a call and of its attempts ------------------------------- */

static struct hypothesis started(struct hypotheses *set,
                                 const struct trace_attempt *first,
                                 int64_t at_ns)
{
    struct hypothesis hypothesis = {.from_lo_ns = at_ns, .from_hi_ns = at_ns};
    retry_shared_init(&hypothesis.shared, set->judging->profile, at_ns);
    retry_call_init(&hypothesis.call, &hypothesis.shared,
                    &(struct retry_request){
                        .method = first->method,
                        .path = calls_path(first, set->path, sizeof set->path),
                        .body_bytes = first->body_size,
                    });
    step(set, &hypothesis,
         &(struct retry_event){.kind = RETRY_START, .now_ns = at_ns});
    return hypothesis;
}

/* The first attempt that we saw may not be the first one: those before it went
 * into an outage, at an unknown time. */
static void start_hidden(struct hypotheses *set,
                         const struct trace_attempt *first)
{
    const struct spans *spans = set->judging->spans;
    for (size_t i = 0; i < spans->count; i++) {
        const struct span *span = &spans->items[i];
        if (span->from_ns >= first->head_ns) {
            return;
        }
        struct delay_range between = {span->from_ns,
                                      at_most(span->to_ns, first->head_ns)};
        const int64_t instants[] = {between.max_ns, between.min_ns};
        for (size_t k = 0; k < 2; k++) {
            struct hypothesis sent = started(set, first, instants[k]);
            if (sent.action.kind == RETRY_SEND) {
                fail_hidden(set, sent, span, between);
            }
        }
    }
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
    if (set->judging->spans->count > 0) {
        start_hidden(set, first);
        hypotheses_hide(set, first->head_ns);
        keep_reaching(set, first->head_ns);
        hypotheses_sent(set, first->head_ns);
    }
    struct hypothesis plain = started(set, first, first->head_ns);
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
            step(set, hypothesis,
                 &(struct retry_event){.kind = RETRY_SENT, .now_ns = at_ns});
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
    step(set, &copy,
         &(struct retry_event){.kind = RETRY_TIMER, .now_ns = now_ns});
    return copy.action;
}
