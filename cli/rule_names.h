/* Do the rules that a file names exist? The readers know no catalogue. */
#ifndef RETRYSPEC_CLI_RULE_NAMES_H
#define RETRYSPEC_CLI_RULE_NAMES_H

#include "model/arena.h"
#include "model/jsonc.h"
#include "model/profile.h"
#include "model/scenario.h"
#include "model/verdict.h"

/* Each adds a problem, with the nearest rule as its hint, at every name of a
 * rule that the catalogue does not have. `root` is the file. */
void rule_names_check_scenario(const struct jsonc_value *root,
                               const struct scenario *scenario,
                               const struct rule_catalogue *rules);
void rule_names_check_profile(const struct jsonc_value *root,
                              const struct profile *profile,
                              const struct rule_catalogue *rules);

/* All ids, NULL-ended; they are the catalogue's. NULL without memory. */
const char **rule_names_list(const struct rule_catalogue *rules,
                             struct arena *arena);

/* The nearest id; NULL if none is near. */
const char *rule_names_nearest(const char *id,
                               const struct rule_catalogue *rules);

#endif
