/* "workload": what the client under test is asked to do. */
#include <inttypes.h>
#include <string.h>

#include "model/scenario_parts.h"

static void read_request(const struct jsonc_value *at, struct arena *arena,
                         struct workload *workload)
{
    struct jsonc_value value;
    struct scenario_target target;
    if (!jsonc_need(at, "request", &value) ||
        !scenario_target_read(&value, arena, &target))
        return;
    if (strcmp(target.method, "ANY") == 0)
        jsonc_hint(jsonc_problem(&value,
                                 "a request has one method; \"ANY\" is for "
                                 "routes"),
                   "write \"POST %.60s\"", target.path);
    if (strchr(target.path, '*'))
        jsonc_hint(
            jsonc_problem(&value, "a request has one path; '*' is for routes"),
            "write the path that the client shall send");
    workload->method = target.method;
    workload->path = target.path;
}

static void check_calls(const struct jsonc_value *at,
                        const struct workload *workload)
{
    int64_t all = workload->clients * workload->calls;
    if (all > SCENARIO_CALLS_MAX)
        jsonc_problem(
            at,
            "%" PRId64 " clients with %" PRId64 " calls each are %" PRId64
            " calls; at most %d are allowed",
            workload->clients, workload->calls, all, (int)SCENARIO_CALLS_MAX);
}

void scenario_workload_read(const struct jsonc_value *at, struct arena *arena,
                            struct workload *workload)
{
    static const char *const keys[] = {
        "request",      "payload",      "clients", "calls", "concurrency",
        "start_spread", "read_timeout", "give_up", NULL};
    *workload = (struct workload){.clients = 1, .calls = 1, .concurrency = 1};
    if (!fields_open(at, keys))
        return;
    read_request(at, arena, workload);
    struct jsonc_value value;
    if (jsonc_get(at, "payload", &value))
        workload->payload = jsonc_text(&value, arena);
    fields_int(at, "clients", (struct fields_range){1, SCENARIO_CLIENTS_MAX},
               &workload->clients);
    fields_int(at, "calls", (struct fields_range){1, SCENARIO_CALLS_MAX},
               &workload->calls);
    fields_int(at, "concurrency", (struct fields_range){1, SCENARIO_CALLS_MAX},
               &workload->concurrency);
    check_calls(at, workload);
    fields_duration(at, "start_spread", &workload->start_spread_ns);
    fields_duration(at, "read_timeout", &workload->read_timeout_ns);
    fields_duration(at, "give_up", &workload->give_up_ns);
}
