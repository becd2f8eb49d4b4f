/* The shipped profiles that a property of single calls is about. */
#ifndef RETRYSPEC_TESTS_JUDGE_PROFILES_H
#define RETRYSPEC_TESTS_JUDGE_PROFILES_H

#include "judge_story.h"

enum { PROFILES_MAX = 128 };

static struct profile *profiles[PROFILES_MAX];
static int profile_count;

/* Limiters and circuits tell calls of each other. This is about single calls.
 */
static inline bool has_shared_gate(const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        if (profile->layers[i].rate_limiter.is_used ||
            profile->layers[i].breaker.is_used) {
            return true;
        }
    }
    return false;
}

static inline int read_profiles(void **state)
{
    (void)state;
    for (const struct embedded_file *f = embedded_files; f->name; f++) {
        struct error error = {0};
        if (strncmp(f->name, "profiles/", 9) != 0) {
            continue;
        }
        struct profile *profile =
            profile_read(f->name, f->bytes, f->size, &error);
        must_read(profile, &error);
        if (!has_shared_gate(profile) && profile_count < PROFILES_MAX) {
            profiles[profile_count++] = profile;
        } else {
            profile_free(profile);
        }
    }
    return profile_count > 0 ? 0 : -1;
}

static inline int free_profiles(void **state)
{
    (void)state;
    while (profile_count > 0) {
        profile_free(profiles[--profile_count]);
    }
    return 0;
}

#endif
