#include <math.h>

#include "lab/figure.h"
#include "model/units.h"

enum { POINTS = 200, LAWS_MAX = 64 };

/* The gaps before one retry. */
struct group {
    const struct gap *gaps;
    size_t count;
};

static struct group group_at(const struct gaps *gaps, size_t from)
{
    struct group group = {.gaps = gaps->items + from};
    while (from + group.count < gaps->count &&
           group.gaps[group.count].retry == group.gaps[0].retry)
        group.count++;
    return group;
}

static void write_measured(const struct group *group, FILE *data)
{
    fputs("# seconds share: measured\n", data);
    for (size_t i = 0; i < group->count; i++) {
        double at = figure_seconds(group->gaps[i].ns);
        fprintf(data, "%.9f %.6f\n%.9f %.6f\n", at,
                (double)i / (double)group->count, at,
                (double)(i + 1) / (double)group->count);
    }
    fputs("\n\n", data);
}

/* The laws of a group, each with how many gaps have it: a header or the delay
 * before may make them differ. */
struct laws {
    const struct delay_law *items[LAWS_MAX];
    size_t weights[LAWS_MAX];
    size_t count, gaps;
};

static bool is_same_law(const struct delay_law *a, const struct delay_law *b)
{
    bool has_memory = a->backoff && a->backoff->jitter == JITTER_DECORRELATED;
    return a->backoff == b->backoff && a->n == b->n &&
           (!has_memory || a->previous_ns == b->previous_ns) &&
           a->has_header == b->has_header && a->use == b->use &&
           a->header_ns == b->header_ns && a->at_least_ns == b->at_least_ns &&
           a->at_most_ns == b->at_most_ns && a->spread_ns == b->spread_ns &&
           a->is_jittered == b->is_jittered && a->cut_ns == b->cut_ns;
}

/* False: there is no room for another law. */
static bool add_law(struct laws *laws, const struct delay_law *law)
{
    size_t i = 0;
    while (i < laws->count && !is_same_law(laws->items[i], law))
        i++;
    if (i == LAWS_MAX)
        return false;
    if (i == laws->count)
        laws->items[laws->count++] = law;
    laws->weights[i]++;
    laws->gaps++;
    return true;
}

/* All of them, or of more than LAWS_MAX a sample, evenly over the gaps. */
static void collect_laws(const struct group *group, struct laws *laws)
{
    bool has_room = true;
    *laws = (struct laws){0};
    for (size_t i = 0; has_room && i < group->count; i++)
        has_room = add_law(laws, &group->gaps[i].law);
    if (has_room)
        return;
    *laws = (struct laws){0};
    for (size_t i = 0; i < LAWS_MAX; i++)
        add_law(laws, &group->gaps[i * group->count / LAWS_MAX].law);
}

/* What is to be expected of all is the mean. */
static double mean_cdf(const struct laws *laws, int64_t at_ns, bool is_below)
{
    double sum = 0;
    for (size_t i = 0; i < laws->count; i++)
        sum += (double)laws->weights[i] *
               (is_below ? backoff_cdf_below(laws->items[i], at_ns)
                         : backoff_cdf(laws->items[i], at_ns));
    return sum / (double)laws->gaps;
}

static struct delay_range range_of(const struct group *group)
{
    struct delay_range all = {NS_FOREVER, 0};
    int64_t longest_ns = group->gaps[group->count - 1].ns;
    for (size_t i = 0; i < group->count; i++) {
        struct delay_range range = backoff_range(&group->gaps[i].law);
        all.min_ns = range.min_ns < all.min_ns ? range.min_ns : all.min_ns;
        all.max_ns = range.max_ns > all.max_ns ? range.max_ns : all.max_ns;
    }
    if (all.max_ns == NS_FOREVER)
        all.max_ns = longest_ns;
    return all;
}

/* Both limits at each point: where they differ, the curve goes straight up. */
static void write_law(const struct group *group, FILE *data)
{
    struct laws laws;
    struct delay_range range = range_of(group);
    collect_laws(group, &laws);
    double step = (double)(range.max_ns - range.min_ns) / POINTS;
    fputs("# seconds share: law\n", data);
    for (int i = 0; i <= POINTS; i++) {
        int64_t at_ns = i == POINTS
                            ? range.max_ns
                            : range.min_ns + (int64_t)((double)i * step);
        fprintf(data, "%.9f %.6f\n%.9f %.6f\n", figure_seconds(at_ns),
                mean_cdf(&laws, at_ns, true), figure_seconds(at_ns),
                mean_cdf(&laws, at_ns, false));
    }
    fputs("\n\n", data);
}

bool figure_gaps(const struct figure *figure, const struct gaps *gaps,
                 FILE *data, FILE *script)
{
    size_t shown = 0;
    figure_begin(figure, script);
    fprintf(script,
            "set xlabel 'gap between two attempts of a call, in seconds'\n"
            "set ylabel 'share of the gaps'\nset yrange [0:1.02]\n%s",
            figure->is_log ? "set logscale x\n" : "set xrange [0:]\n");
    for (size_t from = 0; from < gaps->count && shown < FIGURE_SERIES_MAX;
         shown++) {
        struct group group = group_at(gaps, from);
        write_measured(&group, data);
        write_law(&group, data);
        fprintf(script,
                "%sdata index %zu using 1:2 with lines linewidth 2.6 "
                "linecolor '%s' title 'retry %zu: %zu gap%s'"
                ", \\\n  data index %zu using 1:2 with lines linewidth 1.6 "
                "dashtype 2 linecolor '%s' %s",
                shown == 0 ? "plot " : ", \\\n  ", 2 * shown,
                figure_colour(shown), group.gaps[0].retry, group.count,
                group.count > 1 ? "s" : "", 2 * shown + 1,
                figure_ink(figure, INK_TEXT), "notitle");
        from += group.count;
    }
    fprintf(script,
            ", \\\n  NaN with lines linewidth 1.6 dashtype 2 linecolor "
            "'%s' title 'law'\n",
            figure_ink(figure, INK_TEXT));
    return !ferror(data) && !ferror(script);
}
