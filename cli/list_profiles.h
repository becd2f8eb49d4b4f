/* `retryspec list --profiles`. */
#ifndef RETRYSPEC_CLI_LIST_PROFILES_H
#define RETRYSPEC_CLI_LIST_PROFILES_H

#include <stdbool.h>
#include <stddef.h>

struct list_profiles_request {
    const char *const *patterns; /* of ids, with * and ?; none: all */
    size_t pattern_count;
    bool is_json;
};

/* Prints the shipped profiles. Returns the exit code. */
int list_profiles(const struct list_profiles_request *request);

#endif
