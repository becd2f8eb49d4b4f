/* One attempt: sent, sent again below the layers, ended, aborted. As
 * client/driver_attempt.c. */
#include <string.h>

#include "sim/sim_parts.h"

static struct sim_world *world_of(const struct sim_call *call)
{
    return call->client->world;
}

static int64_t now(const struct sim_call *call)
{
    return sim_now(world_of(call));
}

/* The engine itself knows the end of a total limit; the other two depend on
 * what the wire shows. */
int64_t sim_attempt_deadline(const struct sim_call *call)
{
    const struct sim_conn *conn = call->conn;
    switch (call->limit.kind) {
    case TIMEOUT_TOTAL:
        return NS_FOREVER;
    case TIMEOUT_HEAD:
        return conn->answer.head_ns <= now(call)
                   ? NS_FOREVER
                   : units_add(call->attempt_ns, call->limit.limit_ns);
    case TIMEOUT_INACTIVITY:
        return units_add(sim_conn_last_byte(conn, call->sent_ns),
                         call->limit.limit_ns);
    }
    return NS_FOREVER;
}

static void count_attempt(struct sim_world *world)
{
    world->stats->attempts++;
    world->is_endless |= world->stats->attempts > sim_attempts_most(world);
}

static void transmit(struct sim_call *call)
{
    call->sent_ns = now(call);
    if (!sim_conn_send(call)) {
        sim_fail_memory(world_of(call));
    }
}

void sim_attempt_begin(struct sim_call *call, const struct retry_action *action)
{
    struct sim_world *world = world_of(call);
    call->state = SIM_CALL_SENDING;
    call->attempt_ns = now(call);
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    call->limit = caller_timeout(&action->attempt_timeout,
                                 world->scenario->workload.read_timeout_ns);
    call->last = (struct attempt_outcome){.end = END_UNFINISHED};
    call->resends = 0;
    count_attempt(world);
    sim_request_renew(call);
    transmit(call);
}

bool sim_attempt_resend(struct sim_call *call,
                        const struct attempt_outcome *outcome)
{
    if (!caller_resends(&world_of(call)->profile.resend, outcome,
                        call->resends)) {
        return false;
    }
    call->resends++;
    count_attempt(world_of(call));
    transmit(call);
    return true;
}

struct retry_action sim_attempt_end(struct sim_call *call,
                                    const struct attempt_outcome *outcome,
                                    const char *sha256)
{
    struct retry_event event = {
        .kind = RETRY_ENDED,
        .now_ns = now(call),
        .wall_ns = world_of(call)->wall_ns + now(call),
        .u = rng_uniform(&call->rng),
        .outcome = outcome,
    };
    struct retry_action action = retry_step(&call->engine, &event);
    call->last = (struct attempt_outcome){
        .end = outcome->end,
        .status = outcome->status,
    };
    memcpy(call->last_sha256, sha256, strlen(sha256) + 1);
    return action;
}

void sim_attempt_abort(struct sim_call *call)
{
    sim_conn_leave(call->conn);
    call->last = (struct attempt_outcome){.end = END_CANCELLED};
}
