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

/* A walk over all rules; zero begins it. */
struct variant_place {
    size_t layer; /* of `rule` */
    size_t next;  /* index in that layer to look at next */
    struct profile_rule *rule;
};
bool variant_next_rule(const struct variant *variant, struct variant_place *at);

/* Puts a copy of the rule of the walk right behind it; the walk goes on behind
 * the copy. `at->rule` is then the first of the two. False: no room. */
bool variant_repeat_rule(struct variant *variant, struct variant_place *at);

/* The adapter was asked for another timeout of an attempt than the profile's.
 * It replaces the limit, not what the limit is a limit of. */
void variant_set_read_timeout(struct variant *variant, int64_t limit_ns);

#endif
