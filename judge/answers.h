/* The scripted answers of a scenario, found by the JSON path that an attempt
 * names them by. */
#ifndef RETRYSPEC_JUDGE_ANSWERS_H
#define RETRYSPEC_JUDGE_ANSWERS_H

#include <stdbool.h>

#include "judge/names.h"
#include "model/scenario.h"

struct cJSON;

struct scripted {
    const struct reply *reply;
    struct cJSON *json; /* its body, parsed; NULL: none, or nobody asks */
};

struct answers {
    struct names *places;
    struct scripted *items; /* by the number of their place */
};

/* Of steps and windows. False without memory; free with answers_deinit, before
 * the arena. */
bool answers_init(struct answers *answers, const struct scenario *scenario,
                  bool parses_bodies, struct arena *arena);
void answers_deinit(struct answers *answers);

/* NULL: none there. */
const struct scripted *answers_find(const struct answers *answers,
                                    const char *where);

#endif
