#include "client/decide.h"

#include <assert.h>

#include "client/deadline.h"
#include "model/units.h"

static void count_failure(struct retry_layer_state *state, enum attempt_end end)
{
    switch (end) {
    case END_STATUS:
        state->status_failures++;
        return;
    case END_REFUSED:
    case END_UNREACHABLE:
        state->connect_failures++;
        return;
    case END_RESET:
    case END_CLOSE:
    case END_RESET_BODY:
    case END_CUT:
    case END_GARBAGE:
    case END_TIMEOUT:
        state->read_failures++;
        return;
    case END_CANCELLED:
    case END_UNFINISHED:
        return;
    }
}

static bool attempts_are_spent(const struct budget *budget,
                               const struct retry_layer_state *state)
{
    return state->attempts >= budget->attempts ||
           state->connect_failures >= budget->connect_attempts ||
           state->read_failures >= budget->read_attempts ||
           state->status_failures >= budget->status_attempts;
}

static bool elapsed_is_spent(const struct budget *budget,
                             const struct retry_layer_state *state,
                             int64_t now_ns)
{
    return budget->elapsed_ns != NS_FOREVER &&
           now_ns - state->started_ns >= budget->elapsed_ns;
}

static bool delay_is_too_long(const struct budget *budget,
                              const struct retry_layer_state *state,
                              int64_t end_ns)
{
    return budget->elapsed_ns != NS_FOREVER &&
           budget->elapsed_test == ELAPSED_BEFORE_SLEEP &&
           end_ns > units_add(state->started_ns, budget->elapsed_ns);
}

static bool refuse(struct decision *decision, enum retry_reason reason)
{
    decision->action.reason = reason;
    return false;
}

/* Is there time for the layer to try again? If not, why. */
static bool time_allows(const struct retry_call *call,
                        struct decision *decision)
{
    int i = decision->layer;
    int64_t now_ns = decision->event->now_ns;
    if (now_ns >= deadline_call(call, i)) {
        return refuse(decision, REASON_CALL_TIMEOUT);
    }
    if (elapsed_is_spent(&retry_layer(call, i)->budget, &call->state[i],
                         now_ns)) {
        return refuse(decision, REASON_ELAPSED);
    }
    return true;
}

static void use_header(struct delay_law *law, const struct retry_after *policy,
                       const struct retry_after_value *value)
{
    law->has_header = true;
    law->use = policy->use;
    law->header_ns = value->ns;
    law->at_least_ns = policy->at_least_ns;
    law->at_most_ns = policy->at_most_ns;
    law->spread_ns = policy->spread_ns;
    law->is_jittered = policy->is_jittered;
}

static void use_forever(struct delay_law *law)
{
    *law = (struct delay_law){
        .has_header = true,
        .use = RA_REPLACE,
        .header_ns = NS_FOREVER,
        .cut_ns = NS_FOREVER,
    };
}

/* False: the header makes this layer (or, when final, the call) give up. */
static bool apply_retry_after(struct decision *decision,
                              const struct retry_after *policy)
{
    struct retry_action *action = &decision->action;
    switch (action->retry_after.effect) {
    case RA_OWN_DELAY:
        return true;
    case RA_WAIT:
    case RA_CLAMP:
        use_header(&action->law, policy, &action->retry_after);
        return true;
    case RA_NEVER:
        use_forever(&action->law);
        action->is_never = true;
        return true;
    case RA_RAISE:
        decision->is_final = true;
        return refuse(decision, REASON_RETRY_AFTER);
    case RA_GIVE_UP:
        return refuse(decision, REASON_RETRY_AFTER);
    }
    assert(false);
    return false;
}

static struct delay_law own_law(const struct retry_call *call,
                                const struct decision *decision)
{
    const struct budget *budget = &retry_layer(call, decision->layer)->budget;
    const struct retry_layer_state *state = &call->state[decision->layer];
    bool is_cut = budget->elapsed_test == ELAPSED_CUT_SLEEP &&
                  budget->elapsed_ns != NS_FOREVER;
    int64_t elapsed_ns = decision->event->now_ns - state->started_ns;
    return (struct delay_law){
        .backoff = &decision->action.rule->backoff,
        .n = state->retries,
        .previous_ns = state->previous_ns,
        .cut_ns = is_cut ? budget->elapsed_ns - elapsed_ns : NS_FOREVER,
    };
}

static struct retry_after_value read_header(const struct decision *decision)
{
    const struct attempt_outcome *outcome = decision->event->outcome;
    return retry_after_read(
        &decision->action.rule->retry_after,
        outcome->end == END_STATUS ? outcome->status : 0, outcome->headers,
        (struct retry_after_body){outcome->body, outcome->body_size},
        decision->event->wall_ns);
}

static bool schedule_wait(struct decision *decision)
{
    struct retry_action *action = &decision->action;
    action->kind = RETRY_WAIT;
    action->wait_from_ns = decision->event->now_ns;
    action->until_ns = units_add(action->wait_from_ns, action->delay_ns);
    decision->is_waiting = true;
    return true;
}

static bool decide_retry(const struct retry_call *call,
                         struct decision *decision)
{
    struct retry_action *action = &decision->action;
    const struct budget *budget = &retry_layer(call, decision->layer)->budget;
    const struct retry_layer_state *state = &call->state[decision->layer];
    if (attempts_are_spent(budget, state)) {
        return refuse(decision, REASON_ATTEMPTS);
    }
    if (!time_allows(call, decision)) {
        return false;
    }
    action->retry_after = read_header(decision);
    action->law = own_law(call, decision);
    if (!apply_retry_after(decision, &action->rule->retry_after)) {
        return false;
    }
    action->delay_ns = backoff_draw(&action->law, decision->event->u);
    if (!action->is_never &&
        delay_is_too_long(
            budget, state,
            units_add(decision->event->now_ns, action->delay_ns))) {
        return refuse(decision, REASON_ELAPSED);
    }
    return schedule_wait(decision);
}

/* At once and not counted, but no longer than time allows. */
static bool decide_poll(const struct retry_call *call,
                        struct decision *decision)
{
    decision->action.law = (struct delay_law){.cut_ns = NS_FOREVER};
    return time_allows(call, decision) && schedule_wait(decision);
}

/* The layer leaves it to the next one out, which hears what a layer further in
 * had to say. It took the outcome for no success all the same. */
static void pass_on(struct decision *decision)
{
    if (decision->action.is_ok) {
        decision->action.is_ok = false;
        decision->action.reason = REASON_FINAL;
    }
}

static void decide(struct retry_call *call, const struct profile_rule *rule,
                   struct decision *decision)
{
    if (rule->action == RULE_PASS) {
        pass_on(decision);
        return;
    }
    decision->action = (struct retry_action){
        .kind = RETRY_DONE,
        .reason = REASON_FINAL,
        .layer = retry_layer(call, decision->layer),
        .rule = rule,
    };
    switch (rule->action) {
    case RULE_RETRY:
        count_failure(&call->state[decision->layer],
                      decision->event->outcome->end);
        decide_retry(call, decision);
        return;
    case RULE_POLL:
        decide_poll(call, decision);
        return;
    case RULE_FAIL:
        decision->is_final = true;
        return;
    case RULE_PASS:
    case RULE_START_OVER:
        assert(!"passed on above, or refused by retry_supports()");
        return;
    }
}

static bool is_success(const struct attempt_outcome *outcome)
{
    return outcome->end == END_STATUS && outcome->status >= 200 &&
           outcome->status < 400;
}

static struct retry_action undecided(const struct attempt_outcome *outcome)
{
    bool is_ok = is_success(outcome);
    return (struct retry_action){
        .kind = RETRY_DONE,
        .reason = is_ok ? REASON_SUCCESS : REASON_FINAL,
        .is_ok = is_ok,
    };
}

void decide_outcome(struct retry_call *call, const struct retry_event *event,
                    struct decision *decision)
{
    *decision = (struct decision){
        .event = event,
        .action = undecided(event->outcome),
    };
    for (int i = call->layer_count - 1; i >= 0; i--) {
        const struct profile_rule *rule =
            retry_call_has(call, i) ? layer_rule(retry_layer(call, i),
                                                 &call->request, event->outcome)
                                    : NULL;
        if (rule) {
            decision->layer = i;
            decide(call, rule, decision);
        }
        if (decision->is_final || decision->is_waiting) {
            return;
        }
    }
}
