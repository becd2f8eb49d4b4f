#include "lab/figure.h"
#include "model/units.h"

enum { BINS_A_SECOND = NS_PER_S / TALLY_BIN_NS };

static size_t last_second(const struct tally *tally)
{
    return (tally->bin_count + BINS_A_SECOND - 1) / BINS_A_SECOND;
}

/* second, attempts, calls begun, calls served */
static void write_tally(const struct tally *tally, FILE *data)
{
    fputs("# second attempts begun served\n", data);
    for (size_t second = 0; second < last_second(tally); second++) {
        struct tally_bin sum = {0};
        for (size_t i = second * BINS_A_SECOND;
             i < (second + 1) * BINS_A_SECOND && i < tally->bin_count; i++) {
            sum.begun += tally->bins[i].begun;
            sum.arrivals += tally->bins[i].arrivals;
            sum.served += tally->bins[i].served;
        }
        fprintf(data, "%zu %u %u %u\n", second, sum.arrivals, sum.begun,
                sum.served);
    }
    fputs("\n\n", data);
}

static void shade_outages(const struct world *world, FILE *script)
{
    const struct capacity *server = &world->server;
    for (size_t i = 0; i < server->outage_count; i++) {
        const struct outage *outage = &server->outages[i];
        fprintf(script, "set object rectangle from %.3f,graph 0 to ",
                (double)outage->from_ns / (double)NS_PER_S);
        if (outage->to_ns == NS_FOREVER)
            fputs("graph 1,graph 1", script);
        else
            fprintf(script, "%.3f,graph 1",
                    (double)outage->to_ns / (double)NS_PER_S);
        fputs(" fillcolor '#e8e8e8' fillstyle solid noborder behind\n", script);
    }
}

bool figure_arrivals(const struct figure *figure, const struct world *world,
                     const struct figure_fleet *fleets, size_t count,
                     FILE *data, FILE *script)
{
    figure_begin(figure, script);
    fputs("set xlabel 'seconds'\n"
          "set ylabel 'attempts a second at the server'\n",
          script);
    if (!figure->is_log)
        fputs("set yrange [0:]\n", script);
    shade_outages(world, script);
    for (size_t i = 0; i < count; i++) {
        write_tally(fleets[i].tally, data);
        fprintf(script,
                "%sdata index %zu using ($1+0.5):%s with lines linewidth 1.6 "
                "linecolor '%s' title ",
                i == 0 ? "plot " : ", \\\n  ", i,
                figure->is_log ? "($2>0?$2:NaN)" : "2", figure_colour(i));
        figure_quoted(fleets[i].name, script);
    }
    fputc('\n', script);
    return !ferror(data) && !ferror(script);
}
