#include <string.h>

#include "cli/cli.h"
#include "cli/plot.h"
#include "lab/gaps.h"

struct trace *plot_read_trace(struct plot *plot, const char *name)
{
    struct trace *trace = trace_read_file(name, &plot->error);
    if (trace && trace->attempt_count == 0) {
        error_add(&plot->error, PROBLEM_INPUT, "%s has no attempt", name);
        trace_free(trace);
        return NULL;
    }
    return trace;
}

/* The only trace that is named. */
static struct trace *read_one(struct plot *plot)
{
    if (plot->count == 1)
        return plot_read_trace(plot, plot->names[0]);
    error_add(&plot->error, PROBLEM_INPUT, "%s: one trace at a time",
              plot->kind);
    return NULL;
}

/* -- timeline --------------------------------------------------------------
 */

bool plot_timeline(struct plot *plot)
{
    struct trace *trace = read_one(plot);
    if (!trace)
        return false;
    snprintf(plot->shown, PLOT_TEXT_SIZE, "Attempts and waits of each call: %s",
             trace->scenario);
    snprintf(plot->note, PLOT_TEXT_SIZE,
             "profile %s, seed %llu; the first %d calls at most%s",
             *trace->profile ? trace->profile : "not known",
             (unsigned long long)trace->seed, FIGURE_ROWS_MAX,
             trace->outage_count > 0 ? "; outages shaded" : "");
    bool is_good = plot_open(plot);
    if (is_good &&
        !figure_timeline(&plot->figure, trace, plot->data, plot->script)) {
        error_add(&plot->error, PROBLEM_MEMORY, "out of memory");
        is_good = false;
    }
    trace_free(trace);
    return is_good;
}

/* -- gaps ------------------------------------------------------------------
 */

/* The profile that -p names, or else that of the run. */
static struct profile *load_profile(struct plot *plot,
                                    const struct trace *trace)
{
    if (plot->profile_count == 1)
        return cli_load_profile(plot->profiles[0], &plot->error);
    if (plot->profile_count == 0 && *trace->profile)
        return cli_load_profile(trace->profile, &plot->error);
    error_add(&plot->error, PROBLEM_INPUT,
              "gaps are held against one profile: -p names it");
    return NULL;
}

static bool fill_gaps(struct plot *plot, const struct trace *trace,
                      const struct profile *profile)
{
    struct gaps gaps;
    bool is_good = gaps_read(trace, profile, &gaps);
    if (!is_good)
        error_add(&plot->error, PROBLEM_MEMORY, "out of memory");
    if (is_good && gaps.count == 0) {
        error_add(&plot->error, PROBLEM_INPUT,
                  "%s has no gap before a retry that %s would make",
                  plot->names[0], profile->id);
        is_good = false;
    }
    snprintf(plot->shown, PLOT_TEXT_SIZE,
             "Gaps on the wire and the law of %s: %s", profile->id,
             trace->scenario);
    snprintf(plot->note, PLOT_TEXT_SIZE,
             "seed %llu; dashed: what the law says of each retry; at most %d "
             "retries; left out: %zu gaps beyond the law",
             (unsigned long long)trace->seed, FIGURE_SERIES_MAX, gaps.beyond);
    is_good = is_good && plot_open(plot) &&
              figure_gaps(&plot->figure, &gaps, plot->data, plot->script);
    gaps_deinit(&gaps);
    return is_good;
}

bool plot_gaps(struct plot *plot)
{
    struct trace *trace = read_one(plot);
    struct profile *profile = trace ? load_profile(plot, trace) : NULL;
    bool is_good = profile && fill_gaps(plot, trace, profile);
    profile_free(profile);
    trace_free(trace);
    return is_good;
}
