#include "model/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/path_pattern.h"
#include "model/units.h"

const char *const fault_do_words[] = {
    [FAULT_NONE] = "none",
    [FAULT_RESET] = "reset",
    [FAULT_CLOSE] = "close",
    [FAULT_HANG] = "hang",
    [FAULT_GARBAGE] = "garbage",
    [FAULT_DRIP] = "drip",
    [FAULT_REFUSE] = "refuse",
    [FAULT_STALL] = "stall",
    NULL,
};

const char *const fault_at_words[] = {
    [FAULT_AT_ACCEPT] = "accept", [FAULT_AT_REQUEST] = "request",
    [FAULT_AT_HEAD] = "head",     [FAULT_AT_BODY] = "body",
    [FAULT_AT_END] = "end",       NULL,
};

void scenario_free(struct scenario *scenario)
{
    if (!scenario)
        return;
    arena_deinit(&scenario->arena);
    free(scenario);
}

bool route_matches(const struct route *route, const char *method,
                   const char *path)
{
    if (route->method && strcmp(route->method, method) != 0)
        return false;
    return path_pattern_matches(route->path, path);
}

static size_t append(char *text, size_t size, size_t used, const char *more)
{
    if (used < size)
        used += (size_t)snprintf(text + used, size - used, "%s", more);
    return used;
}

char *fault_format(const struct fault *fault, char *text, size_t size)
{
    char number[UNITS_TEXT_MAX];
    size_t used = append(text, size, 0, fault_do_words[fault->kind]);
    if (fault->kind == FAULT_NONE)
        return text;
    used = append(text, size, used, " at ");
    used = append(text, size, used, fault_at_words[fault->at]);
    if (fault->at == FAULT_AT_BODY) {
        used = append(text, size, used, ":");
        units_format_size(fault->after_bytes, number, sizeof number);
        used = append(text, size, used, number);
    }
    if (fault->kind == FAULT_HANG && fault->for_ns != NS_FOREVER) {
        used = append(text, size, used, " for ");
        units_format_duration(fault->for_ns, number, sizeof number);
        used = append(text, size, used, number);
    }
    if (fault->kind == FAULT_DRIP) {
        used = append(text, size, used, " with ");
        units_format_size(fault->rate, number, sizeof number);
        used = append(text, size, used, number);
        append(text, size, used, "/s");
    }
    return text;
}
