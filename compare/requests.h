/* For which requests two policies are compared. Pure. */
#ifndef RETRYSPEC_COMPARE_REQUESTS_H
#define RETRYSPEC_COMPARE_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/profile.h"

struct request_list {
    struct request_name {
        const char *method, *path;
    } * items;
    size_t count;
};

/* Those that both profiles cover, one for each pair of ways in which their
 * layers cover it; or the one in `text` ("POST /v1/x"), if it is not NULL.
 * Lives in `arena`. False and a problem if there is none. */
bool requests_find(const struct profile *const profiles[2], const char *text,
                   struct arena *arena, struct request_list *list,
                   struct error *error);

/* Bit i: layer i of the profile covers the request. */
unsigned requests_cover(const struct profile *profile,
                        const struct request_name *request);

#endif
