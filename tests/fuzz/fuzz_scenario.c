/* Any bytes: a scenario or at least one problem; and what is accepted keeps the
 * promises of scenario.h that the server and the judge build on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/scenario.h"
#include "model/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static bool has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static void check_fault(const struct reply *reply, const struct route *route)
{
    const struct fault *fault = &reply->fault;
    char text[100];
    require(strlen(fault_format(fault, text, sizeof text)) > 0);
    require(fault->chance > 0 && fault->chance <= 1);
    if (fault->kind == FAULT_REFUSE || fault->kind == FAULT_STALL)
        require(route->is_windowed && fault->at == FAULT_AT_ACCEPT);
    if (fault->kind == FAULT_DRIP)
        require(fault->rate > 0 && fault->after_bytes < reply->body_size);
    if (fault->kind != FAULT_NONE && fault->at == FAULT_AT_BODY)
        require(has_body(reply->status) &&
                fault->after_bytes <= reply->body_size);
}

static void check_reply(const struct reply *reply, const struct route *route)
{
    require(reply->status >= 100 && reply->status <= 999);
    require(reply->where && reply->body_size >= 0);
    require(reply->body || reply->body_is_seeded || reply->body_size == 0);
    require(has_body(reply->status) || reply->body_size == 0);
    require(reply->delay.a_ns >= 0 && reply->delay.b_ns >= 0);
    for (size_t i = 0; i < reply->header_count; i++)
        require(reply->headers[i].name &&
                !reply->headers[i].value == reply->headers[i].is_date);
    check_fault(reply, route);
}

static void check_route(const struct route *route)
{
    require(route->path && route->path[0] == '/' && route->where);
    require(route->is_windowed ? route->window_count > 0
                               : route->step_count > 0);
    for (size_t i = 0; i < route->step_count; i++) {
        require(route->steps[i].times >= 1);
        check_reply(&route->steps[i].reply, route);
    }
    int64_t end_ns = 0;
    for (size_t i = 0; i < route->window_count; i++) {
        const struct window *window = &route->windows[i];
        require(window->from_ns >= end_ns && window->to_ns > window->from_ns);
        end_ns = window->to_ns;
        check_reply(&window->reply, route);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct scenario *s =
        scenario_read("f.jsonc", (const char *)data, size, &error);
    require(!s == error_is_set(&error));
    for (int i = 0; i < error.count; i++)
        require(error.problems[i].line >= 1 && error.problems[i].message[0]);
    if (!s)
        return 0;
    require(s->id && s->title && s->route_count > 0);
    require(s->workload.method && s->workload.path);
    require(s->workload.clients * s->workload.calls <= SCENARIO_CALLS_MAX);
    for (size_t i = 0; i < s->route_count; i++)
        check_route(&s->routes[i]);
    for (size_t i = 0; i < s->check_count; i++)
        require(s->checks[i].rule != NULL);
    scenario_free(s);
    return 0;
}
