#include "runner/level0.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "model/plan.h"

#define PLACE "{url}"

bool level0_is(const char *const *argv)
{
    for (; *argv; argv++) {
        if (strstr(*argv, PLACE)) {
            return true;
        }
    }
    return false;
}

static_assert(LEVEL0_LANES_MAX == 64, "the text below says so");

const char *level0_refusal(const struct workload *workload)
{
    if (workload->clients * workload->concurrency > LEVEL0_LANES_MAX) {
        return "needs an adapter: more calls at a time than the 64 processes "
               "there may be";
    }
    return NULL;
}

static char *call_url(const struct level0_call *call, struct arena *arena)
{
    const struct workload *workload = call->workload;
    char token[PLAN_TOKEN_MAX] = "";
    const char *join = "";
    if (workload->clients * workload->calls > 1) {
        plan_token(call->client, call->call, token);
        join = strchr(workload->path, '?') ? "&rs=" : "?rs=";
    }
    size_t size = strlen(call->base_url) + strlen(workload->path) +
                  strlen(join) + strlen(token) + 1;
    char *url = arena_alloc(arena, size);
    if (url) {
        snprintf(url, size, "%s%s%s%s", call->base_url, workload->path, join,
                 token);
    }
    return url;
}

static size_t count_places(const char *text)
{
    size_t count = 0;
    while ((text = strstr(text, PLACE))) {
        text += strlen(PLACE);
        count++;
    }
    return count;
}

static const char *replace(const char *text, const char *url,
                           struct arena *arena)
{
    size_t size = strlen(text) + count_places(text) * strlen(url) + 1;
    char *result = arena_alloc(arena, size), *end = result;
    if (!result) {
        return NULL;
    }
    for (const char *at; (at = strstr(text, PLACE));) {
        end = mempcpy(end, text, (size_t)(at - text));
        end = mempcpy(end, url, strlen(url));
        text = at + strlen(PLACE);
    }
    memcpy(end, text, strlen(text) + 1);
    return result;
}

const char *const *level0_argv(const char *const *argv,
                               const struct level0_call *call,
                               struct arena *arena)
{
    size_t count = 0;
    while (argv[count]) {
        count++;
    }
    const char **result = arena_array(arena, count + 1, sizeof *result);
    const char *url = call_url(call, arena);
    if (!result || !url) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        result[i] = replace(argv[i], url, arena);
        if (!result[i]) {
            return NULL;
        }
    }
    return result;
}
