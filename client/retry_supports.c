#include <stdio.h>

#include "client/retry.h"

/* Collects problems about one profile. */
struct review {
    const struct profile *profile;
    struct error *error;
};

static void refuse(const struct review *review, const char *where,
                   const char *what)
{
    struct problem *problem = error_add(
        review->error, PROBLEM_INPUT,
        "the engine can't execute %s yet, so it would judge wrongly", what);
    snprintf(problem->file, sizeof problem->file, "%s",
             review->profile->file ? review->profile->file : "");
    snprintf(problem->path, sizeof problem->path, "%s", where);
}

static bool reads_body(const struct profile_rule *rule)
{
    const struct retry_after *policy = &rule->retry_after;
    for (size_t i = 0; policy->is_used && i < policy->source_count; i++) {
        if (policy->sources[i].pointer) {
            return true;
        }
    }
    return rule->on.body.pointer != NULL;
}

/* A body that came in two parts is known by its hash only. */
static void review_bodies(const struct review *review,
                          const struct layer *layer)
{
    for (size_t i = 0; i < layer->rule_count; i++) {
        const struct profile_rule *rule = &layer->rules[i];
        if (reads_body(rule)) {
            refuse(review, rule->where ? rule->where : "",
                   "a rule that looks into a body which may be resumed");
        }
    }
}

bool retry_supports(const struct profile *profile, struct error *error)
{
    struct review review = {profile, error};
    int before = error->count + error->dropped;
    for (size_t i = 0; i < profile->layer_count; i++) {
        if (profile->resumes_with_range) {
            review_bodies(&review, &profile->layers[i]);
        }
    }
    return error->count + error->dropped == before;
}
