#include "judge/gates.h"

#include "judge/hypotheses_parts.h"
#include "judge/starved.h"
#include "model/units.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A hypothesis is copied: what its call points to is stale between steps. */
static const struct layer *layer_of(const struct hypotheses *set, int i)
{
    return &set->judging->profile->layers[i];
}

/* -- rate limiters ----------------------------------------------------------
 */

static bool has_limiter_inside(const struct hypotheses *set,
                               const struct retry_call *call, int outside)
{
    for (int i = outside + 1; i < call->layer_count; i++) {
        if (layer_of(set, i)->rate_limiter.is_used && retry_call_has(call, i)) {
            return true;
        }
    }
    return false;
}

static bool fails_unsent(const struct layer *layer)
{
    return (layer->throttle.is_used && layer->throttle.is_retryable) ||
           (layer->breaker.is_used && layer->breaker.is_retryable);
}

/* An attempt that a layer further in did not let pass is a failure to this one,
 * which may close its limiter: for how long, and when, nobody has seen. */
static bool may_close_unseen(const struct hypotheses *set, int i)
{
    const struct layer *layer = layer_of(set, i);
    bool is_closing = false, is_failing = false;
    for (size_t k = 0; k < layer->rule_count; k++) {
        const struct profile_rule *rule = &layer->rules[k];
        is_closing |=
            rule->closes_limiter && rule->on.ends >> END_UNREACHABLE & 1;
    }
    for (int k = i + 1; k < (int)set->judging->profile->layer_count; k++) {
        is_failing |= fails_unsent(layer_of(set, k));
    }
    return is_closing && is_failing;
}

/* Is when it lets pass anybody's guess? */
static bool is_anybodys_guess(const struct hypotheses *set, int i)
{
    return layer_of(set, i)->rate_limiter.per_second > 0 ||
           shared_is_blind(set->lines) || may_close_unseen(set, i);
}

/* Through the limiters from layer `from` inwards, one after the other. */
static struct gate pass_limiters(const struct hypotheses *set,
                                 const struct retry_call *call, int from,
                                 struct windows_question question)
{
    struct gate gate = {.due_ns = question.ready_hi_ns};
    for (int i = from; i < call->layer_count; i++) {
        const struct rate_limiter *policy = &layer_of(set, i)->rate_limiter;
        const struct windows *windows =
            shared_windows(set->lines, i, set->client);
        if (!policy->is_used || !retry_call_has(call, i)) {
            continue;
        }
        question.was_held_after =
            policy->per_second > 0 || has_limiter_inside(set, call, i);
        question.ready_hi_ns = gate.due_ns;
        if (windows && !may_close_unseen(set, i)) {
            struct windows_answer answer = windows_ask(windows, &question);
            gate.due_ns = answer.due_ns;
            gate.is_known |= answer.is_known;
            gate.is_cleared |= answer.is_cleared;
            if (answer.is_shut && !gate.is_shut) {
                gate.is_shut = true;
                gate.end_ns = answer.end_ns;
                gate.closed_by = answer.closed_by;
                gate.layer = layer_of(set, i);
            }
        }
        if (is_anybodys_guess(set, i)) {
            gate.due_ns = NS_FOREVER; /* others may be served first */
        }
    }
    return gate;
}

struct gate gates_of_next(const struct hypotheses *set,
                          const struct hypothesis *hypothesis, int64_t last,
                          const struct trace_attempt *next)
{
    struct delay_range reach = hypotheses_reach(hypothesis);
    struct gate open = {.due_ns = reach.max_ns};
    if (hypothesis->is_resend || hypothesis->action.is_never) {
        return open;
    }
    int from = hypothesis->action.kind == RETRY_WAIT
                   ? hypothesis->call.waiting_layer
                   : 0; /* the follow-up */
    return pass_limiters(set, &hypothesis->call, from,
                         (struct windows_question){
                             .ready_lo_ns = reach.min_ns,
                             .ready_hi_ns = reach.max_ns,
                             .sent_ns = next ? next->head_ns : NS_FOREVER,
                             .last_attempt = last,
                             .attempt = next ? next->id : 0,
                         });
}

struct gate gates_of_first(const struct hypotheses *set,
                           const struct trace_attempt *first)
{
    return pass_limiters(set, &set->items[0].call, 0,
                         (struct windows_question){
                             .ready_lo_ns = INT64_MIN / 2,
                             .ready_hi_ns = first->head_ns,
                             .sent_ns = first->head_ns,
                             .attempt = first->id,
                         });
}

/* May a call timeout inside another layer end the wait for a limiter? */
static bool may_be_cut(const struct hypotheses *set)
{
    for (int i = 1; i < (int)set->judging->profile->layer_count; i++) {
        if (layer_of(set, i)->call_timeout_ns != NS_FOREVER) {
            return true;
        }
    }
    return false;
}

int64_t gates_held_since(const struct hypotheses *set, int from,
                         int64_t sent_ns)
{
    int64_t since_ns = sent_ns;
    for (int i = (int)set->judging->profile->layer_count - 1; i >= from; i--) {
        const struct rate_limiter *policy = &layer_of(set, i)->rate_limiter;
        const struct windows *windows =
            shared_windows(set->lines, i, set->client);
        if (policy->is_used && is_anybodys_guess(set, i)) {
            return 0;
        }
        if (windows) {
            since_ns = windows_held_since(windows, since_ns);
        }
        if (windows && may_be_cut(set)) {
            since_ns = 0; /* and gone on elsewhere before it was over */
        }
    }
    return since_ns;
}

/* -- circuit breakers -------------------------------------------------------
 */

/* What the engine says if the circuit of layer i is open. */
static bool is_stopped(const struct hypotheses *set,
                       const struct hypothesis *hypothesis, int i,
                       int64_t sent_ns)
{
    struct hypothesis copy = *hypothesis;
    if (hypothesis->action.kind == RETRY_SEND) {
        /* The follow-up asks those whose run it begins, and those that are
         * asked before each attempt. */
        return layer_of(set, i)->breaker.checked == BREAKER_PER_ATTEMPT ||
               !(hypothesis->call.covers[0] >> i & 1);
    }
    int64_t at_ns = later(sent_ns, copy.call.wait_from_ns);
    copy.call.wait_until_ns = at_ns;
    hypotheses_step(set, &copy,
                    &(struct retry_event){.kind = RETRY_TIMER, .now_ns = at_ns},
                    &(struct hypotheses_given){.refusing = (uint8_t)(1 << i)});
    return copy.action.kind != RETRY_SEND;
}

/* Must the circuit of layer i have been open? */
static bool must_refuse(const struct hypotheses *set,
                        const struct retry_call *call, int i,
                        const struct circuit_question *question,
                        struct refused *refused)
{
    const struct circuit *circuit = shared_circuit(set->lines, i, set->client);
    if (!circuit || !retry_call_has(call, i) ||
        !circuit_must_refuse(circuit, question, &refused->until_ns,
                             &refused->opened_by)) {
        return false;
    }
    refused->layer = layer_of(set, i);
    return true;
}

/* When the client may have asked the circuit about it. */
static int64_t meant_by(const struct judging *judging,
                        const struct trace_attempt *attempt)
{
    return attempt->head_ns - judging->late_ns -
           starved_before(judging, attempt->head_ns);
}

struct refused gates_refuse_next(const struct hypotheses *set,
                                 const struct hypothesis *hypothesis,
                                 int64_t last, const struct trace_attempt *next)
{
    const struct judging *judging = set->judging;
    int64_t ready_ns = hypotheses_reach(hypothesis).min_ns - judging->early_ns;
    struct circuit_question question = {
        .ready_ns = later(meant_by(judging, next), ready_ns),
        .sent_ns = next->head_ns,
        .last = last,
        .attempt = next->id,
    };
    struct refused refused = {0};
    for (int i = 0; !hypothesis->is_resend && i < hypothesis->call.layer_count;
         i++) {
        if (must_refuse(set, &hypothesis->call, i, &question, &refused) &&
            is_stopped(set, hypothesis, i, next->head_ns)) {
            return refused;
        }
    }
    return (struct refused){0};
}

struct refused gates_refuse_first(struct hypotheses *set,
                                  const struct trace_attempt *first)
{
    const struct retry_call *call = &set->items[0].call;
    struct circuit_question question = {
        .ready_ns = meant_by(set->judging, first),
        .sent_ns = first->head_ns,
        .attempt = first->id,
    };
    struct refused refused = {0};
    for (int i = 0; i < call->layer_count; i++) {
        if (!must_refuse(set, call, i, &question, &refused)) {
            continue;
        }
        struct hypothesis begun = hypotheses_started(
            set, first->head_ns,
            &(struct hypotheses_given){.refusing = (uint8_t)(1 << i)});
        if (begun.action.kind != RETRY_SEND) {
            return refused;
        }
    }
    return (struct refused){0};
}
