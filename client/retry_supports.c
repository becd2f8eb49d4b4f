#include <stdio.h>

#include "client/retry.h"

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

bool retry_supports(const struct profile *profile, struct error *error)
{
    struct review review = {profile, error};
    int before = error->count + error->dropped;
    for (size_t i = 0; i < profile->layer_count; i++) {
        review_slots(&review, &profile->layers[i],
                     profile->layers[i].where ? profile->layers[i].where : "");
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
