/* A comparison as JSON: scenarios/schema/diff.schema.json. */
#ifndef RETRYSPEC_COMPARE_JSON_H
#define RETRYSPEC_COMPARE_JSON_H

#include <cjson/cJSON.h>

#include "compare/compare.h"

/* The caller deletes it; NULL without memory. */
cJSON *json_comparison(const struct comparison *comparison);

/* Adds the gap matrix to it. */
void json_add_matrix(cJSON *object, const struct comparison *comparison);

#endif
