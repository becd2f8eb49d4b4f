#include "client/retry_pack.h"

#include <assert.h>

size_t retry_pack_size(int layer_count)
{
    return sizeof(struct retry_packed) +
           (size_t)layer_count * sizeof(struct retry_layer_state);
}

void retry_pack(const struct retry_call *call, struct retry_packed *packed)
{
    assert(call->phase == RETRY_PHASE_SENDING ||
           call->phase == RETRY_PHASE_WAITING);
    assert(call->attempts <= UINT32_MAX);
    *packed = (struct retry_packed){
        .attempt_started_ns = call->attempt_started_ns,
        .wait_from_ns = call->wait_from_ns,
        .wait_until_ns = call->wait_until_ns,
        .look_ns = call->look_ns,
        .attempts = (uint32_t)call->attempts,
        .gate_layer = call->gate_layer,
        .step = (uint8_t)call->step,
        .phase = (uint8_t)call->phase,
        .waiting_layer = (uint8_t)call->waiting_layer,
        .wait_kind = (uint8_t)call->wait_kind,
        .fresh = call->fresh,
        .probes = call->probes,
        .retrying = call->retrying,
        .is_past_window = call->is_past_window,
        .has_reserved = call->has_reserved,
        .is_watching = call->is_watching,
    };
    for (int i = 0; i < call->layer_count; i++)
        packed->layers[i] = call->state[i];
}

void retry_unpack(const struct retry_packed *packed, struct retry_call *call)
{
    call->attempt_started_ns = packed->attempt_started_ns;
    call->wait_from_ns = packed->wait_from_ns;
    call->wait_until_ns = packed->wait_until_ns;
    call->look_ns = packed->look_ns;
    call->attempts = packed->attempts;
    call->gate_layer = packed->gate_layer;
    call->step = packed->step;
    call->phase = (enum retry_phase)packed->phase;
    call->waiting_layer = packed->waiting_layer;
    call->wait_kind = (enum retry_wait_kind)packed->wait_kind;
    call->fresh = packed->fresh;
    call->probes = packed->probes;
    call->retrying = packed->retrying;
    call->is_past_window = packed->is_past_window;
    call->has_reserved = packed->has_reserved;
    call->is_watching = packed->is_watching;
    call->wait.kind = RETRY_WAIT;
    for (int i = 0; i < call->layer_count; i++)
        call->state[i] = packed->layers[i];
}
