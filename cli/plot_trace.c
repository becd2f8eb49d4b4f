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
             "profile %s, seed %llu; the first %d calls at most",
             *trace->profile ? trace->profile : "not known",
             (unsigned long long)trace->seed, FIGURE_ROWS_MAX);
    bool is_good = plot_shade_run(plot, trace) && plot_open(plot);
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

static bool looks_into_bodies(const struct profile_rule *rule)
{
    const struct retry_after *after = &rule->retry_after;
    for (size_t i = 0; i < after->source_count; i++) {
        if (after->sources[i].pointer)
            return true;
    }
    return rule->on.body.pointer;
}

/* What the profile has and the curves leave out. */
static void note_what_is_ignored(struct plot *plot,
                                 const struct profile *profile)
{
    bool has_bodies = false, is_sharing = false;
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        is_sharing |= layer->rate_limiter.is_used || layer->breaker.is_used ||
                      layer->throttle.is_used || layer->budget.tokens.is_used ||
                      layer->budget.allowance.kind != ALLOWANCE_NONE;
        for (size_t k = 0; k < layer->rule_count; k++)
            has_bodies |= looks_into_bodies(&layer->rules[k]);
    }
    if (has_bodies || is_sharing)
        plot_add_note(plot, has_bodies && is_sharing
                                ? "ignores bodies and shared state"
                            : has_bodies ? "ignores bodies"
                                         : "ignores shared state");
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
             "seed %llu; dashed: the law; at most %d retries; left out: %zu "
             "gaps beyond it",
             (unsigned long long)trace->seed, FIGURE_SERIES_MAX, gaps.beyond);
    note_what_is_ignored(plot, profile);
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
