/* Strings to small numbers, in order of their first appearance. */
#ifndef RETRYSPEC_JUDGE_NAMES_H
#define RETRYSPEC_JUDGE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"

struct names {
    const char **items;
    size_t count;
    uint32_t *slots; /* open addressing; index + 1, 0 is empty */
    size_t slot_count;
};

enum { NAMES_NONE = -1 };

/* Room for `most` different names; NULL without memory. Names are borrowed. */
struct names *names_create(struct arena *arena, size_t most);

/* The number of a name, adding it if it is new. */
size_t names_add(struct names *names, const char *name);

/* The number of a name, NAMES_NONE if it was never added. */
long names_find(const struct names *names, const char *name);

#endif
