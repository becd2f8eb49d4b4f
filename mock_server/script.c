#include "mock_server/script.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_server/script_draw.h"
#include "mock_server/script_key.h"
#include "mock_server/script_miss.h"
#include "mock_server/script_table.h"
#include "model/units.h"

/* What is known of a reply before any request comes. */
struct script_ready {
    int64_t end; /* of a step: requests until it is used up, summed */
    bool is_certain;
    struct script_draw draw; /* if it is certain */
};

/* A route and what has become of it in this run. */
struct script_route {
    const struct route *route;
    size_t index;
    bool counts_calls; /* a step or a draw follows how often the call came */
    int64_t requests;  /* of the whole run, for PER_RUN */
    struct script_ready *ready;
    struct script_use *uses;
};

struct script {
    const struct scenario *scenario;
    uint64_t seed;
    int level;
    int64_t first_ns; /* when the windows' clock began; -1: not yet */
    struct script_table counters;
    struct script_route *routes;
    struct script_use *uses;
    size_t use_count;
    struct script_ready *ready;
};

/* No reply: windows have a gap, or the steps are used up. */
#define NO_REPLY SIZE_MAX

const struct reply script_reply_full = {
    .status = 503,
    .where = "",
    .body = "",
    .fault = {.chance = 1.0},
};

/* -- life ------------------------------------------------------------------ */

static size_t reply_count(const struct route *route)
{
    return route->is_windowed ? route->window_count : route->step_count;
}

static const struct reply *reply_at(const struct route *route, size_t index)
{
    return route->is_windowed ? &route->windows[index].reply
                              : &route->steps[index].reply;
}

static void init_route(struct script_route *state, const struct route *route)
{
    int64_t end = 0;
    state->route = route;
    state->counts_calls = !route->is_windowed && route->per == PER_CALL;
    for (size_t i = 0; i < reply_count(route); i++) {
        struct script_ready *ready = &state->ready[i];
        const struct reply *reply = reply_at(route, i);
        if (!route->is_windowed)
            end = units_add(end, route->steps[i].times);
        state->uses[i].reply = reply;
        ready->end = end;
        ready->is_certain = script_draw_is_certain(reply);
        if (ready->is_certain)
            ready->draw = script_draw_at_request(reply, &(struct rng){0});
        state->counts_calls |= !ready->is_certain;
    }
}

static bool init_routes(struct script *script)
{
    const struct scenario *scenario = script->scenario;
    for (size_t i = 0; i < scenario->route_count; i++)
        script->use_count += reply_count(&scenario->routes[i]);
    script->routes = calloc(scenario->route_count + 1, sizeof *script->routes);
    script->uses = calloc(script->use_count + 1, sizeof *script->uses);
    script->ready = calloc(script->use_count + 1, sizeof *script->ready);
    if (!script->routes || !script->uses || !script->ready)
        return false;
    size_t used = 0;
    for (size_t i = 0; i < scenario->route_count; i++) {
        struct script_route *state = &script->routes[i];
        state->index = i;
        state->uses = script->uses + used;
        state->ready = script->ready + used;
        init_route(state, &scenario->routes[i]);
        used += reply_count(state->route);
    }
    return true;
}

struct script *script_create(const struct scenario *scenario, uint64_t seed,
                             int level, struct error *error)
{
    struct script *script = calloc(1, sizeof *script);
    if (script) {
        script->scenario = scenario;
        script->seed = seed;
        script->level = level;
        script->first_ns = -1;
        if (init_routes(script))
            return script;
    }
    script_free(script);
    error_add(error, PROBLEM_MEMORY, "no memory for the script of %s",
              scenario->id);
    return NULL;
}

void script_free(struct script *script)
{
    if (!script)
        return;
    script_table_deinit(&script->counters);
    free(script->routes);
    free(script->uses);
    free(script->ready);
    free(script);
}

/* -- names of counters and streams ----------------------------------------- */

/* What a counter or a stream belongs to: a kind, a route and some bytes. */
struct name {
    char bytes[3 + SCRIPT_KEY_BYTES_MAX];
    size_t size;
};

static struct name name_of(char kind, const struct script_route *state,
                           const char *text, size_t size)
{
    struct name name; /* clearing the whole of it would cost more than this */
    assert(size <= SCRIPT_KEY_BYTES_MAX);
    name.size = 3 + size;
    name.bytes[0] = kind;
    name.bytes[1] = (char)(state->index & 0xFF);
    name.bytes[2] = (char)(state->index >> 8);
    memcpy(name.bytes + 3, text, size);
    return name;
}

static struct name call_name(const struct script_route *state, const char *call)
{
    return name_of('k', state, call, strlen(call));
}

/* The <client> of a token, or of the request's token if the call's key is of
 * another kind; all requests without one share a count. */
static struct name client_name(const struct script_route *state,
                               const struct script_request *request,
                               const char *call)
{
    const char *token = "";
    size_t size = script_find_token(call, strlen(call), &token);
    if (size == 0)
        size = script_key_token(request, &token);
    if (size == 0)
        return name_of('c', state, "", 0);
    const char *client = token + strlen("rs-");
    size_t digits = strspn(client, "0123456789");
    if (digits > SCRIPT_KEY_BYTES_MAX)
        digits = SCRIPT_KEY_BYTES_MAX;
    return name_of('c', state, client, digits);
}

static struct name conn_name(const struct script_route *state, int64_t conn)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRId64, conn);
    return name_of('n', state, text, (size_t)size);
}

static struct rng stream(const struct script *script, const struct name *name,
                         int64_t index)
{
    uint64_t label = script_table_hash(name->bytes, name->size);
    return rng_stream(script->seed, label, (uint64_t)index);
}

/* -- choosing -------------------------------------------------------------- */

static struct script_route *find_route(struct script *script,
                                       const struct script_request *request)
{
    struct script_route *first = NULL;
    for (size_t i = 0; i < script->scenario->route_count; i++) {
        struct script_route *state = &script->routes[i];
        if (script->level > 0 &&
            route_matches(state->route, request->method, request->path))
            return state;
        if (script->level == 0 && state->route->judged)
            return state;
        if (!first)
            first = state;
    }
    return script->level == 0 ? first : NULL;
}

/* The step after `count` requests. */
static size_t step_at(const struct script_route *state, int64_t count)
{
    const struct route *route = state->route;
    if (route->step_count == 0)
        return NO_REPLY;
    size_t last = route->step_count - 1;
    int64_t total = state->ready[last].end;
    if (count >= total && route->after_last == AFTER_FAIL)
        return NO_REPLY;
    if (count >= total && route->after_last == AFTER_REPEAT)
        return last;
    count %= total;
    size_t low = 0, high = last;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (count < state->ready[middle].end)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The window open `since_ns` after the first request. */
static size_t window_at(const struct script_route *state, int64_t since_ns)
{
    for (size_t i = 0; i < state->route->window_count; i++) {
        const struct window *window = &state->route->windows[i];
        if (since_ns >= window->from_ns && since_ns < window->to_ns)
            return i;
    }
    return NO_REPLY;
}

/* 0 before the clock begins: what comes now may begin it. */
static int64_t since_first(const struct script *script, int64_t now_ns)
{
    return script->first_ns < 0 ? 0 : now_ns - script->first_ns;
}

/* Sets call and, if a judged request has none, the reason. */
static void find_call(const struct script *script,
                      const struct script_route *state,
                      const struct script_request *request,
                      struct script_answer *answer)
{
    const struct workload *workload = &script->scenario->workload;
    bool is_only_call =
        script->level == 0 || (workload->clients == 1 && workload->calls == 1);
    if (script_key_read(state->route, request, answer->call))
        return;
    if (is_only_call) {
        snprintf(answer->call, sizeof answer->call, "rs-0-0");
        return;
    }
    if (!state->route->judged)
        return;
    char missing[200];
    snprintf(answer->reason, sizeof answer->reason,
             "%s: it follows the count of all requests without one",
             script_key_missing(state->route, missing, sizeof missing));
}

/* Counts the request under `name` and gives the count before it; -1 if no more
 * names can be kept. */
static int64_t count_one(struct script *script, const struct name *name)
{
    int64_t *count =
        script_table_counter(&script->counters, name->bytes, name->size);
    return count ? (*count)++ : -1;
}

/* How many requests the route's steps have seen before this one. */
static int64_t count_steps(struct script *script, struct script_route *state,
                           const struct script_request *request,
                           const struct script_answer *answer)
{
    struct name name;
    switch (state->route->per) {
    case PER_CALL:
        return answer->count;
    case PER_RUN:
        return state->requests++;
    case PER_CLIENT:
        name = client_name(state, request, answer->call);
        return count_one(script, &name);
    case PER_CONNECTION:
        name = conn_name(state, request->conn);
        return count_one(script, &name);
    }
    return 0;
}

static void answer_full(struct script_answer *answer)
{
    answer->reply = &script_reply_full;
    snprintf(answer->reason, sizeof answer->reason,
             "more than %d calls, clients and connections in one run",
             SCRIPT_KEYS_MAX);
}

static void fill_reply(struct script *script, struct script_route *state,
                       size_t index, struct script_answer *answer)
{
    const struct reply *reply = reply_at(state->route, index);
    struct script_draw draw = state->ready[index].draw;
    if (!state->ready[index].is_certain) {
        struct name name = call_name(state, answer->call);
        struct rng rng = stream(script, &name, answer->count);
        draw = script_draw_at_request(reply, &rng);
    }
    answer->reply = reply;
    answer->delay_ns = draw.delay_ns;
    answer->has_fault = draw.is_fault_due;
    state->uses[index].reached++;
    state->uses[index].faults_due += answer->has_fault;
}

static void decide_on_route(struct script *script, struct script_route *state,
                            const struct script_request *request,
                            struct script_answer *answer)
{
    answer->route = state->route;
    find_call(script, state, request, answer);
    int64_t count = 0;
    if (state->counts_calls) {
        struct name name = call_name(state, answer->call);
        count = count_one(script, &name);
    }
    answer->count = count < 0 ? 0 : count;
    size_t index = NO_REPLY;
    if (count >= 0 && state->route->is_windowed) {
        index = window_at(state, since_first(script, request->now_ns));
    } else if (count >= 0) {
        count = count_steps(script, state, request, answer);
        index = count < 0 ? NO_REPLY : step_at(state, count);
    }
    if (count < 0)
        answer_full(answer);
    else if (index == NO_REPLY)
        script_miss_no_reply(state->route, since_first(script, request->now_ns),
                             answer->reason);
    else
        fill_reply(script, state, index, answer);
}

/* The texts are long and mostly empty. */
static void clear_answer(struct script_answer *answer)
{
    answer->route = NULL;
    answer->reply = NULL;
    answer->delay_ns = answer->count = 0;
    answer->has_fault = false;
    answer->call[0] = answer->reason[0] = '\0';
}

void script_decide(struct script *script, const struct script_request *request,
                   struct script_answer *answer)
{
    clear_answer(answer);
    if (script->first_ns < 0)
        script->first_ns = request->now_ns;
    struct script_route *state = find_route(script, request);
    if (state) {
        decide_on_route(script, state, request, answer);
        return;
    }
    const char *token = "";
    size_t size = script_key_token(request, &token);
    if (size <= SCRIPT_KEY_BYTES_MAX) {
        memcpy(answer->call, token, size);
        answer->call[size] = '\0';
    }
    script_miss_explain(script->scenario, request->method, request->path,
                        answer->reason);
}

/* -- connections and the listener ------------------------------------------ */

static bool is_accept_fault(const struct fault *fault)
{
    return fault->kind != FAULT_NONE && fault->at == FAULT_AT_ACCEPT &&
           fault->kind != FAULT_REFUSE && fault->kind != FAULT_STALL;
}

/* The reply that a new connection meets on this route. */
static size_t reply_at_accept(const struct script *script,
                              const struct script_route *state, int64_t now_ns)
{
    if (state->route->is_windowed)
        return window_at(state, since_first(script, now_ns));
    if (state->route->per == PER_RUN)
        return step_at(state, state->requests);
    return NO_REPLY; /* nothing is known of call or client before a request */
}

const struct reply *script_accept(struct script *script, int64_t now_ns,
                                  int64_t conn)
{
    for (size_t i = 0; i < script->scenario->route_count; i++) {
        struct script_route *state = &script->routes[i];
        size_t index = reply_at_accept(script, state, now_ns);
        if (index == NO_REPLY)
            continue;
        const struct reply *reply = reply_at(state->route, index);
        struct name name = name_of('a', state, "", 0);
        struct rng rng = stream(script, &name, conn);
        if (!is_accept_fault(&reply->fault) ||
            !script_draw(reply, &rng).is_fault_due)
            continue;
        state->requests++;
        state->uses[index].reached++;
        state->uses[index].faults_due++;
        if (script->first_ns < 0)
            script->first_ns = now_ns;
        return reply;
    }
    return NULL;
}

static enum script_listener listener_of(const struct fault *fault)
{
    if (fault->kind == FAULT_REFUSE)
        return LISTENER_REFUSING;
    return fault->kind == FAULT_STALL ? LISTENER_STALLED : LISTENER_OPEN;
}

/* Moves *next_ns down to `at_ns` if that is to come and earlier. */
static void find_next(int64_t at_ns, int64_t since_ns, int64_t *next_ns)
{
    if (at_ns > since_ns && at_ns < *next_ns)
        *next_ns = at_ns;
}

/* Looks at one route's windows; the first that is in force decides. */
static void look_at_windows(const struct route *route, int64_t since_ns,
                            const struct reply **in_force, int64_t *next_ns)
{
    for (size_t i = 0; i < route->window_count; i++) {
        const struct window *window = &route->windows[i];
        if (listener_of(&window->reply.fault) == LISTENER_OPEN)
            continue;
        bool is_open = since_ns >= window->from_ns && since_ns < window->to_ns;
        if (is_open && !*in_force)
            *in_force = &window->reply;
        find_next(window->from_ns, since_ns, next_ns);
        find_next(window->to_ns, since_ns, next_ns);
    }
}

enum script_listener script_listener(const struct script *script,
                                     int64_t now_ns, int64_t *next_ns,
                                     const char **window)
{
    const struct reply *in_force = NULL;
    int64_t next_since_ns = NS_FOREVER;
    *next_ns = NS_FOREVER;
    *window = "";
    if (script->first_ns < 0)
        return LISTENER_OPEN;
    int64_t since_ns = now_ns - script->first_ns;
    for (size_t i = 0; i < script->scenario->route_count; i++)
        look_at_windows(&script->scenario->routes[i], since_ns, &in_force,
                        &next_since_ns);
    *next_ns = units_add(next_since_ns, script->first_ns);
    if (!in_force)
        return LISTENER_OPEN;
    *window = in_force->where;
    return listener_of(&in_force->fault);
}

size_t script_uses(const struct script *script, struct script_use *uses,
                   size_t size)
{
    size_t count = script->use_count < size ? script->use_count : size;
    if (count > 0)
        memcpy(uses, script->uses, count * sizeof *uses);
    return script->use_count;
}
