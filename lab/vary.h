/* The axes of a sweep: which member of a profile or a world takes which values.
 * Pure.
 *
 *     backoff.cap=1s..60s:log:9      nine durations, evenly on a log scale
 *     jitter=none,full,sym:0.25      words and laws
 *     clients=100,1000,10000
 *     world.server.fails=0..0.5:3    only in the world */
#ifndef RETRYSPEC_LAB_VARY_H
#define RETRYSPEC_LAB_VARY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/arena.h"
#include "model/error.h"

enum { VARY_VALUES_MAX = 1000, VARY_KEYS_MAX = 8 };

struct vary_axis {
    const char *path;          /* as written */
    const char *const *labels; /* the values as written, or as a range gives */
    const char *const *json;   /* as JSON text */
    size_t count;
};

/* Into `arena`. False and a problem for a text that is none. */
bool vary_read(const char *text, struct arena *arena, struct vary_axis *axis,
               struct error *error);

/* The two files that a path may be in. */
struct vary_files {
    cJSON *profile, *world;
};

/* Puts value `index` wherever the path fits: at every member whose keys end
 * with the path's, whatever lists are on the way. Where only the last key is
 * missing it is added; a key alone that is nowhere is added to all back-offs.
 * False and a problem if it fits nowhere, or in both files. */
bool vary_set(const struct vary_axis *axis, size_t index,
              const struct vary_files *files, struct error *error);

#endif
