#include "client/decide.h"

#include <assert.h>

#include "client/allowance.h"
#include "client/budget.h"
#include "client/deadline.h"
#include "client/delay.h"
#include "client/gate.h"
#include "client/layers.h"
#include "client/limiter.h"
#include "client/outcome.h"
#include "client/tokens.h"
#include "model/units.h"

/* -- the rule that matches --------------------------------------------------
 */

struct retry_request decide_request(const struct retry_call *call)
{
    const struct follow_up *follow_up = &call->shared->profile->follow_up;
    return call->step == 0 ? call->request
                           : (struct retry_request){.method = follow_up->method,
                                                    .path = follow_up->path};
}

/* A rule that holds for a time only begins it when it first matches. */
static bool is_within(struct retry_layer_state *state,
                      const struct profile_rule *rule, int64_t now_ns)
{
    if (rule->within_ns == 0)
        return true;
    if (!state->has_within) {
        state->has_within = true;
        state->within_since_ns = now_ns;
    }
    return now_ns < units_after(state->within_since_ns, rule->within_ns);
}

static const struct profile_rule *present_rule(
    struct retry_call *call, int i, const struct decide_question *question)
{
    const struct layer *layer = retry_layer(call, i);
    struct retry_request request = decide_request(call);
    if (layer->is_disabled)
        return NULL;
    for (size_t k = 0; k < layer->rule_count; k++) {
        const struct profile_rule *rule = &layer->rules[k];
        if (outcome_fits(&rule->on, &request, question->outcome) &&
            is_within(&call->state[i], rule, question->event->now_ns))
            return rule;
    }
    return NULL;
}

/* Names a rule of the call; the outermost layer may wait for a rule of another
 * one. */
static int16_t rule_number(const struct retry_call *call, int i,
                           const struct profile_rule *rule)
{
    ptrdiff_t index = rule - retry_layer(call, i)->rules;
    return (int16_t)(1 + i * PROFILE_RULES_MAX + index);
}

static void note_streak(struct retry_layer_state *state, int16_t number)
{
    if (state->streak_rule != number) {
        state->streak_rule = number;
        state->streak = 0;
    }
}

/* -- tokens -----------------------------------------------------------------
 */

static double *tokens_of(const struct retry_call *call, int i)
{
    return &call->shared->layers[i].tokens;
}

static const struct token_bucket *bucket_of(const struct retry_call *call,
                                            int i)
{
    return layers_have(call->shared->having.tokens, i)
               ? &retry_layer(call, i)->budget.tokens
               : NULL;
}

static void charge_failure(const struct retry_call *call, int i,
                           enum failures_cost kind,
                           const struct attempt_outcome *outcome)
{
    const struct token_bucket *bucket = bucket_of(call, i);
    if (bucket && !outcome_is_success(outcome))
        tokens_charge_failure(bucket, tokens_of(call, i), kind, outcome->end);
}

static bool tokens_are_there(const struct retry_call *call, int i,
                             enum attempt_end end)
{
    const struct token_bucket *bucket = bucket_of(call, i);
    return !bucket || tokens_allow(bucket, *tokens_of(call, i), end);
}

static void charge_retry(struct retry_call *call, int i, enum attempt_end end)
{
    const struct token_bucket *bucket = bucket_of(call, i);
    if (bucket)
        call->state[i].paid =
            (uint8_t)tokens_charge_retry(bucket, tokens_of(call, i), end);
}

/* -- may the layer try again? -----------------------------------------------
 */

static bool refuse(struct decision *decision, enum retry_reason reason)
{
    decision->action->reason = reason;
    return false;
}

static bool raise_error(struct decision *decision, enum retry_reason reason)
{
    decision->is_final = true;
    return refuse(decision, reason);
}

/* A poll is no retry: neither attempts nor tokens count it. */
static bool budget_allows(const struct retry_call *call,
                          struct decision *decision)
{
    int i = decision->layer;
    const struct profile_rule *rule = decision->action->rule;
    bool is_poll = rule->action == RULE_POLL;
    int64_t now_ns = decision->question->event->now_ns;
    bool is_at_limit =
        rule->limit > 0 && delay_count(rule, &call->state[i]) >= rule->limit;
    if (is_at_limit || (!is_poll && budget_attempts_are_spent(call, i)))
        return refuse(decision, REASON_ATTEMPTS);
    if (now_ns >= deadline_call(call, i))
        return refuse(decision, REASON_CALL_TIMEOUT);
    if (budget_elapsed_is_spent(call, i, now_ns))
        return refuse(decision, REASON_ELAPSED);
    if (!is_poll &&
        !tokens_are_there(call, i, decision->question->outcome->end))
        return refuse(decision, REASON_TOKENS);
    if (!is_poll && !allowance_permits(call, i, now_ns))
        return refuse(decision, REASON_ALLOWANCE);
    return true;
}

/* The delay of a rule by the counters of layer i. */
static struct delay_request delay_request(
    const struct retry_call *call, int i, const struct profile_rule *rule,
    const struct decide_question *question)
{
    return (struct delay_request){
        .rule = rule,
        .state = &call->state[i],
        .outcome = question->outcome,
        .wall_ns = question->event->wall_ns,
        .cut_ns = NS_FOREVER,
    };
}

static bool delay_allows(const struct retry_call *call,
                         struct decision *decision)
{
    int i = decision->layer;
    struct delay_request request =
        delay_request(call, i, decision->action->rule, decision->question);
    request.cut_ns = budget_cut_ns(call, i, decision->question->event->now_ns);
    switch (delay_bind(&request, decision->action)) {
    case DELAY_LAW:
        return true;
    case DELAY_GIVE_UP:
        return refuse(decision, REASON_RETRY_AFTER);
    case DELAY_RAISE:
        return raise_error(decision, REASON_RETRY_AFTER);
    case DELAY_OVERFLOW:
        return raise_error(decision, REASON_OVERFLOW);
    }
    assert(false);
    return false;
}

static void schedule_wait(struct retry_call *call, struct decision *decision)
{
    struct retry_action *action = decision->action;
    int64_t now_ns = decision->question->event->now_ns;
    if (action->rule->action != RULE_POLL) {
        charge_retry(call, decision->layer, decision->question->outcome->end);
        allowance_take(call, decision->layer, now_ns);
    }
    action->kind = RETRY_WAIT;
    action->wait_from_ns = now_ns;
    action->until_ns = units_after(action->wait_from_ns, action->delay_ns);
    decision->is_waiting = true;
}

static void try_again(struct retry_call *call, struct decision *decision)
{
    struct retry_action *action = decision->action;
    const struct retry_event *event = decision->question->event;
    if (action->rule->action != RULE_POLL)
        budget_count_failure(call, decision->layer,
                             decision->question->outcome->end);
    if (!budget_allows(call, decision) || !delay_allows(call, decision))
        return;
    action->delay_ns = backoff_draw(&action->law, event->u);
    if (!action->is_never &&
        budget_forbids_sleep(call, decision->layer,
                             units_after(event->now_ns, action->delay_ns)))
        refuse(decision, REASON_ELAPSED);
    else
        schedule_wait(call, decision);
}

/* -- what a rule says -------------------------------------------------------
 */

/* A throttling answer closes the limiter whether the layer tries again or not.
 * A rule that knows no delay closes nothing. */
static void close_limiter(struct retry_call *call, int i,
                          const struct profile_rule *rule,
                          const struct decide_question *question)
{
    struct retry_action asked = {.rule = rule};
    struct delay_request request = delay_request(call, i, rule, question);
    if (delay_bind(&request, &asked) != DELAY_LAW ||
        (!asked.law.has_header && rule->backoff.schedule == SCHEDULE_NONE))
        return;
    limiter_close(gate_limiter(call, i), question->event->now_ns,
                  backoff_draw(&asked.law, question->event->u));
}

/* There is one: the layer whose rule it is. */
static int outermost_enabled(const struct retry_call *call)
{
    uint8_t left = call->covers[call->step];
    int i = layers_take(&left);
    while (retry_layer(call, i)->is_disabled)
        i = layers_take(&left);
    return i;
}

static void start_over(struct retry_call *call, int i,
                       struct decision *decision)
{
    int outermost = outermost_enabled(call);
    decision->layer = outermost;
    decision->action->layer = retry_layer(call, outermost);
    note_streak(&call->state[outermost],
                rule_number(call, i, decision->action->rule));
    try_again(call, decision);
    decision->is_final = !decision->is_waiting;
}

static void obey(struct retry_call *call, int i,
                 const struct profile_rule *rule, struct decision *decision)
{
    if (rule->closes_limiter)
        close_limiter(call, i, rule, decision->question);
    if (rule->action == RULE_PASS) {
        decision->is_passed = true;
        return;
    }
    decision->layer = i;
    decision->has_spoken = true;
    *decision->action = retry_no_action;
    decision->action->kind = RETRY_DONE;
    decision->action->reason = REASON_FINAL;
    decision->action->layer = retry_layer(call, i);
    decision->action->rule = rule;
    switch (rule->action) {
    case RULE_PASS:
    case RULE_FAIL:
        decision->is_final = true;
        return;
    case RULE_RETRY:
    case RULE_POLL:
        try_again(call, decision);
        return;
    case RULE_START_OVER:
        start_over(call, i, decision);
        return;
    }
}

/* For the budgets that all calls share. */
static void count(struct retry_call *call, int i,
                  const struct decide_question *question)
{
    allowance_release(call, (uint8_t)(1 << i));
    if (!outcome_is_success(question->outcome))
        allowance_fail(call, i, question->event->now_ns);
    charge_failure(call, i, FAILURES_COST, question->outcome);
}

static void ask_layer(struct retry_call *call, int i, struct decision *decision)
{
    const struct retry_shared *shared = call->shared;
    if (layers_have(shared->having.tokens | shared->having.allowance, i))
        count(call, i, decision->question);
    if (decision->is_final)
        return;
    const struct profile_rule *rule = present_rule(call, i, decision->question);
    if (!rule)
        return;
    if (rule->action == RULE_RETRY)
        charge_failure(call, i, FAILURES_RETRYABLE_COST,
                       decision->question->outcome);
    note_streak(&call->state[i], rule_number(call, i, rule));
    obey(call, i, rule, decision);
}

/* What the call comes to if no layer has anything to say. A layer that passed
 * an outcome on took it for no success all the same. */
static void conclude(struct decision *decision)
{
    bool is_ok = decision->question->reason == REASON_SUCCESS;
    *decision->action = retry_no_action;
    decision->action->kind = RETRY_DONE;
    decision->action->is_ok = is_ok && !decision->is_passed;
    decision->action->reason = is_ok && decision->is_passed
                                   ? REASON_FINAL
                                   : decision->question->reason;
}

void decide_outcome(struct retry_call *call,
                    const struct decide_question *question,
                    struct retry_action *action, struct decision *decision)
{
    decision->question = question;
    decision->action = action;
    decision->has_spoken = decision->is_passed = false;
    decision->is_waiting = decision->is_final = false;
    /* The runs inside were cut off. */
    allowance_release(call, (uint8_t)(UINT8_MAX << (question->from + 1)));
    for (int i = question->from; i >= 0 && !decision->is_waiting; i--) {
        if (retry_call_has(call, i))
            ask_layer(call, i, decision);
    }
    if (!decision->has_spoken)
        conclude(decision);
}
