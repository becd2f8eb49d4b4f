/* What a call sends: as client/driver_request.c, drawn from the same streams,
 * so that a seed gives the same delays here as there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mock_server/body.h"
#include "sim/sim_parts.h"

static void hash_payload(struct sim_call *call, int step)
{
    const char *payload = call->payloads[step];
    if (payload) {
        const struct reply body = {.body = payload,
                                   .body_size = (int64_t)strlen(payload)};
        body_sha256(&body, call->body_sha256[step]);
    }
}

bool sim_request_prepare(struct sim_call *call)
{
    const struct sim_world *world = call->client->world;
    caller_draw_key(&call->course.delays, call->call_key);
    if (!caller_payloads(&world->scenario->workload, world->requests,
                         call->token, call->payloads)) {
        return false;
    }
    hash_payload(call, 0);
    hash_payload(call, 1);
    return true;
}

void sim_request_renew(struct sim_call *call)
{
    const struct telling_headers *tell = &call->client->world->profile.headers;
    memcpy(call->attempt_key, call->call_key, sizeof call->attempt_key);
    if (tell->idempotency_key && tell->idempotency_scope == KEY_PER_ATTEMPT) {
        caller_draw_key(&call->course.delays, call->attempt_key);
    }
}

void sim_request_send(struct sim_call *call, struct sim_conn *conn)
{
    int i = retry_innermost(&call->course.engine);
    conn->sender = call;
    call->on_their_way++;
    conn->sent_step = call->course.engine.step;
    conn->sent_retries = i < 0 ? 0 : call->course.engine.state[i].retries;
    memcpy(conn->sent_key, call->attempt_key, sizeof conn->sent_key);
}

static void add(struct sim_request *request, const char *name,
                const char *value)
{
    request->items[request->headers.count++] =
        (struct http_header){name, value};
}

void sim_request_headers(const struct sim_conn *conn,
                         struct sim_request *request)
{
    const struct sim_call *call = conn->sender;
    const char *payload = call->payloads[conn->sent_step];
    const struct telling_headers *tell = &conn->world->profile.headers;
    request->headers = (struct http_headers){request->items, 0};
    add(request, "Host", "127.0.0.1");
    add(request, "User-Agent", "retryspec-sim/" RETRYSPEC_VERSION);
    if (payload) {
        snprintf(request->length, sizeof request->length, "%zu",
                 strlen(payload));
        add(request, "Content-Length", request->length);
        add(request, "content-type", "application/json");
    } else {
        add(request, "x-retryspec-call", call->token);
    }
    if (tell->retry_count) {
        snprintf(request->count, sizeof request->count, "%" PRId64,
                 tell->retry_count_from + conn->sent_retries);
        add(request, tell->retry_count, request->count);
    }
    if (tell->idempotency_key) {
        add(request, tell->idempotency_key, conn->sent_key);
    }
    if (tell->call_id) {
        add(request, tell->call_id, call->token);
    }
}
