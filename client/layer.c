#include "client/outcome.h"

const struct profile_rule *layer_rule(const struct layer *layer,
                                      const struct retry_request *request,
                                      const struct attempt_outcome *outcome)
{
    for (size_t i = 0; !layer->is_disabled && i < layer->rule_count; i++) {
        if (outcome_fits(&layer->rules[i].on, request, outcome)) {
            return &layer->rules[i];
        }
    }
    return NULL;
}
