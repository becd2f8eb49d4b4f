/* A call between two events, in little memory: what fleets of very many calls
 * keep of each (lab/fleet.h). Pure.
 *
 * Kept is the state that retry_step() goes on from. Left out are what the calls
 * of a fleet have in common, and how the present wait came about (its rule, its
 * law): a call that was unpacked tells of its wait only the times. */
#ifndef RETRYSPEC_CLIENT_RETRY_PACK_H
#define RETRYSPEC_CLIENT_RETRY_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "client/retry.h"

struct retry_packed {
    int64_t attempt_started_ns, wait_from_ns, wait_until_ns;
    int64_t look_ns;
    uint32_t attempts;
    int16_t gate_layer;
    uint8_t step, phase, waiting_layer, wait_kind, fresh, probes, retrying;
    bool is_past_window, has_reserved, is_watching;
    struct retry_layer_state layers[]; /* of the profile */
};

/* Bytes for a call of `layer_count` layers; a multiple of 8. */
size_t retry_pack_size(int layer_count);

/* `call` is waiting or in flight. */
void retry_pack(const struct retry_call *call, struct retry_packed *packed);

/* Into a call that retry_call_init() bound to the same profile and request; one
 * such call serves for all packed ones, one after the other. */
void retry_unpack(const struct retry_packed *packed, struct retry_call *call);

#endif
