#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_parts.h"

/* Streams of the seed: 1 is of the calls. */
enum { STREAM_WALL = 2 };

/* 2026-01-01 00:00:00 UTC: no dates of a real clock, or no trace would be the
 * same twice. */
#define WALL_S INT64_C(1767225600)

/* How often a gap that the server sees has the latency in it: the answer, the
 * handshake of a new connection, the request. For the judge it is lag. */
enum { TRIPS_A_GAP = 4 };

void sim_fail_memory(struct sim_world *world)
{
    if (!world->has_failed) {
        world->has_failed = true;
        error_add(world->error, PROBLEM_MEMORY,
                  "out of memory in the virtual world");
    }
}

/* -- set-up -----------------------------------------------------------------
 */

static bool make_requests(struct sim_world *world)
{
    const struct workload *workload = &world->scenario->workload;
    const struct follow_up *follow_up = &world->profile.follow_up;
    world->path = strndup(workload->path, strcspn(workload->path, "?"));
    world->requests[0].method = workload->method;
    world->requests[0].path = world->path;
    world->requests[1].method = follow_up->method;
    world->requests[1].path = follow_up->path;
    return world->path != NULL;
}

static bool has_outages(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->route_count; i++) {
        for (size_t k = 0; k < scenario->routes[i].window_count; k++) {
            enum fault_do kind =
                scenario->routes[i].windows[k].reply.fault.kind;
            if (kind == FAULT_REFUSE || kind == FAULT_STALL) {
                return true;
            }
        }
    }
    return false;
}

/* The phase of the second is drawn: an HTTP-date has whole ones. */
static int64_t wall_start(uint64_t seed)
{
    struct rng rng = rng_stream(seed, STREAM_WALL, 0);
    return WALL_S * NS_PER_S + (int64_t)(rng_uniform(&rng) * (double)NS_PER_S);
}

static bool init(struct sim_world *world)
{
    const struct scenario *scenario = world->scenario;
    const struct workload *workload = &scenario->workload;
    world->profile = caller_profile(world->input->profile,
                                    workload->read_timeout_ns, world->layers);
    world->wall_ns = wall_start(world->input->seed);
    world->has_outages = has_outages(scenario);
    world->listener_timer =
        (struct timer){.owner = world, .kind = SIM_TIMER_LISTENER};
    world->results = calloc((size_t)(workload->clients * workload->calls),
                            sizeof *world->results);
    world->script =
        script_create(scenario, world->input->seed, 1, world->error);
    if (!make_requests(world) || !world->results || !world->script ||
        !sim_replies_init(&world->replies, scenario) ||
        !sim_clients_init(world)) {
        sim_fail_memory(world);
        return false;
    }
    return true;
}

static void deinit(struct sim_world *world)
{
    while (world->calls) {
        sim_call_drop(world->calls);
    }
    while (world->conns) {
        sim_conn_free(world->conns);
    }
    sim_replies_deinit(&world->replies);
    script_free(world->script);
    arena_deinit(&world->results_arena);
    free(world->results);
    sim_clients_deinit(world);
    free(world->path);
    sim_clock_deinit(&world->clock);
}

/* -- events -----------------------------------------------------------------
 */

static void fire(struct sim_world *world, const struct timer *timer)
{
    world->stats->events++;
    switch ((enum sim_timer_kind)timer->kind) {
    case SIM_TIMER_CLIENT:
        if (!world->is_over) {
            sim_client_on_timer(timer->owner);
        }
        return;
    case SIM_TIMER_CALL:
        course_on_timer(&((struct sim_call *)timer->owner)->course);
        return;
    case SIM_TIMER_ARRIVAL:
        sim_conn_on_arrival(timer->owner);
        return;
    case SIM_TIMER_LEFT:
        sim_server_on_left(timer->owner);
        return;
    case SIM_TIMER_SERVER:
        sim_server_on_timer(timer->owner);
        return;
    case SIM_TIMER_OUTCOME:
        sim_conn_on_outcome(timer->owner);
        return;
    case SIM_TIMER_HANGUP:
        sim_conn_on_hangup(timer->owner);
        return;
    case SIM_TIMER_LISTENER:
        sim_server_on_listener(world);
        return;
    }
}

int64_t sim_attempts_most(const struct sim_world *world)
{
    return world->input->attempts_max > 0
               ? world->input->attempts_max
               : SIM_ATTEMPTS_MAX + world->stats->calls * SIM_ATTEMPTS_A_CALL;
}

/* The jump to the earliest deadline; false: none is left, or not in time. */
static bool advance(struct sim_world *world)
{
    int64_t next_ns = sim_clock_next_ns(&world->clock);
    if (next_ns == NS_FOREVER || next_ns > world->input->limit_ns ||
        world->has_failed || world->is_endless) {
        return false;
    }
    fire(world, sim_clock_jump(&world->clock));
    world->is_endless |=
        world->stats->events > sim_attempts_most(world) * SIM_EVENTS_AN_ATTEMPT;
    if (world->clock.is_out_of_memory) {
        sim_fail_memory(world);
    }
    return true;
}

/* The clients are gone: what was on its way arrives. */
static void settle(struct sim_world *world)
{
    world->is_over = true;
    while (world->calls) {
        sim_call_drop(world->calls);
    }
    for (struct sim_conn *conn = world->conns, *next; conn; conn = next) {
        next = conn->next;
        if (!conn->is_left) {
            sim_conn_leave(conn);
        }
    }
    while (world->conns && !world->has_failed) {
        fire(world, sim_clock_jump(&world->clock));
    }
}

/* -- the trace --------------------------------------------------------------
 */

void sim_keep_result(struct sim_world *world, const struct trace_result *result)
{
    struct arena *arena = &world->results_arena;
    struct trace_result *kept = &world->results[world->result_count++];
    *kept = *result;
    kept->call = arena_strdup(arena, result->call);
    kept->error = arena_strdup(arena, result->error);
    kept->sha256 = arena_strdup(arena, result->sha256);
    if (!kept->call || !kept->error || !kept->sha256) {
        sim_fail_memory(world);
        world->result_count--;
    }
}

static void write_begin(const struct sim_world *world)
{
    const struct sim_input *input = world->input;
    static const char *const argv[] = {"retryspec", "sim", NULL};
    const struct trace_run run = {
        .scenario = input->scenario->id,
        .profile = input->profile->id,
        .seed = input->seed,
        .level = 1,
        .wall_ns = world->wall_ns,
    };
    trace_write_run(input->trace, &run);
    trace_write_spawn(input->trace, 0, 1, argv);
}

/* Why the clients were stopped, for people; "" if they ended. */
static const char *stop_text(const struct sim_world *world, char text[160])
{
    char limit[UNITS_TEXT_MAX];
    text[0] = '\0';
    if (world->is_endless) {
        snprintf(text, 160,
                 "stopped after %lld attempts and %lld events: does the policy "
                 "ever end?",
                 (long long)world->stats->attempts,
                 (long long)world->stats->events);
    } else if (world->stats->is_stopped) {
        units_format_seconds(world->input->limit_ns, limit, sizeof limit);
        snprintf(text, 160,
                 "still running after %s of virtual time (--limit gives it "
                 "longer)",
                 limit);
    }
    return text;
}

static void write_end(const struct sim_world *world)
{
    char text[160];
    struct trace_writer *trace = world->input->trace;
    int64_t ended_ns = world->stats->ended_ns;
    const struct trace_client client = {
        .end = world->stats->is_stopped ? CLIENT_STOPPED : CLIENT_EXITED,
        .limit_ns =
            world->stats->is_stopped ? ended_ns : world->input->limit_ns,
        .reason = stop_text(world, text),
        .last_line = "",
    };
    trace_write_client_end(trace, ended_ns, &client);
    trace_write_results(trace, "");
    for (size_t i = 0; i < world->result_count; i++) {
        trace_write_result(trace, &world->results[i]);
    }
    int64_t lag_ns = TRIPS_A_GAP * world->input->latency_ns;
    trace_write_end(trace, sim_now(world), lag_ns, lag_ns, false);
}

static void close_listener(const struct sim_world *world)
{
    if (world->listener != LISTENER_OPEN) {
        trace_write_outage(world->input->trace, sim_now(world),
                           world->listener == LISTENER_STALLED ? FAULT_STALL
                                                               : FAULT_REFUSE,
                           false, world->outage);
    }
}

/* Nothing can happen any more, or not in time: a live run would stop the
 * clients at its deadline. */
static void stop(struct sim_world *world)
{
    world->stats->is_stopped = true;
    if (!world->is_endless) {
        world->clock.now_ns = world->input->limit_ns;
    }
}

bool sim_run(const struct sim_input *input, struct sim_stats *stats,
             struct error *error)
{
    struct sim_world world = {
        .input = input,
        .scenario = input->scenario,
        .stats = stats,
        .error = error,
        .outage = "",
    };
    *stats = (struct sim_stats){0};
    if (init(&world)) {
        write_begin(&world);
        while (world.clients_left > 0 && advance(&world)) {
        }
        if (world.clients_left > 0) {
            stop(&world);
        }
        stats->ended_ns = sim_now(&world);
        settle(&world);
        close_listener(&world);
        write_end(&world);
    }
    deinit(&world);
    return !world.has_failed;
}
