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

bool driver_request_prepare(struct driver_call *call)
{
    const struct driver *driver = call->client->driver;
    caller_draw_key(&call->course.delays, call->call_key);
    if (!caller_payloads(workload_of(call), driver->requests, call->token,
                         call->payloads) ||
        !driver_transfer_init(&call->transfer, &call->client->origin, call)) {
        return false;
    }
    call->transfer.keeps_bytes = driver->keeps_bytes;
    call->aimed_at = -1;
    return true;
}

bool driver_request_aim(struct driver_call *call)
{
    const struct driver *driver = call->client->driver;
    int step = call->course.engine.step;
    if (call->aimed_at == step) {
        return true;
    }
    call->aimed_at = step;
    const char *method = driver->requests[step].method;
    /* RFC 9110 14.2: Range means something with GET only. */
    call->transfer.part.is_wanted =
        driver->profile.resumes_with_range && strcmp(method, "GET") == 0;
    return driver_transfer_aim(&call->transfer,
                               &(struct transfer_request){
                                   .url = driver->urls[step],
                                   .method = method,
                                   .payload = call->payloads[step],
                               });
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
    char key[CALLER_KEY];
    switch (tell->idempotency_scope) {
    case KEY_PER_CALL:
        add_line(lines, tell->idempotency_key, call->call_key);
        return;
    case KEY_PER_ATTEMPT:
        caller_draw_key(&call->course.delays, key);
        add_line(lines, tell->idempotency_key, key);
        return;
    }
}

static void add_telling_headers(struct lines *lines, struct driver_call *call)
{
    const struct telling_headers *tell = &call->client->driver->profile.headers;
    if (tell->retry_count) {
        char count[32];
        int i = retry_innermost(&call->course.engine);
        int64_t number = tell->retry_count_from +
                         (i < 0 ? 0 : call->course.engine.state[i].retries);
        snprintf(count, sizeof count, "%" PRId64, number);
        add_line(lines, tell->retry_count, count);
    }
    if (tell->idempotency_key) {
        add_idempotency_key(lines, call);
    }
    if (tell->call_id) {
        add_line(lines, tell->call_id, call->token);
    }
}

/* RFC 9110 14.2 and 13.1.5: the rest of a body of which a part is there, if it
 * is still the same. */
static void add_range(struct lines *lines, const struct driver_call *call)
{
    const struct transfer_part *part = &call->transfer.part;
    char range[48];
    if (part->size == 0) {
        return;
    }
    snprintf(range, sizeof range, "bytes=%" PRId64 "-", part->size);
    add_line(lines, "range", range);
    if (part->etag[0]) {
        add_line(lines, "if-range", part->etag);
    }
}

struct curl_slist *driver_request_headers(struct driver_call *call)
{
    struct lines lines = {0};
    if (call->payloads[call->course.engine.step]) {
        add_line(&lines, "content-type", "application/json");
        add_line(&lines, "expect", ""); /* no 100-continue round trip */
    } else {
        add_line(&lines, "x-retryspec-call", call->token);
    }
    add_telling_headers(&lines, call);
    add_range(&lines, call);
    if (lines.is_lost) {
        curl_api.slist_free_all(lines.list);
        return NULL;
    }
    return lines.list;
}
