#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/curl_api.h"
#include "client/driver_parts.h"

static const struct workload *workload_of(const struct driver_call *call)
{
    return &call->client->driver->options->plan->workload;
}

static bool has_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

/* In the shape of a random UUID, from the seeded stream. */
static void draw_key(struct rng *rng, char key[37])
{
    uint64_t a = rng_next(rng), b = rng_next(rng);
    snprintf(key, 37,
             "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64
             "-%012" PRIx64,
             a >> 32, a >> 16 & 0xffff, a & 0xfff, (b >> 48 & 0x3fff) | 0x8000,
             b & 0xffffffffffff);
}

static bool make_url(struct driver_call *call)
{
    return asprintf(&call->url, "%s%s", call->client->driver->options->base_url,
                    workload_of(call)->path) >= 0;
}

bool driver_request_prepare(struct driver_call *call)
{
    const struct workload *workload = workload_of(call);
    draw_key(&call->rng, call->call_key);
    if (has_body(workload->method)) {
        call->payload = plan_payload(workload, call->token);
        if (!call->payload) {
            return false;
        }
    }
    if (!make_url(call)) {
        call->url = NULL;
        return false;
    }
    struct transfer_request request = {
        .url = call->url,
        .method = workload->method,
        .payload = call->payload,
        .owner = call,
    };
    return driver_transfer_init(&call->transfer, &call->client->origin,
                                &request);
}

/* -- header lines -----------------------------------------------------------
 */

/* Once a line is lost for want of memory, the list stays lost. */
struct lines {
    struct curl_slist *list;
    bool is_lost;
};

static void add_line(struct lines *lines, const char *name, const char *value)
{
    char *line = NULL;
    if (lines->is_lost ||
        asprintf(&line, "%s:%s%s", name, *value ? " " : "", value) < 0) {
        lines->is_lost = true;
        return;
    }
    struct curl_slist *longer = curl_api.slist_append(lines->list, line);
    free(line);
    if (longer) {
        lines->list = longer;
    } else {
        lines->is_lost = true;
    }
}

static void add_idempotency_key(struct lines *lines, struct driver_call *call)
{
    const struct telling_headers *tell = &call->client->driver->profile.headers;
    char key[37];
    switch (tell->idempotency_scope) {
    case KEY_PER_CALL:
        add_line(lines, tell->idempotency_key, call->call_key);
        return;
    case KEY_PER_ATTEMPT:
        draw_key(&call->rng, key);
        add_line(lines, tell->idempotency_key, key);
        return;
    }
}

static void add_telling_headers(struct lines *lines, struct driver_call *call)
{
    const struct telling_headers *tell = &call->client->driver->profile.headers;
    if (tell->retry_count) {
        char count[32];
        snprintf(
            count, sizeof count, "%lld",
            (long long)(tell->retry_count_from + call->engine.attempts - 1));
        add_line(lines, tell->retry_count, count);
    }
    if (tell->idempotency_key) {
        add_idempotency_key(lines, call);
    }
    if (tell->call_id) {
        add_line(lines, tell->call_id, call->token);
    }
}

struct curl_slist *driver_request_headers(struct driver_call *call)
{
    struct lines lines = {0};
    if (call->payload) {
        add_line(&lines, "content-type", "application/json");
        add_line(&lines, "expect", ""); /* no 100-continue round trip */
    } else {
        add_line(&lines, "x-retryspec-call", call->token);
    }
    add_telling_headers(&lines, call);
    if (lines.is_lost) {
        curl_api.slist_free_all(lines.list);
        return NULL;
    }
    return lines.list;
}
