#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/plot.h"
#include "cli/source.h"
#include "lab/fleet.h"
#include "lab/trace_tally.h"

/* Of worlds with profiles, or of recorded runs. */
struct fleets_plot {
    struct world *world;
    struct profile *profiles[FIGURE_SERIES_MAX];
    struct trace *traces[FIGURE_SERIES_MAX];
    struct tally *tallies; /* FIGURE_SERIES_MAX */
    struct figure_fleet items[FIGURE_SERIES_MAX];
};

/* -- worlds ----------------------------------------------------------------
 */

static bool load_world(struct plot *plot, struct world **world)
{
    struct source source;
    if (!source_open(SHIPPED_WORLD, plot->names[0], &source, &plot->error))
        return false;
    *world = world_read(source.path, source.bytes, source.size, &plot->error);
    source_close(&source);
    return *world;
}

static bool play_fleet(struct plot *plot, struct fleets_plot *fleets, size_t i)
{
    struct profile *profile = cli_load_profile(plot->profiles[i], &plot->error);
    const struct fleet_input input = {
        .world = fleets->world, .profile = profile, .seed = plot->seed};
    fleets->profiles[i] = profile;
    if (!profile)
        return false;
    fleets->items[i] = (struct figure_fleet){profile->id, &fleets->tallies[i]};
    return fleet_supports(&input, &plot->error) &&
           fleet_run(&input, &fleets->tallies[i], &plot->error);
}

static bool play_world(struct plot *plot, struct fleets_plot *fleets)
{
    if (plot->count != 1) {
        error_add(&plot->error, PROBLEM_INPUT,
                  "%s are of one world and of profiles, each after -p",
                  plot->kind);
        return false;
    }
    if (!load_world(plot, &fleets->world))
        return false;
    for (size_t i = 0; i < plot->profile_count; i++) {
        if (!play_fleet(plot, fleets, i))
            return false;
    }
    const struct capacity *server = &fleets->world->server;
    for (size_t i = 0; i < server->outage_count; i++)
        plot_shade(plot, server->outages[i].from_ns, server->outages[i].to_ns);
    snprintf(plot->note, PLOT_TEXT_SIZE, "world %s, one run of each, seed %llu",
             fleets->world->id, (unsigned long long)plot->seed);
    return true;
}

/* -- traces ----------------------------------------------------------------
 */

static bool is_one_scenario(const struct plot *plot,
                            const struct fleets_plot *fleets)
{
    const struct trace *first = fleets->traces[0];
    for (size_t i = 1; first && i < plot->count; i++) {
        const struct trace *trace = fleets->traces[i];
        if (trace && strcmp(trace->scenario, first->scenario) != 0)
            return false;
    }
    return true;
}

/* By what tells the runs apart. */
static void name_traces(struct plot *plot, struct fleets_plot *fleets)
{
    assert(fleets->traces[0]);
    bool is_one = is_one_scenario(plot, fleets);
    for (size_t i = 0; i < plot->count; i++) {
        const struct trace *trace = fleets->traces[i];
        const char *name = is_one ? trace->profile : trace->scenario;
        bool is_known = false;
        for (size_t k = 0; k < i; k++)
            is_known |= strcmp(fleets->items[k].name, name) == 0;
        fleets->items[i] = (struct figure_fleet){
            *name && !is_known ? name : plot->names[i], &fleets->tallies[i]};
    }
    snprintf(plot->note, PLOT_TEXT_SIZE, "%s, seed %llu",
             plot->count > 1 ? "recorded runs" : "a recorded run",
             (unsigned long long)fleets->traces[0]->seed);
}

static bool read_trace(struct plot *plot, struct fleets_plot *fleets, size_t i)
{
    struct trace *trace = plot_read_trace(plot, plot->names[i]);
    fleets->traces[i] = trace;
    if (!trace)
        return false;
    if (!trace_tally(trace, &fleets->tallies[i])) {
        error_add(&plot->error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    return true;
}

static bool is_shipped_world(const char *name)
{
    struct error ignored = {0};
    struct source source;
    if (!source_open(SHIPPED_WORLD, name, &source, &ignored))
        return false;
    bool is_shipped = source.is_shipped;
    source_close(&source);
    return is_shipped;
}

static bool read_traces(struct plot *plot, struct fleets_plot *fleets)
{
    if (is_shipped_world(plot->names[0])) {
        error_add(&plot->error, PROBLEM_INPUT,
                  "%s of a world need profiles, each after -p", plot->kind);
        return false;
    }
    if (plot->count > FIGURE_SERIES_MAX) {
        error_add(&plot->error, PROBLEM_INPUT, "at most %d traces in a figure",
                  FIGURE_SERIES_MAX);
        return false;
    }
    for (size_t i = 0; i < plot->count; i++) {
        if (!read_trace(plot, fleets, i))
            return false;
    }
    name_traces(plot, fleets);
    return !is_one_scenario(plot, fleets) ||
           plot_shade_run(plot, fleets->traces[0]);
}

/* -- both ------------------------------------------------------------------
 */

static bool fleets_init(struct plot *plot, struct fleets_plot *fleets)
{
    *fleets = (struct fleets_plot){
        .tallies = calloc(FIGURE_SERIES_MAX, sizeof *fleets->tallies)};
    if (!fleets->tallies) {
        error_add(&plot->error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    return plot->profile_count > 0 ? play_world(plot, fleets)
                                   : read_traces(plot, fleets);
}

static void fleets_deinit(struct fleets_plot *fleets)
{
    for (size_t i = 0; i < FIGURE_SERIES_MAX; i++) {
        if (fleets->tallies)
            tally_deinit(&fleets->tallies[i]);
        profile_free(fleets->profiles[i]);
        trace_free(fleets->traces[i]);
    }
    free(fleets->tallies);
    world_free(fleets->world);
}

static size_t count_of(const struct plot *plot)
{
    return plot->profile_count > 0 ? plot->profile_count : plot->count;
}

static const char *subject_of(const struct plot *plot,
                              const struct fleets_plot *fleets)
{
    if (fleets->world)
        return fleets->world->title;
    return is_one_scenario(plot, fleets) ? fleets->traces[0]->scenario
                                         : "runs of several scenarios";
}

bool plot_arrivals(struct plot *plot)
{
    struct fleets_plot fleets;
    bool is_good = fleets_init(plot, &fleets);
    if (is_good) {
        snprintf(plot->shown, PLOT_TEXT_SIZE, "Attempts at the server: %s",
                 subject_of(plot, &fleets));
        if (plot->is_log)
            plot_add_note(plot, "below the axis: none");
        const struct figure_fleets figures = {fleets.items, count_of(plot)};
        is_good = plot_open(plot) && figure_arrivals(&plot->figure, &figures,
                                                     plot->data, plot->script);
    }
    fleets_deinit(&fleets);
    return is_good;
}

bool plot_success(struct plot *plot)
{
    struct fleets_plot fleets;
    bool is_good = fleets_init(plot, &fleets);
    if (is_good) {
        snprintf(plot->shown, PLOT_TEXT_SIZE, "Time to success: %s",
                 subject_of(plot, &fleets));
        plot->span_count = 0; /* an axis of durations */
        plot_add_note(plot, "what a curve lacks to 1 was never served");
        const struct figure_fleets figures = {fleets.items, count_of(plot)};
        is_good = plot_open(plot) && figure_success(&plot->figure, &figures,
                                                    plot->data, plot->script);
    }
    fleets_deinit(&fleets);
    return is_good;
}
