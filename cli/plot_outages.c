#include <string.h>

#include "cli/cli.h"
#include "cli/plot.h"

void plot_add_note(struct plot *plot, const char *text)
{
    size_t used = strlen(plot->note);
    snprintf(plot->note + used, PLOT_TEXT_SIZE - used, "; %s", text);
}

void plot_shade(struct plot *plot, int64_t from_ns, int64_t to_ns)
{
    if (plot->span_count < PLOT_SPANS_MAX)
        plot->spans[plot->span_count++] = (struct figure_span){from_ns, to_ns};
}

/* -- what the trace tells --------------------------------------------------
 */

static void shade_listener(struct plot *plot, const struct trace *trace)
{
    int64_t origin_ns = trace->attempts[0].head_ns;
    for (size_t i = 0; i < trace->outage_count; i++) {
        const struct trace_outage *outage = &trace->outages[i];
        plot_shade(plot, outage->from_ns - origin_ns,
                   outage->to_ns == TRACE_NEVER ? NS_FOREVER
                                                : outage->to_ns - origin_ns);
    }
}

/* -- what the scenario tells -----------------------------------------------
 */

/* The trace tells when the listener refused or stalled. */
static bool is_outage(const struct reply *reply)
{
    switch (reply->fault.kind) {
    case FAULT_REFUSE:
    case FAULT_STALL:
        return false;
    case FAULT_NONE:
    case FAULT_DRIP:
        return reply->status >= 400;
    case FAULT_RESET:
    case FAULT_CLOSE:
    case FAULT_HANG:
    case FAULT_GARBAGE:
        return true;
    }
    return false;
}

/* The clock of windows begins with the first request, as the figure's. */
static void shade_windows(struct plot *plot, const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->route_count; i++) {
        const struct route *route = &scenario->routes[i];
        for (size_t k = 0; k < route->window_count; k++) {
            const struct window *window = &route->windows[k];
            if (is_outage(&window->reply))
                plot_shade(plot, window->from_ns, window->to_ns);
        }
    }
}

/* The shipped one that the trace names; NULL if it names none. */
static struct scenario *shipped_scenario(const struct trace *trace)
{
    struct error ignored = {0};
    return cli_load_scenario(trace->scenario, &ignored);
}

bool plot_shade_run(struct plot *plot, const struct trace *trace)
{
    struct scenario *scenario =
        plot->scenario ? cli_load_scenario(plot->scenario, &plot->error)
                       : shipped_scenario(trace);
    bool is_same = scenario && strcmp(scenario->id, trace->scenario) == 0;
    bool is_good = is_same || !plot->scenario;
    if (scenario && !is_good)
        error_add(&plot->error, PROBLEM_INPUT,
                  "the trace is of the scenario \"%s\", not of \"%s\"",
                  trace->scenario, scenario->id);
    shade_listener(plot, trace);
    if (is_same)
        shade_windows(plot, scenario);
    if (scenario)
        scenario_free(scenario);
    return is_good;
}
