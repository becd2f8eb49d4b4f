/* The catalogue of named misreadings, by theme: what people get wrong when they
 * port a policy, each as a change of the profile.
 *
 * Inside a theme the smallest claim stands first: what changes a number or a
 * special case before what drops a whole part of the policy.
 * docs/misreadings.md has the list. */
#ifndef RETRYSPEC_JUDGE_MISREADINGS_H
#define RETRYSPEC_JUDGE_MISREADINGS_H

#include "judge/variant.h"

/* Exactly one of the functions is given; it returns whether it changed
 * anything. */
struct misreading {
    bool (*rule)(struct profile_rule *rule); /* every rule */
    bool (*layer)(struct layer *layer);      /* every layer, but its rules */
    bool (*whole)(struct variant *variant);
    const char *text;
};

struct misreadings {
    const struct misreading *items;
    size_t count;
};

extern const struct misreadings misreadings_header;  /* Retry-After */
extern const struct misreadings misreadings_backoff; /* own delays */
extern const struct misreadings misreadings_budget;  /* attempts and time */
extern const struct misreadings misreadings_retried; /* what is retried */
extern const struct misreadings misreadings_shared;  /* what calls share */
extern const struct misreadings misreadings_sent;    /* what is sent */
extern const struct misreadings misreadings_jitter;  /* some allow much */

#endif
