/* Rules that two profiles give different levels. Pure. */
#ifndef RETRYSPEC_COMPARE_LEVELS_H
#define RETRYSPEC_COMPARE_LEVELS_H

#include "compare/compare.h"
#include "model/verdict.h"

/* Fills the comparison's levels. A profile that gives a rule none leaves it the
 * catalogue's. False without memory. */
bool levels_compare(struct comparison *comparison,
                    const struct rule_catalogue *rules);

#endif
