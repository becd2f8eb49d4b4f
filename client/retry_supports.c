#include <stdio.h>

#include "client/retry.h"
#include "model/units.h"

/* Collects problems about one profile. */
struct review {
    const struct profile *profile;
    struct error *error;
};

static struct problem *refuse(const struct review *review, const char *parent,
                              const char *key, const char *what)
{
    struct problem *problem = error_add(
        review->error, PROBLEM_INPUT,
        "the engine can't execute %s yet, so it would judge wrongly", what);
    snprintf(problem->file, sizeof problem->file, "%s",
             review->profile->file ? review->profile->file : "");
    snprintf(problem->path, sizeof problem->path, "%s%s%s", parent,
             *parent ? "." : "", key);
    return problem;
}

static void review_rule(const struct review *review,
                        const struct profile_rule *rule)
{
    const char *where = rule->where ? rule->where : "";
    if (rule->action == RULE_START_OVER) {
        refuse(review, where, "do", "a rule that starts the call over");
    }
    if (rule->on.body.pointer) {
        refuse(review, where, "on.body", "a condition on the response body");
    }
}

static void review_slots(const struct review *review, const struct layer *layer,
                         const char *where)
{
    if (layer->slots.limit == 0) {
        return;
    }
    switch (layer->slots.scope) {
    case SLOTS_HANDLER:
    case SLOTS_CLIENT:
        return;
    case SLOTS_SESSION:
    case SLOTS_GLOBAL:
    case SLOTS_URL_AND_KEY:
        refuse(review, where, "slots.scope", "slots shared beyond one client");
        return;
    }
}

static void review_layer(const struct review *review, const struct layer *layer,
                         bool is_outermost)
{
    const char *where = layer->where ? layer->where : "";
    if (layer->budget.tokens.is_used) {
        refuse(review, where, "budget.tokens", "a bucket of retry tokens");
    }
    if (layer->rate_limiter.is_used) {
        refuse(review, where, "rate_limiter", "a rate limiter");
    }
    if (layer->breaker.is_used) {
        refuse(review, where, "breaker", "a circuit breaker");
    }
    if (!is_outermost && layer->call_timeout_ns != NS_FOREVER) {
        refuse(review, where, "call_timeout",
               "a call timeout inside another layer");
    }
    review_slots(review, layer, where);
    for (size_t i = 0; i < layer->rule_count; i++) {
        review_rule(review, &layer->rules[i]);
    }
}

bool retry_supports(const struct profile *profile, struct error *error)
{
    struct review review = {profile, error};
    int before = error->count + error->dropped;
    for (size_t i = 0; i < profile->layer_count; i++) {
        review_layer(&review, &profile->layers[i], i == 0);
    }
    if (profile->resend.is_used) {
        refuse(&review, "", "resend", "re-sends below the layers");
    }
    if (profile->resumes_with_range) {
        refuse(&review, "", "resumes_with_range",
               "a resumed body (Range request)");
    }
    return error->count + error->dropped == before;
}
