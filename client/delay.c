#include "client/delay.h"

#include <assert.h>

#include "model/units.h"

int64_t delay_count(const struct profile_rule *rule,
                    const struct retry_layer_state *state)
{
    switch (rule->count) {
    case COUNT_RUN:
        return state->retries;
    case COUNT_STREAK:
        return state->streak;
    case COUNT_ITERATIONS:
        return state->retries + state->polls;
    }
    assert(false);
    return 0;
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

static enum delay_answer apply_retry_after(const struct retry_after *policy,
                                           struct retry_action *action)
{
    switch (action->retry_after.effect) {
    case RA_OWN_DELAY:
        return DELAY_LAW;
    case RA_WAIT:
    case RA_CLAMP:
        use_header(&action->law, policy, &action->retry_after);
        return DELAY_LAW;
    case RA_NEVER:
        use_forever(&action->law);
        action->is_never = true;
        return DELAY_LAW;
    case RA_RAISE:
        return DELAY_RAISE;
    case RA_GIVE_UP:
        return DELAY_GIVE_UP;
    }
    assert(false);
    return DELAY_GIVE_UP;
}

static struct retry_after_value read_retry_after(
    const struct delay_request *request)
{
    const struct attempt_outcome *outcome = request->outcome;
    return retry_after_read(
        &request->rule->retry_after,
        outcome->end == END_STATUS ? outcome->status : 0, outcome->headers,
        (struct retry_after_body){outcome->body, outcome->body_size,
                                  outcome->json},
        request->wall_ns);
}

/* A client that takes the delay from the header does not compute its own. */
static bool overflows(const struct delay_law *law)
{
    return (!law->has_header || law->use == RA_MAXIMUM) && law->backoff &&
           law->backoff->overflow == OVERFLOW_RAISE &&
           backoff_overflows(law->backoff, law->n);
}

enum delay_answer delay_bind(const struct delay_request *request,
                             struct retry_action *action)
{
    const struct profile_rule *rule = request->rule;
    action->law = (struct delay_law){
        .backoff = &rule->backoff,
        .n = delay_count(rule, request->state),
        .previous_ns = request->state->previous_ns,
        .cut_ns = request->cut_ns,
    };
    action->retry_after = read_retry_after(request);
    enum delay_answer answer = apply_retry_after(&rule->retry_after, action);
    return answer == DELAY_LAW && overflows(&action->law) ? DELAY_OVERFLOW
                                                          : answer;
}
