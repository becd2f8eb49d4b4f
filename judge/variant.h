/* A profile that can be changed: a copy whose layers and rules are its own. */
#ifndef RETRYSPEC_JUDGE_VARIANT_H
#define RETRYSPEC_JUDGE_VARIANT_H

#include "model/profile.h"

struct variant {
    struct arena *arena;
    struct profile profile; /* borrows what is not a layer or a rule */
    struct layer *layers;
    struct profile_rule *rules[PROFILE_LAYERS_MAX];
};

/* False without memory. */
bool variant_init(struct variant *variant, const struct profile *profile,
                  struct arena *arena);

/* The adapter was asked for another timeout of an attempt than the profile's.
 * It replaces the limit, not what the limit is a limit of. */
void variant_set_read_timeout(struct variant *variant, int64_t limit_ns);

#endif
