/* Sets of layers as bits, 1 << layer. Pure; a part of the retry engine. */
#ifndef RETRYSPEC_CLIENT_LAYERS_H
#define RETRYSPEC_CLIENT_LAYERS_H

#include <stdint.h>

#include "client/retry.h"

/* Takes the outermost layer out of the set; -1: there is none. */
static inline int layers_take(uint8_t *layers)
{
    if (*layers == 0)
        return -1;
    int i = __builtin_ctz(*layers);
    *layers &= (uint8_t)(*layers - 1);
    return i;
}

/* Those of the set that cover the request in hand, from `from` to `to`. */
static inline uint8_t layers_between(const struct retry_call *call,
                                     uint8_t layers, int from, int to)
{
    unsigned inwards = (unsigned)UINT8_MAX << from;
    unsigned outwards = (1U << (to + 1)) - 1;
    return (uint8_t)(layers & call->covers[call->step] & inwards & outwards);
}

#endif
