#include "props/engine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/retry.h"
#include "model/units.h"

struct handler {
    struct profile *profile;
    struct retry_shared shared;
};

enum { HEADERS_MAX = 16 };

static void tell(const struct error *error, char *message, size_t size)
{
    snprintf(message, size, "%s: %s", error->problems[0].path,
             error->problems[0].message);
}

void *props_handler_open(const char *json, int64_t now_ns, char *message,
                         size_t size)
{
    struct error error = {0};
    struct profile *profile =
        profile_read("parity", json, strlen(json), &error);
    if (!profile) {
        tell(&error, message, size);
        profile_free(profile);
        return NULL;
    }
    struct handler *handler = calloc(1, sizeof *handler);
    assert(handler);
    handler->profile = profile;
    retry_shared_init(&handler->shared, profile, now_ns);
    return handler;
}

void props_handler_close(void *opened)
{
    struct handler *handler = opened;
    if (!handler)
        return;
    profile_free(handler->profile);
    free(handler);
}

void *props_call_open(void *opened, const char *path, int64_t body_bytes)
{
    struct handler *handler = opened;
    struct retry_call *call = calloc(1, sizeof *call);
    assert(call);
    struct retry_request request = {"POST", path, body_bytes};
    retry_call_init(call, &handler->shared, &request);
    return call;
}

void props_call_close(void *call)
{
    free(call);
}

/* Cuts "name: value\n" lines in place. */
static struct http_headers cut_headers(char *text, struct http_header *items)
{
    struct http_headers headers = {.items = items};
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        char *colon = strstr(line, ": ");
        assert(colon && headers.count < HEADERS_MAX);
        *colon = '\0';
        items[headers.count++] = (struct http_header){line, colon + 2};
    }
    return headers;
}

static struct props_action flat(const struct retry_action *action)
{
    return (struct props_action){
        .kind = (int)action->kind,
        .wait_kind = (int)action->wait_kind,
        .step = action->step,
        .is_ok = action->is_ok,
        .is_never = action->is_never,
        .until_ns = action->until_ns,
        .wake_ns = action->wake_ns,
        .delay_ns = action->delay_ns,
        .timeout_ns = action->attempt_timeout.limit_ns,
        .layer = action->layer ? action->layer->name : NULL,
        .reason = retry_reason_words[action->reason],
    };
}

struct props_action props_call_step(void *call, const struct props_event *event)
{
    struct http_header items[HEADERS_MAX];
    char *text = strdup(event->headers ? event->headers : "");
    assert(text);
    struct http_headers headers = cut_headers(text, items);
    struct attempt_outcome outcome = {
        .end = (enum attempt_end)event->end,
        .status = event->status,
        .headers = &headers,
        .body = event->body,
        .body_size = event->body ? strlen(event->body) : 0,
    };
    struct retry_event full = {.kind = (enum retry_event_kind)event->kind,
                               .now_ns = event->now_ns,
                               .wall_ns = event->wall_ns,
                               .u = event->u,
                               .outcome = &outcome};
    struct retry_action action = retry_step(call, &full);
    free(text);
    return flat(&action);
}

void props_handler_draw(const void *opened, const struct props_draws *draws)
{
    const struct handler *handler = opened;
    const struct layer *layer = &handler->profile->layers[draws->layer];
    struct delay_law law = {.backoff = &layer->rules[draws->rule].backoff,
                            .cut_ns = NS_FOREVER};
    for (int64_t i = 0; i < draws->count; i++) {
        law.n = draws->n[i];
        draws->delays[i] = backoff_draw_unit(&law, draws->u[i]);
    }
}
