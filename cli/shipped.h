/* The data files carried in the binary, by what they are. */
#ifndef RETRYSPEC_CLI_SHIPPED_H
#define RETRYSPEC_CLI_SHIPPED_H

#include <stddef.h>

#include "model/arena.h"
#include "model/embedded.h"

enum shipped_kind {
    SHIPPED_SCENARIO, /* id "retry-after/429-seconds" */
    SHIPPED_PROFILE,  /* id "curl-retry" */
    SHIPPED_WORLD,    /* id "outage-2min" */
    SHIPPED_SCHEMA,   /* id "verdict" */
    SHIPPED_ADAPTER,  /* id "py": the ending of its file */
    SHIPPED_RULES,    /* id "rules" */
};

enum { SHIPPED_ID_MAX = 256 };

/* The next file of a kind after `file`, from the first for NULL; NULL at the
 * end. */
const struct embedded_file *shipped_next(enum shipped_kind kind,
                                         const struct embedded_file *file);

/* NULL if there is none. */
const struct embedded_file *shipped_find(enum shipped_kind kind,
                                         const char *id);

/* The id of a shipped file. Returns id. */
char *shipped_id(const struct embedded_file *file, char id[SHIPPED_ID_MAX]);

/* Where the file stands in the source tree: "scenarios/rules.jsonc". Returns
 * path. */
char *shipped_path(const struct embedded_file *file, char path[SHIPPED_ID_MAX]);

/* All ids of a kind, NULL-ended, in `arena`; NULL without memory. */
const char *const *shipped_ids(enum shipped_kind kind, struct arena *arena);

/* The id that was probably meant, in `arena`; NULL if none is near. */
const char *shipped_nearest(enum shipped_kind kind, const char *word,
                            struct arena *arena);

#endif
