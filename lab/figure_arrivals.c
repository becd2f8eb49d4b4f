#include "lab/figure.h"
#include "model/units.h"

enum { BINS_A_SECOND = NS_PER_S / TALLY_BIN_NS };

/* Where nothing came, on a log scale: below the axis. */
#define NOTHING 0.5

/* How many bins of a tally are one of the figure: a second, or a tenth where
 * all is over within twenty. */
static size_t bins_a_point(const struct figure_fleets *fleets)
{
    enum { SHORT_S = 20 };
    for (size_t i = 0; i < fleets->count; i++) {
        if (fleets->items[i].tally->bin_count > (size_t)SHORT_S * BINS_A_SECOND)
            return BINS_A_SECOND;
    }
    return 1;
}

/* second, attempts, calls begun, calls served */
static void write_tally(const struct tally *tally, size_t width, FILE *data)
{
    fprintf(data, "# %s attempts begun served\n",
            width == 1 ? "tenth-of-a-second" : "second");
    for (size_t from = 0; from < tally->bin_count; from += width) {
        struct tally_bin sum = {0};
        for (size_t i = from; i < from + width && i < tally->bin_count; i++) {
            sum.begun += tally->bins[i].begun;
            sum.arrivals += tally->bins[i].arrivals;
            sum.served += tally->bins[i].served;
        }
        fprintf(data, "%zu %u %u %u\n", from / width, sum.arrivals, sum.begun,
                sum.served);
    }
    figure_end_block(tally->bin_count, data);
}

bool figure_arrivals(const struct figure *figure,
                     const struct figure_fleets *fleets, FILE *data,
                     FILE *script)
{
    size_t width = bins_a_point(fleets);
    figure_begin(figure, script);
    fprintf(script,
            "set xlabel 'time in seconds'\n"
            "set ylabel 'attempts in each %s'\nset xrange [0:]\n",
            width == 1 ? "100 ms" : "second");
    if (figure->is_log)
        fprintf(script, "set logscale y\nset yrange [0.8:]\n");
    else
        fputs("set yrange [0:]\n", script);
    figure_shade(figure, script);
    for (size_t i = 0; i < fleets->count; i++) {
        write_tally(fleets->items[i].tally, width, data);
        fprintf(script,
                "%sdata index %zu using (($1+0.5)*%g):($2>0?$2:%g) with lines "
                "linewidth 1.6 linecolor '%s' title ",
                i == 0 ? "plot " : ", \\\n  ", i, (double)width / BINS_A_SECOND,
                figure->is_log ? NOTHING : 0.0, figure_colour(i));
        figure_quoted(fleets->items[i].name, script);
    }
    fputc('\n', script);
    return !ferror(data) && !ferror(script);
}

/* Up over each part of the histogram in which there is something; all calls are
 * 1. */
static void write_shares(const struct tally *tally, FILE *data)
{
    const struct histogram *wait = &tally->wait;
    double all = tally->calls > 0 ? (double)tally->calls : 1;
    uint64_t seen = 0;
    fputs("# seconds share\n0 0\n", data);
    for (size_t part = 0; part < HISTOGRAM_ALL; part++) {
        int64_t from_ns = part > 0 ? histogram_part_end(part - 1) : 0;
        int64_t to_ns = histogram_part_end(part);
        if (wait->counts[part] == 0)
            continue;
        fprintf(data, "%.6f %.6f\n", figure_seconds(from_ns),
                (double)seen / all);
        seen += wait->counts[part];
        to_ns = to_ns < wait->most_ns ? to_ns : wait->most_ns;
        fprintf(data, "%.6f %.6f\n", figure_seconds(to_ns), (double)seen / all);
    }
    fprintf(data, "%.6f %.6f\n\n\n", figure_seconds(tally->ended_ns),
            (double)seen / all);
}

bool figure_success(const struct figure *figure,
                    const struct figure_fleets *fleets, FILE *data,
                    FILE *script)
{
    figure_begin(figure, script);
    fputs(
        "set xlabel 'time from the begin of a call to its answer, in "
        "seconds'\nset ylabel 'share of all calls'\nset yrange [-0.02:1.02]\n",
        script);
    fputs(figure->is_log ? "set logscale x\n" : "set xrange [0:]\n", script);
    for (size_t i = 0; i < fleets->count; i++) {
        write_shares(fleets->items[i].tally, data);
        fprintf(script,
                "%sdata index %zu using %s:2 with lines linewidth 2 dashtype "
                "%d linecolor '%s' title ",
                i == 0 ? "plot " : ", \\\n  ", i,
                figure->is_log ? "($1>0?$1:NaN)" : "1", figure_dash(i),
                figure_colour(i));
        figure_quoted(fleets->items[i].name, script);
    }
    fputc('\n', script);
    return !ferror(data) && !ferror(script);
}
