#include <stdlib.h>

#include "cli/cli.h"
#include "cli/plot.h"

struct backoff_plot {
    struct profile *profiles[FIGURE_SERIES_MAX];
    struct delays retries[FIGURE_SERIES_MAX][DELAYS_RETRIES_MAX];
    struct figure_series series[FIGURE_SERIES_MAX];
};

static bool sample(struct plot *plot, struct backoff_plot *backoff, size_t i)
{
    struct profile *profile = cli_load_profile(plot->names[i], &plot->error);
    const struct delays_request request = {
        .profile = profile,
        .status = (int)plot->status,
        .is_summed = plot->is_summed,
        .retries = (size_t)plot->retries,
        .samples = (size_t)plot->samples,
        .seed = plot->seed,
    };
    backoff->profiles[i] = profile;
    if (!profile)
        return false;
    backoff->series[i] = (struct figure_series){
        profile->id, backoff->retries[i], request.retries, plot->is_summed};
    if (!delays_sample(&request, backoff->retries[i])) {
        error_add(&plot->error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    if (backoff->retries[i][0].count == 0)
        error_add(&plot->error, PROBLEM_INPUT,
                  "%s does not retry %ld: choose another --status", profile->id,
                  plot->status);
    return backoff->retries[i][0].count > 0;
}

/* Title and small print. */
static void describe(struct plot *plot)
{
    static const char *const words[] = {
        [PLOT_VIOLIN] = "dots and bars: median and middle 90 %; black lines: "
                        "bounds of the law; diamonds: share of exactly that "
                        "value",
        [PLOT_HISTOGRAM] = "lines with a share: calls with exactly that value, "
                           "not to scale; dotted: bounds of the law",
        [PLOT_ECDF] = "numbers: which retry; straight up: many calls with "
                      "exactly that value",
    };
    snprintf(plot->shown, PLOT_TEXT_SIZE, "%s when every answer is %ld",
             plot->is_summed ? "Time from the first attempt to each retry"
                             : "Delay before each retry",
             plot->status);
    snprintf(plot->note, PLOT_TEXT_SIZE, "%ld calls of each, seed %llu; %s",
             plot->samples, (unsigned long long)plot->seed, words[plot->style]);
}

static bool fill(struct plot *plot, const struct figure_series *series)
{
    switch (plot->style) {
    case PLOT_VIOLIN:
        return figure_backoff(&plot->figure, series, plot->count, plot->data,
                              plot->script);
    case PLOT_HISTOGRAM:
        return figure_histogram(&plot->figure, series, plot->count, plot->data,
                                plot->script);
    case PLOT_ECDF:
        return figure_ecdf(&plot->figure, series, plot->count, plot->data,
                           plot->script);
    }
    return false;
}

bool plot_backoff(struct plot *plot)
{
    struct backoff_plot *backoff = calloc(1, sizeof *backoff);
    bool is_good = backoff && plot->count <= FIGURE_SERIES_MAX;
    if (!is_good)
        error_add(&plot->error, PROBLEM_INPUT,
                  "at most %d profiles in a figure", FIGURE_SERIES_MAX);
    for (size_t i = 0; is_good && i < plot->count; i++)
        is_good = sample(plot, backoff, i);
    describe(plot);
    is_good = is_good && plot_open(plot) && fill(plot, backoff->series);
    for (size_t i = 0; backoff && i < FIGURE_SERIES_MAX; i++) {
        delays_deinit(backoff->retries[i], DELAYS_RETRIES_MAX);
        profile_free(backoff->profiles[i]);
    }
    free(backoff);
    return is_good;
}
