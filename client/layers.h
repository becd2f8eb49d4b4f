/* Sets of layers as bits, 1 << layer. Pure; a part of the retry engine. */
#ifndef RETRYSPEC_CLIENT_LAYERS_H
#define RETRYSPEC_CLIENT_LAYERS_H

#include <stdbool.h>
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

static inline bool layers_have(uint8_t layers, int i)
{
    return layers >> i & 1;
}

/* -1: there is none. */
static inline int layers_innermost(uint8_t layers)
{
    return layers ? 31 - __builtin_clz(layers) : -1;
}

/* Those of the set that cover the request in hand, from `from` inwards. */
static inline uint8_t layers_from(const struct retry_call *call, uint8_t layers,
                                  int from)
{
    unsigned inwards = (unsigned)UINT8_MAX << from;
    return (uint8_t)(layers & call->covers[call->step] & inwards);
}

/* The same from the outermost one to `last`. */
static inline uint8_t layers_to(const struct retry_call *call, uint8_t layers,
                                int last)
{
    unsigned inside = (unsigned)UINT8_MAX << (last + 1);
    return layers_from(call, (uint8_t)(layers & ~inside), 0);
}

#endif
