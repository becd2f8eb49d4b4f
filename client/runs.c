#include "client/runs.h"

#include "client/allowance.h"
#include "client/deadline.h"
#include "client/gate.h"
#include "client/layers.h"
#include "client/limiter.h"
#include "client/tokens.h"

void runs_begin(struct retry_call *call, uint8_t layers, int64_t now_ns)
{
    layers &= (uint8_t) ~((unsigned)UINT8_MAX << call->layer_count);
    call->fresh |= layers;
    for (int i; (i = layers_take(&layers)) >= 0;) {
        call->state[i] = (struct retry_layer_state){
            .attempts = 1,
            .started_ns = now_ns,
        };
    }
}

void runs_start(struct retry_call *call, int64_t now_ns)
{
    bool is_idle = call->shared->active_calls == 0;
    uint8_t covered = call->covers[0] | call->covers[1];
    for (int i; (i = layers_take(&covered)) >= 0;) {
        const struct layer *layer = retry_layer(call, i);
        const struct token_bucket *bucket = &layer->budget.tokens;
        if (is_idle && retry_call_has(call, i) &&
            layer->progress.resets_when_idle) {
            *deadline_shared_progress(call, i) = now_ns;
        }
        if (layers_have(call->shared->having.tokens, i)) {
            tokens_begin(bucket, &call->shared->layers[i].tokens);
        }
    }
    allowance_begin(call, now_ns);
    runs_begin(call, UINT8_MAX, now_ns);
}

static void succeed_layer(struct retry_call *call, int i, int64_t now_ns)
{
    const struct layer *layer = retry_layer(call, i);
    const struct token_bucket *bucket = &layer->budget.tokens;
    struct retry_layer_shared *shared = &call->shared->layers[i];
    shared->progress_ns = now_ns;
    if (layer->rate_limiter.clears_on_success) {
        limiter_clear(gate_limiter(call, i));
    }
    if (layers_have(call->shared->having.tokens, i)) {
        tokens_succeed(bucket, &shared->tokens,
                       (enum retry_paid)call->state[i].paid);
    }
}

void runs_succeed(struct retry_call *call, uint8_t layers, int64_t now_ns)
{
    for (int i; (i = layers_take(&layers)) >= 0;)
        succeed_layer(call, i, now_ns);
}
