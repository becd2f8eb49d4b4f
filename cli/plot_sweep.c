#include <ctype.h>
#include <string.h>

#include "cli/plot.h"
#include "cli/source.h"

static bool read_rows(struct plot *plot, struct rows *rows)
{
    struct source source;
    if (!source_open_file(plot->names[0], &source, &plot->error))
        return false;
    bool is_read = rows_add(rows, plot->names[0], source.bytes, source.size,
                            NULL, &plot->error);
    source_close(&source);
    if (is_read && !rows->header)
        error_add(&plot->error, PROBLEM_INPUT, "%s is empty", plot->names[0]);
    return is_read && rows->header;
}

/* What the metric means, over which axes, where. */
static void name_figure(struct plot *plot)
{
    const char *meaning = plot->metric;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (strcmp(metric_names[i], plot->metric) == 0)
            meaning = metric_meanings[i];
    }
    snprintf(plot->shown, PLOT_TEXT_SIZE, "%s, over %s%s%s", meaning, plot->x,
             plot->y ? " and " : "", plot->y ? plot->y : "");
    plot->shown[0] = (char)toupper((unsigned char)plot->shown[0]);
    for (size_t i = 0; i < plot->where_count; i++) {
        size_t used = strlen(plot->shown);
        snprintf(plot->shown + used, PLOT_TEXT_SIZE - used, "%s %s",
                 i == 0 ? " where" : ",", plot->where[i]);
    }
}

/* What the header of the sweep tells of its runs. */
static void describe(struct plot *plot, const struct rows *rows)
{
    cJSON *header = rows->header ? cJSON_Parse(rows->header) : NULL;
    const cJSON *trials = cJSON_GetObjectItemCaseSensitive(header, "trials");
    const cJSON *seed = cJSON_GetObjectItemCaseSensitive(header, "seed");
    snprintf(plot->note, PLOT_TEXT_SIZE, "%s: means of %.0f runs%s, seed %s",
             plot->names[0], cJSON_IsNumber(trials) ? trials->valuedouble : 0,
             plot->y ? "" : " and their 95 % confidence intervals",
             cJSON_IsString(seed) ? seed->valuestring : "not known");
    cJSON_Delete(header);
}

bool plot_sweep(struct plot *plot)
{
    struct rows rows = {0};
    const struct figure_axes axes = {plot->x, plot->y, plot->metric,
                                     plot->where, plot->where_count};
    if (!plot->x || plot->count != 1) {
        error_add(&plot->error, PROBLEM_INPUT,
                  "a sweep is one file, and --x names its axis");
        return false;
    }
    bool is_good = read_rows(plot, &rows);
    name_figure(plot);
    describe(plot, &rows);
    is_good = is_good && plot_open(plot) &&
              (plot->y ? figure_heat
                       : figure_sweep)(&plot->figure, &rows, &axes, plot->data,
                                       plot->script, &plot->error);
    rows_deinit(&rows);
    return is_good;
}
