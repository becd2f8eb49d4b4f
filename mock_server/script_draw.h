/* What chance decides about one answer. */
#ifndef RETRYSPEC_MOCK_SERVER_SCRIPT_DRAW_H
#define RETRYSPEC_MOCK_SERVER_SCRIPT_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "model/rng.h"
#include "model/scenario.h"

struct script_draw {
    bool is_fault_due;
    int64_t delay_ns;
};

/* Draws from a stream of the answer's own. The chance comes first, also where
 * it is certain, so that giving a fault a chance leaves the delays alone. */
struct script_draw script_draw(const struct reply *reply, struct rng *rng);

/* As script_draw, for a request: a fault at accept that chance let pass is not
 * drawn again. */
struct script_draw script_draw_at_request(const struct reply *reply,
                                          struct rng *rng);

/* Is the answer the same whatever is drawn? */
bool script_draw_is_certain(const struct reply *reply);

#endif
