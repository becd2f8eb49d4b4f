/* The gaps between the attempts of the calls of a trace, each with the law that
 * a profile has for it. Pure.
 *
 * The engine follows each call as the wire showed it. Bodies of answers and
 * what calls share are not looked at; the judge does that. */
#ifndef RETRYSPEC_LAB_GAPS_H
#define RETRYSPEC_LAB_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/backoff.h"
#include "model/trace.h"

struct gap {
    size_t retry; /* from 1: before the second attempt of its call */
    int64_t ns;   /* from the end of an attempt to the next one's head */
    struct delay_law law;
};

struct gaps {
    struct gap *items; /* by retry, then by length */
    size_t count;
    size_t beyond; /* gaps before attempts that the profile would not make */
};

/* False without memory; gaps_deinit in any case. The laws borrow the profile.
 */
bool gaps_read(const struct trace *trace, const struct profile *profile,
               struct gaps *gaps);
void gaps_deinit(struct gaps *gaps);

#endif
