/* Patterns of paths, the same in routes of scenarios and layers of profiles:
 * literal text, and * for any run of characters, slashes included. */
#ifndef RETRYSPEC_MODEL_PATH_PATTERN_H
#define RETRYSPEC_MODEL_PATH_PATTERN_H

#include <stdbool.h>

/* Does the whole of `path` match? `path` has no query. */
bool path_pattern_matches(const char *pattern, const char *path);

#endif
