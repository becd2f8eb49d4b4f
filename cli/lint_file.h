/* One file under `retryspec lint`: what it is and what is wrong with it. */
#ifndef RETRYSPEC_CLI_LINT_FILE_H
#define RETRYSPEC_CLI_LINT_FILE_H

#include <stdbool.h>

#include "cli/source.h"
#include "model/error.h"
#include "model/verdict.h"

enum lint_kind {
    LINT_UNKNOWN,
    LINT_SCENARIO,
    LINT_PROFILE,
    LINT_WORLD,
    LINT_RULES
};

extern const char *const lint_kind_words[]; /* indexed by enum lint_kind */

struct lint_file {
    struct source source;
    const struct embedded_file *shipped; /* NULL: from disk */
    enum lint_kind kind;
    char id[SHIPPED_ID_MAX]; /* of a scenario or profile; "" if not read */
    struct error problems;
};

/* Fills kind, id and problems from the source. `rules` are those that
 * checks may name. */
void lint_file_check(struct lint_file *file,
                     const struct rule_catalogue *rules);

#endif
