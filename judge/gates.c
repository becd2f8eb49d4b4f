#include "judge/gates.h"

#include "judge/hypotheses_parts.h"
#include "model/units.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* -- rate limiters ----------------------------------------------------------
 */

/* Through the limiters from layer `from` inwards, one after the other. */
static struct gate pass_limiters(const struct hypotheses *set,
                                 const struct retry_call *call, int from,
                                 struct windows_question question)
{
    struct gate gate = {.due_ns = question.ready_hi_ns};
    for (int i = from; i < call->layer_count; i++) {
        const struct rate_limiter *policy = &retry_layer(call, i)->rate_limiter;
        const struct windows *windows =
            shared_windows(set->lines, i, set->client);
        if (!policy->is_used || !retry_call_has(call, i)) {
            continue;
        }
        question.poll_ns = policy->poll_ns;
        question.ready_hi_ns = gate.due_ns;
        if (windows) {
            struct windows_answer answer = windows_ask(windows, &question);
            gate.due_ns = answer.due_ns;
            gate.is_known |= answer.is_known;
            if (answer.is_shut && !gate.is_shut) {
                gate.is_shut = true;
                gate.end_ns = answer.end_ns;
                gate.closed_by = answer.closed_by;
                gate.layer = retry_layer(call, i);
            }
        }
        if (policy->per_second > 0) {
            gate.due_ns = NS_FOREVER; /* others may be served first */
        }
    }
    return gate;
}

struct gate gates_of_next(const struct hypotheses *set,
                          const struct hypothesis *hypothesis, int64_t last,
                          int64_t sent_ns)
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
                             .sent_ns = sent_ns,
                             .last_attempt = last,
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
                         });
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
        return true; /* the follow-up asks every breaker */
    }
    int64_t at_ns = later(sent_ns, copy.call.wait_from_ns);
    copy.call.wait_until_ns = at_ns;
    hypotheses_step(set, &copy,
                    &(struct retry_event){.kind = RETRY_TIMER, .now_ns = at_ns},
                    &(struct hypotheses_given){.refusing = (uint8_t)(1 << i)});
    return copy.action.kind != RETRY_SEND;
}

/* The layers from the outside in whose circuit must have been open. */
static bool must_refuse(const struct hypotheses *set,
                        const struct retry_call *call, int i, int64_t ready_ns,
                        int64_t sent_ns, int64_t last, struct refused *refused)
{
    const struct circuit *circuit = shared_circuit(set->lines, i, set->client);
    int64_t looks_ns = later(sent_ns - set->judging->late_ns,
                             ready_ns - set->judging->early_ns);
    if (!circuit || !retry_call_has(call, i) ||
        !circuit_must_refuse(circuit, looks_ns, sent_ns, last,
                             &refused->until_ns, &refused->opened_by)) {
        return false;
    }
    refused->layer = retry_layer(call, i);
    return true;
}

struct refused gates_refuse_next(const struct hypotheses *set,
                                 const struct hypothesis *hypothesis,
                                 int64_t last, int64_t sent_ns)
{
    int64_t ready_ns = hypotheses_reach(hypothesis).min_ns;
    struct refused refused = {0};
    for (int i = 0; !hypothesis->is_resend && i < hypothesis->call.layer_count;
         i++) {
        if (must_refuse(set, &hypothesis->call, i, ready_ns, sent_ns, last,
                        &refused) &&
            is_stopped(set, hypothesis, i, sent_ns)) {
            return refused;
        }
    }
    return (struct refused){0};
}

struct refused gates_refuse_first(struct hypotheses *set,
                                  const struct trace_attempt *first)
{
    const struct retry_call *call = &set->items[0].call;
    struct refused refused = {0};
    for (int i = 0; i < call->layer_count; i++) {
        if (!must_refuse(set, call, i, INT64_MIN / 2, first->head_ns, 0,
                         &refused)) {
            continue;
        }
        struct hypothesis begun = hypotheses_started(
            set, first, first->head_ns,
            &(struct hypotheses_given){.refusing = (uint8_t)(1 << i)});
        if (begun.action.kind != RETRY_SEND) {
            return refused;
        }
    }
    return (struct refused){0};
}
