#include "judge/variant.h"

#include <string.h>

#include "model/units.h"

bool variant_init(struct variant *variant, const struct profile *profile,
                  struct arena *arena)
{
    size_t count = profile->layer_count;
    *variant = (struct variant){.arena = arena, .profile = *profile};
    variant->layers = arena_array(arena, count, sizeof *variant->layers);
    if (!variant->layers) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t rules = profile->layers[i].rule_count;
        variant->layers[i] = profile->layers[i];
        variant->rules[i] =
            arena_array(arena, rules, sizeof(struct profile_rule));
        if (!variant->rules[i]) {
            return false;
        }
        if (rules > 0) {
            memcpy(variant->rules[i], profile->layers[i].rules,
                   rules * sizeof(struct profile_rule));
        }
        variant->layers[i].rules = variant->rules[i];
    }
    variant->profile.layers = variant->layers;
    return true;
}

bool variant_next_rule(const struct variant *variant, struct variant_place *at)
{
    while (at->layer < variant->profile.layer_count &&
           at->next >= variant->layers[at->layer].rule_count) {
        at->layer++;
        at->next = 0;
    }
    if (at->layer >= variant->profile.layer_count) {
        return false;
    }
    at->rule = &variant->rules[at->layer][at->next++];
    return true;
}

bool variant_repeat_rule(struct variant *variant, struct variant_place *at)
{
    struct layer *layer = &variant->layers[at->layer];
    size_t count = layer->rule_count;
    struct profile_rule *rules =
        count < PROFILE_RULES_MAX
            ? arena_array(variant->arena, count + 1, sizeof *rules)
            : NULL;
    if (!rules) {
        return false;
    }
    memcpy(rules, layer->rules, at->next * sizeof *rules);
    memcpy(rules + at->next, layer->rules + at->next - 1,
           (count - at->next + 1) * sizeof *rules);
    at->rule = &rules[at->next - 1];
    at->next++;
    layer->rules = variant->rules[at->layer] = rules;
    layer->rule_count++;
    return true;
}

void variant_set_read_timeout(struct variant *variant, int64_t limit_ns)
{
    for (size_t i = 0; i < variant->profile.layer_count; i++) {
        struct attempt_timeout *timeout = &variant->layers[i].attempt_timeout;
        if (timeout->limit_ns != NS_FOREVER) {
            timeout->limit_ns = limit_ns;
        }
    }
}
