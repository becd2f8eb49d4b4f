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

bool sim_request_prepare(struct sim_call *call)
{
    const struct workload *workload = &call->client->world->scenario->workload;
    draw_key(&call->rng, call->call_key);
    if (!has_body(workload->method)) {
        return true;
    }
    call->payload = plan_payload(workload, call->token);
    if (!call->payload) {
        return false;
    }
    const struct reply body = {.body = call->payload,
                               .body_size = (int64_t)strlen(call->payload)};
    body_sha256(&body, call->body_sha256);
    return true;
}

void sim_request_send(struct sim_call *call, struct sim_conn *conn)
{
    const struct telling_headers *tell = &call->client->world->profile.headers;
    conn->sender = call;
    call->on_their_way++;
    conn->sent_attempt = call->engine.attempts;
    memcpy(conn->sent_key, call->call_key, sizeof conn->sent_key);
    if (tell->idempotency_key && tell->idempotency_scope == KEY_PER_ATTEMPT) {
        draw_key(&call->rng, conn->sent_key);
    }
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
    const struct telling_headers *tell = &conn->world->profile.headers;
    request->headers = (struct http_headers){request->items, 0};
    add(request, "Host", "127.0.0.1");
    add(request, "User-Agent", "retryspec-sim/" RETRYSPEC_VERSION);
    if (call->payload) {
        snprintf(request->length, sizeof request->length, "%zu",
                 strlen(call->payload));
        add(request, "Content-Length", request->length);
        add(request, "content-type", "application/json");
    } else {
        add(request, "x-retryspec-call", call->token);
    }
    if (tell->retry_count) {
        snprintf(request->count, sizeof request->count, "%" PRId64,
                 tell->retry_count_from + conn->sent_attempt - 1);
        add(request, tell->retry_count, request->count);
    }
    if (tell->idempotency_key) {
        add(request, tell->idempotency_key, conn->sent_key);
    }
    if (tell->call_id) {
        add(request, tell->call_id, call->token);
    }
}
