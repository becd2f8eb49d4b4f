/* What it means to break a rule: MUST fails, SHOULD warns. The catalogue gives
 * each rule a level, a profile may give it another, and so may a scenario's
 * check. Words in files are "must" and "should". */
#ifndef RETRYSPEC_MODEL_LEVEL_H
#define RETRYSPEC_MODEL_LEVEL_H

#include <stdbool.h>

#include "model/jsonc.h"

enum level { LEVEL_PROFILE, LEVEL_MUST, LEVEL_SHOULD };

/* "must"; not of LEVEL_PROFILE, which is no level but "as the catalogue or the
 * profile says". */
const char *level_json_word(enum level level);

/* "MUST" */
const char *level_people_word(enum level level);

/* Reads the value. False and a problem if it is no word of a level. */
bool level_read(const struct jsonc_value *at, enum level *level);

#endif
