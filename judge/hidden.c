#include "judge/hidden.h"

#include "client/deadline.h"
#include "judge/gates.h"
#include "judge/hypotheses_parts.h"
#include "judge/rules_timeout.h"
#include "judge/starved.h"
#include "model/units.h"

/* Linux gives up connecting after about 130 s. */
static const int64_t CONNECT_LIMIT_NS = 140 * NS_PER_S;

/* -- attempts inside outages ----------------------------------------------- */

static bool lasts(const struct span *span)
{
    return span->end == END_UNREACHABLE || span->end == END_TIMEOUT;
}

/* How long an attempt may go without an answer, until it fails. */
static int64_t patience(const struct judging *judging,
                        const struct hypothesis *sent)
{
    int64_t limit_ns =
        rules_timeout_limit(judging, &sent->action).attempt_timeout.limit_ns;
    int64_t left_ns =
        sent->action.until_ns == NS_FOREVER
            ? NS_FOREVER
            : sent->action.until_ns - sent->call.attempt_started_ns;
    return units_min(limit_ns, left_ns);
}

static int64_t span_limit(const struct judging *judging,
                          const struct span *span,
                          const struct hypothesis *sent)
{
    int64_t limit_ns = lasts(span) ? patience(judging, sent) : 0;
    return limit_ns == NS_FOREVER ? CONNECT_LIMIT_NS : limit_ns;
}

int64_t hidden_over_by(const struct span *span)
{
    return lasts(span) && !span->is_stale
               ? units_add(span->to_ns, CONNECT_LIMIT_NS)
               : span->to_ns;
}

/* The attempt in flight fails. */
static void end_hidden(struct hypotheses *set, const struct hypothesis *sent,
                       const struct span *span, int64_t at_ns)
{
    struct attempt_outcome outcome = {.end = span->end,
                                      .connection_was_reused = span->is_stale};
    hypotheses_end_all(set, sent,
                       &(struct hypotheses_ending){
                           .outcome = &outcome,
                           .at_ns = at_ns,
                           .not_before_ns = sent->call.attempt_started_ns,
                           .tokens = shared_unknown(set->lines),
                       });
}

/* ... or the progress timeout ends the call with it, by `until_ns`. */
static void abort_hidden(struct hypotheses *set, const struct hypothesis *sent,
                         int64_t until_ns)
{
    struct hypothesis gone = *sent;
    int64_t at_ns = sent->action.wake_ns;
    if (at_ns > until_ns) {
        return;
    }
    hypotheses_step(
        set, &gone,
        &(struct retry_event){
            .kind = RETRY_TIMER,
            .now_ns = units_max(at_ns, gone.call.attempt_started_ns),
        },
        NULL);
    if (gone.action.kind == RETRY_ABORT) {
        hypotheses_add(set, &gone);
    }
}

/* `sent` has the attempt in flight: it fails in the span, sent between. */
static void fail_hidden(struct hypotheses *set, struct hypothesis sent,
                        const struct span *span, struct delay_range between)
{
    int64_t sent_ns = sent.call.attempt_started_ns;
    int64_t lasts_ns = span_limit(set->judging, span, &sent);
    sent.from_lo_ns = between.min_ns;
    sent.from_hi_ns = units_add(between.max_ns, lasts_ns);
    sent.hidden++;
    sent.is_stalled = false;
    abort_hidden(set, &sent, sent.from_hi_ns);
    end_hidden(set, &sent, span, units_add(sent_ns, lasts_ns));
    if (lasts_ns > 0 && sent_ns != between.max_ns) {
        end_hidden(set, &sent, span, sent_ns);
    }
}

/* The same on a connection that was silent: it ends with that. */
static void fail_stale(struct hypotheses *set, struct hypothesis sent,
                       const struct span *span, struct delay_range between)
{
    int64_t slack_ns = set->judging->early_ns + set->judging->lag_ns;
    /* What a layer below sends again may still have the limit of the first. */
    int64_t since_ns = units_min(between.min_ns, sent.call.attempt_started_ns);
    int64_t least_ns = units_add(since_ns, patience(set->judging, &sent));
    sent.hidden++;
    sent.from_lo_ns = sent.from_hi_ns = units_max(span->to_ns, between.min_ns);
    abort_hidden(set, &sent, units_add(span->to_ns, set->judging->late_ns));
    if (span->end != END_TIMEOUT || span->to_ns >= least_ns - slack_ns) {
        end_hidden(set, &sent, span, sent.from_hi_ns);
    } else if (span->to_ns >=
               units_min(set->judging->stop_ns, set->give_up_ns) - slack_ns) {
        sent.action.is_never = true; /* it was in flight to the last */
        hypotheses_add(set, &sent);
    }
}

static void fail_in_span(struct hypotheses *set, struct hypothesis sent,
                         const struct span *span, struct delay_range between)
{
    if (span->is_stale && span->from_ns < span->to_ns) {
        fail_stale(set, sent, span, between);
    } else {
        fail_hidden(set, sent, span, between);
    }
}

static bool may_meet(const struct hypotheses *set, const struct span *span)
{
    return !span->is_stale || span->client == set->client;
}

/* A connect that hangs may also come through once the span is over; what met a
 * stale connection may be sent again by then. */
static void add_stalled(struct hypotheses *set,
                        const struct hypothesis *hypothesis,
                        const struct span *span, int64_t sent_ns)
{
    bool may_resend = set->judging->profile->resend.on_stale_connection;
    bool may_come_late = span->is_stale ? span->end == END_CLOSE && may_resend
                                        : span->end == END_UNREACHABLE;
    if (!may_come_late || hypothesis->is_stalled || span->to_ns == NS_FOREVER) {
        return;
    }
    struct hypothesis stalled = *hypothesis;
    stalled.is_stalled = true;
    stalled.stalled_ns = sent_ns;
    stalled.from_hi_ns =
        spans_stalled_until(set->judging->spans, span, sent_ns);
    hypotheses_add(set, &stalled);
}

struct delay_range hidden_reach(const struct hypotheses *set,
                                const struct hypothesis *hypothesis)
{
    struct delay_range reach = hypotheses_reach(hypothesis);
    reach.max_ns = gates_of_next(set, hypothesis, 0, NULL).due_ns;
    return reach;
}

/* `reach`: when the next attempt may come, with all tolerances. */
static void hide_in_span(struct hypotheses *set, int index,
                         const struct span *span,
                         const struct delay_range *reach)
{
    const struct hypothesis hypothesis = set->items[index];
    int64_t slack_ns = set->judging->late_ns;
    struct delay_range between = {
        units_max(reach->min_ns, units_max(span->from_ns - slack_ns, 0)),
        units_min(reach->max_ns, units_add(span->to_ns, slack_ns)),
    };
    if (between.min_ns > between.max_ns) {
        return;
    }
    add_stalled(set, &hypothesis, span, between.min_ns);
    const int64_t instants[] = {between.max_ns, between.min_ns};
    for (size_t i = 0; i < 2; i++) {
        struct hypothesis sent = hypothesis;
        int64_t at_ns = units_max(instants[i], sent.call.wait_from_ns);
        sent.is_resend = false;
        if (sent.action.kind == RETRY_WAIT) {
            hypotheses_step(
                set, &sent,
                &(struct retry_event){.kind = RETRY_SENT, .now_ns = at_ns},
                NULL);
        } /* else in flight since the answer before: follow-up, re-send */
        if (sent.action.kind == RETRY_SEND) {
            fail_in_span(set, sent, span, between);
        }
    }
}

/* In those spans that the next attempt can have met. */
static void hide_in_outages(struct hypotheses *set, int index, int64_t until_ns)
{
    const struct spans *spans = set->judging->spans;
    const struct hypothesis *hypothesis = &set->items[index];
    int64_t slack_ns = set->judging->late_ns;
    if (spans->count == 0) {
        return;
    }
    struct delay_range reach = hidden_reach(set, hypothesis);
    reach.min_ns = units_max(reach.min_ns - set->judging->early_ns,
                             hypothesis->from_lo_ns);
    reach.max_ns = units_min(units_add(reach.max_ns, slack_ns), until_ns);
    for (size_t k = spans_first(spans, reach.min_ns - slack_ns);
         k < spans->count && !set->is_open &&
         spans->items[k].from_ns - slack_ns <= reach.max_ns;
         k++) {
        if (spans->items[k].from_ns <= until_ns &&
            may_meet(set, &spans->items[k])) {
            hide_in_span(set, index, &spans->items[k], &reach);
        }
    }
}

/* -- attempts that an open circuit or a throttle refuses ------------------- */

/* What may refuse an attempt: each layer has a circuit and a throttle. */
struct refuser {
    int layer;
    bool is_throttle;
};

static struct refuser refuser_of(int k)
{
    return (struct refuser){.layer = k / 2, .is_throttle = k % 2};
}

static int count_refusers(const struct hypotheses *set)
{
    return 2 * (int)set->judging->profile->layer_count;
}

static bool is_there(const struct hypotheses *set, struct refuser refuser)
{
    const struct layer *layer = &set->judging->profile->layers[refuser.layer];
    return refuser.is_throttle ? layer->throttle.is_used
                               : layer->breaker.is_used;
}

static struct hypotheses_given refused_by(struct refuser refuser)
{
    uint8_t bit = (uint8_t)(1 << refuser.layer);
    return refuser.is_throttle ? (struct hypotheses_given){.throttled = bit}
                               : (struct hypotheses_given){.refusing = bit};
}

/* When the attempt may have come to an open circuit; a throttle may refuse it
 * at any time. */
static bool may_be_refused(const struct hypotheses *set,
                           const struct hypothesis *hypothesis,
                           struct refuser refuser, struct delay_range *between)
{
    if (!is_there(set, refuser) ||
        !retry_call_has(&hypothesis->call, refuser.layer) ||
        between->min_ns > between->max_ns) {
        return false;
    }
    if (shared_is_blind(set->lines) || refuser.is_throttle) {
        return true;
    }
    const struct circuit *circuit =
        shared_circuit(set->lines, refuser.layer, set->client);
    return circuit && circuit_may_refuse(circuit, between) &&
           between->min_ns <= between->max_ns;
}

static void refuse_at(struct hypotheses *set, const struct hypothesis *before,
                      struct refuser refuser, int64_t at_ns,
                      const struct delay_range *between)
{
    struct shared_tokens tokens = shared_unknown(set->lines);
    struct hypotheses_given given = refused_by(refuser);
    given.tokens = &tokens;
    at_ns = units_max(at_ns, before->call.wait_from_ns);
    do {
        struct hypothesis refused = *before;
        refused.call.wait_until_ns = at_ns;
        hypotheses_step(set, &refused,
                        &(struct retry_event){
                            .kind = RETRY_TIMER, .now_ns = at_ns, .u = 0.5},
                        &given);
        if (refused.action.kind != RETRY_SEND) {
            refused.from_lo_ns = between->min_ns;
            refused.from_hi_ns = between->max_ns;
            refused.hidden++;
            hypotheses_add(set, &refused);
        }
        given.poor = hypotheses_next_poor(&tokens, given.poor);
    } while (given.poor != 0);
}

static void refuse(struct hypotheses *set, const struct hypothesis *before,
                   struct refuser refuser, const struct delay_range *between)
{
    const int64_t instants[] = {between->max_ns, between->min_ns};
    for (size_t k = 0; k < 2; k++) {
        refuse_at(set, before, refuser, instants[k], between);
    }
}

void hidden_end(struct hypotheses *set, const struct hypothesis *before,
                const struct hypotheses_ending *ending)
{
    struct hypothesis plain = *before;
    if (!set->judging->profile->follow_up.path || before->call.step != 0) {
        return;
    }
    hypotheses_end_once(set, &plain, ending, NULL);
    for (int k = 0; plain.action.kind == RETRY_SEND && k < count_refusers(set);
         k++) {
        struct hypotheses_given given = refused_by(refuser_of(k));
        struct delay_range between = {
            ending->at_ns - set->judging->early_ns,
            units_add(ending->at_ns, set->judging->late_ns),
        };
        struct hypothesis refused = *before;
        if (may_be_refused(set, &plain, refuser_of(k), &between)) {
            hypotheses_end_once(set, &refused, ending, &given);
            refused.hidden++;
            hypotheses_add(set, &refused);
        }
    }
}

static void hide_in_circuits(struct hypotheses *set, int index,
                             int64_t until_ns)
{
    if (!set->has_breakers) {
        return;
    }
    const struct hypothesis hypothesis = set->items[index];
    struct delay_range reach = hidden_reach(set, &hypothesis);
    for (int k = 0; k < count_refusers(set) && !set->is_open; k++) {
        struct delay_range between = {
            units_max(reach.min_ns - set->judging->early_ns,
                      hypothesis.from_lo_ns),
            units_min(units_add(reach.max_ns, set->judging->late_ns), until_ns),
        };
        if (may_be_refused(set, &hypothesis, refuser_of(k), &between)) {
            refuse(set, &hypothesis, refuser_of(k), &between);
        }
    }
}

/* -- waits that the timeout of a layer further in cuts ----------------------
 */

/* When a call timeout of a layer further in ends while the wait lasts;
 * NS_FOREVER: none does. Then a layer further out waits, or the call is over.
 */
static int64_t cut_at(const struct hypotheses *set,
                      const struct hypothesis *hypothesis)
{
    if (hypothesis->is_resend || hypothesis->action.kind != RETRY_WAIT ||
        !set->aged || !set->has_call_timeouts) {
        return NS_FOREVER;
    }
    struct hypothesis copy = *hypothesis;
    copy.call.shared = &copy.shared;
    int64_t at_ns = deadline_present_call(&copy.call);
    return at_ns < gates_of_next(set, &copy, 0, NULL).due_ns ? at_ns
                                                             : NS_FOREVER;
}

static void cut_wait(struct hypotheses *set, const struct hypothesis *before,
                     int64_t at_ns, const struct hypotheses_given *given)
{
    struct hypothesis cut = *before;
    hypotheses_step(
        set, &cut,
        &(struct retry_event){.kind = RETRY_TIMER, .now_ns = at_ns, .u = 0.5},
        given);
    cut.from_lo_ns =
        units_max(at_ns - set->judging->late_ns, before->from_lo_ns);
    cut.from_hi_ns = at_ns;
    cut.hidden++;
    hypotheses_add(set, &cut);
}

static void hide_in_timeouts(struct hypotheses *set, int index,
                             int64_t until_ns)
{
    int64_t at_ns = cut_at(set, &set->items[index]);
    if (at_ns > units_add(until_ns, set->judging->late_ns)) {
        return;
    }
    const struct hypothesis before = set->items[index];
    struct shared_tokens tokens = shared_unknown(set->lines);
    struct hypotheses_given given = {.tokens = &tokens};
    do {
        cut_wait(set, &before, at_ns, &given);
        given.poor = hypotheses_next_poor(&tokens, given.poor);
    } while (given.poor != 0);
}

bool hidden_has_cut(const struct hypotheses *set,
                    const struct hypothesis *hypothesis, int64_t sent_ns)
{
    return cut_at(set, hypothesis) < sent_ns - set->judging->late_ns -
                                         starved_before(set->judging, sent_ns);
}

/* -- all of it --------------------------------------------------------------
 */

void hidden_add(struct hypotheses *set, int64_t until_ns)
{
    for (int i = 0; i < set->count && !set->is_open; i++) {
        const struct hypothesis *hypothesis = &set->items[i];
        enum retry_action_kind kind = hypothesis->action.kind;
        bool is_resend = hypothesis->is_resend;
        if (!hypotheses_waits(hypothesis) || hypothesis->action.is_never) {
            continue;
        }
        hide_in_outages(set, i, until_ns);
        if (kind == RETRY_SEND || is_resend) {
            continue; /* hidden_end() knew of the circuits */
        }
        hide_in_circuits(set, i, until_ns);
        hide_in_timeouts(set, i, until_ns);
    }
}

/* The first attempt that we saw may not be the first one: those before it went
 * into an outage, at an unknown time. */
static void begin_in_outages(struct hypotheses *set,
                             const struct trace_attempt *first)
{
    const struct spans *spans = set->judging->spans;
    for (size_t i = 0; i < spans->count; i++) {
        const struct span *span = &spans->items[i];
        if (span->from_ns >= first->head_ns ||
            (set->is_open && set->count == HYPOTHESES_MAX)) {
            return; /* none that is new finds room */
        }
        if (!may_meet(set, span)) {
            continue;
        }
        struct delay_range between = {span->from_ns,
                                      units_min(span->to_ns, first->head_ns)};
        const int64_t instants[] = {between.max_ns, between.min_ns};
        for (size_t k = 0; k < 2; k++) {
            struct hypothesis sent = hypotheses_started(set, instants[k], NULL);
            if (sent.action.kind == RETRY_SEND) {
                fail_in_span(set, sent, span, between);
            }
        }
    }
}

/* Its attempts before that may have been refused. */
static void begin_refused(struct hypotheses *set,
                          const struct trace_attempt *first,
                          struct refuser refuser)
{
    struct delay_range between = {0, first->head_ns};
    struct hypothesis plain = hypotheses_started(set, first->head_ns, NULL);
    if (!may_be_refused(set, &plain, refuser, &between)) {
        return;
    }
    const int64_t instants[] = {between.max_ns, between.min_ns};
    const struct hypotheses_given given = refused_by(refuser);
    for (size_t k = 0; k < 2; k++) {
        struct hypothesis refused =
            hypotheses_started(set, instants[k], &given);
        if (refused.action.kind == RETRY_WAIT) {
            refused.from_lo_ns = between.min_ns;
            refused.from_hi_ns = between.max_ns;
            refused.hidden++;
            hypotheses_add(set, &refused);
        }
    }
}

bool hidden_begin(struct hypotheses *set, const struct trace_attempt *first)
{
    begin_in_outages(set, first);
    for (int k = 0; k < count_refusers(set); k++) {
        struct refuser refuser = refuser_of(k);
        const struct layer *layer =
            &set->judging->profile->layers[refuser.layer];
        if (refuser.is_throttle ? layer->throttle.is_retryable
                                : layer->breaker.is_retryable) {
            begin_refused(set, first, refuser);
        }
    }
    return set->count > 0;
}
