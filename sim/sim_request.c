/* What a call sends: as client/driver_request.c, drawn from the same streams,
 * so that a seed gives the same delays here as there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mock_server/body.h"
#include "sim/sim_parts.h"

static bool has_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

/* In the shape of a random UUID. */
static void draw_key(struct rng *rng, char key[37])
{
    uint64_t a = rng_next(rng), b = rng_next(rng);
    snprintf(key, 37,
             "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64
             "-%012" PRIx64,
             a >> 32, a >> 16 & 0xffff, a & 0xfff, (b >> 48 & 0x3fff) | 0x8000,
             b & 0xffffffffffff);
}

/* The follow-up of a call carries its token, as the first request does. */
static bool make_payload(struct sim_call *call, int step)
{
    static const struct workload only_token;
    const struct sim_world *world = call->client->world;
    const struct retry_request *request = &world->requests[step];
    if (!request->method || !has_body(request->method)) {
        return true;
    }
    char *payload = plan_payload(
        step == 0 ? &world->scenario->workload : &only_token, call->token);
    if (!payload) {
        return false;
    }
    call->payloads[step] = payload;
    const struct reply body = {.body = payload,
                               .body_size = (int64_t)strlen(payload)};
    body_sha256(&body, call->body_sha256[step]);
    return true;
}

bool sim_request_prepare(struct sim_call *call)
{
    draw_key(&call->rng, call->call_key);
    return make_payload(call, 0) && make_payload(call, 1);
}

void sim_request_renew(struct sim_call *call)
{
    const struct telling_headers *tell = &call->client->world->profile.headers;
    memcpy(call->attempt_key, call->call_key, sizeof call->attempt_key);
    if (tell->idempotency_key && tell->idempotency_scope == KEY_PER_ATTEMPT) {
        draw_key(&call->rng, call->attempt_key);
    }
}

void sim_request_send(struct sim_call *call, struct sim_conn *conn)
{
    int i = retry_innermost(&call->engine);
    conn->sender = call;
    call->on_their_way++;
    conn->sent_step = call->engine.step;
    conn->sent_retries = i < 0 ? 0 : call->engine.state[i].retries;
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
