/* Any bytes as a line of results or as a plan: read or refused with a problem;
 * what was read can be written and read again, and is the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_result(const struct trace_result *result, struct arena *arena)
{
    struct error error = {0};
    struct trace_result again;
    char *line = result_format(result);
    require(line && !strchr(line, '\n'));
    require(result_read("again", 1, line, arena, &again, &error));
    require(strcmp(result->call, again.call) == 0);
    require(result->is_ok == again.is_ok && result->status == again.status);
    require(strcmp(result->error, again.error) == 0);
    require(strcmp(result->sha256, again.sha256) == 0);
    free(line);
}

static void try_result(const char *text)
{
    struct arena arena = {0};
    struct error error = {0};
    struct trace_result result;
    bool is_read = result_read("f", 1, text, &arena, &result, &error);
    require(is_read == !error_is_set(&error));
    if (is_read)
        check_result(&result, &arena);
    arena_deinit(&arena);
}

static void check_plan(const struct plan *plan)
{
    struct error error = {0};
    char *text = plan_format(&plan->workload);
    struct plan *again = text ? plan_read(text, &error) : NULL;
    char *payload = plan_payload(&plan->workload, "rs-0-0");
    require(again && payload);
    require(strcmp(plan->workload.method, again->workload.method) == 0);
    require(strcmp(plan->workload.path, again->workload.path) == 0);
    require(plan->workload.clients == again->workload.clients);
    require(plan->workload.calls == again->workload.calls);
    require(!plan->workload.payload == !again->workload.payload);
    free(payload);
    plan_free(again);
    free(text);
}

static void try_plan(const char *text)
{
    struct error error = {0};
    struct plan *plan = plan_read(text, &error);
    require(!plan == error_is_set(&error));
    if (plan)
        check_plan(plan);
    plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    try_result(text);
    try_plan(text);
    free(text);
    return 0;
}
