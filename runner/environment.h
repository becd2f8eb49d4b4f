/* The environment of the client under test: ours, without what would lead its
 * requests elsewhere, and with what the adapter is told. */
#ifndef RETRYSPEC_RUNNER_ENVIRONMENT_H
#define RETRYSPEC_RUNNER_ENVIRONMENT_H

#include <stddef.h>

#include "model/arena.h"

struct environment_pair {
    const char *name, *value;
};

/* Left out of ours: proxies, in both cases, and every RETRYSPEC_*. NO_PROXY
 * covers the loopback. NULL-ended, in `arena`; NULL without memory. */
char **environment_create(struct arena *arena,
                          const struct environment_pair *pairs, size_t count);

#endif
