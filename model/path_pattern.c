#include "model/path_pattern.h"

#include <stddef.h>

/* Only the last * is ever tried again: what an earlier one took too little of,
 * a later one can take, so the work is at most pattern times path. */
bool path_pattern_matches(const char *pattern, const char *path)
{
    const char *star = NULL, *retry_from = NULL;
    while (*path) {
        if (*pattern == '*') {
            star = pattern++;
            retry_from = path;
        } else if (*pattern == *path) {
            pattern++;
            path++;
        } else if (star) {
            pattern = star + 1;
            path = ++retry_from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}
