/* Attempts on the wire: sent, sent again below the layers, ended, aborted. As
 * client/driver_attempt.c. */
#include <string.h>

#include "sim/sim_parts.h"

static struct sim_call *call_of(const struct course *course)
{
    return course->owner;
}

static struct sim_world *world_of(const struct sim_call *call)
{
    return call->client->world;
}

static int64_t now(const struct sim_call *call)
{
    return sim_now(world_of(call));
}

/* -- sent -------------------------------------------------------------------
 */

static void transmit(struct sim_call *call)
{
    struct sim_world *world = world_of(call);
    world->stats->attempts++;
    world->is_endless |= world->stats->attempts > sim_attempts_most(world);
    call->sent_ns = now(call);
    if (!sim_conn_send(call)) {
        sim_fail_memory(world);
    }
}

void sim_attempt_send(struct course *course)
{
    struct sim_call *call = call_of(course);
    sim_request_renew(call);
    transmit(call);
}

struct course_sight sim_attempt_look(const struct course *course)
{
    const struct sim_call *call = call_of(course);
    return (struct course_sight){
        .has_head = call->conn->answer.head_ns <= now(call),
        .last_byte_ns = sim_conn_last_byte(call->conn, call->sent_ns),
    };
}

/* -- ended ------------------------------------------------------------------
 */

static void end(struct sim_call *call, const struct attempt_outcome *outcome,
                const char *sha256)
{
    memcpy(call->last_sha256, sha256, strlen(sha256) + 1);
    struct retry_action action =
        course_end(&call->course, outcome, world_of(call)->wall_ns + now(call));
    course_act(&call->course, &action);
}

void sim_attempt_on_outcome(struct sim_call *call,
                            const struct attempt_outcome *outcome,
                            const char *sha256)
{
    if (course_resends(&call->course, outcome)) {
        transmit(call);
        course_sent_again(&call->course);
    } else {
        end(call, outcome, sha256);
    }
}

/* Before the connection is there, it is the connecting that took too long. */
static enum attempt_end cut_off(struct sim_call *call)
{
    bool is_connected = sim_conn_is_connected(call->conn);
    sim_conn_leave(call->conn);
    return is_connected ? END_TIMEOUT : END_UNREACHABLE;
}

void sim_attempt_time_out(struct course *course)
{
    struct sim_call *call = call_of(course);
    struct attempt_outcome outcome = {.end = END_TIMEOUT};
    if (course->state == COURSE_SENDING) {
        outcome.end = cut_off(call);
    }
    end(call, &outcome, "");
}

void sim_attempt_abort(struct course *course, const struct retry_action *action)
{
    (void)action;
    sim_conn_leave(call_of(course)->conn);
}
