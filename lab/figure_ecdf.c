#include <string.h>

#include "lab/figure.h"
#include "model/units.h"

/* Through the quantiles: where many are the same to the nanosecond, straight
 * up. */
static void write_delays(const struct delays *delays, FILE *data)
{
    enum { POINTS = 400 };
    fprintf(data, "# seconds share\n%.9f 0\n", figure_seconds(delays->ns[0]));
    for (int i = 1; i <= POINTS; i++) {
        double p = (double)i / POINTS;
        fprintf(data, "%.9f %.5f\n", figure_seconds(delays_quantile(delays, p)),
                p);
    }
    fputs("\n\n", data);
}

static bool has_same_law(const struct delays *a, const struct delays *b)
{
    return a->count > 0 && b->count > 0 && a->least_ns == b->least_ns &&
           a->most_ns == b->most_ns;
}

/* The number of a retry on its curve, at a height; "6+" if those after it are
 * as it is. */
static void write_label(const struct figure_series *series, size_t i,
                        double height, FILE *script)
{
    const struct delays *delays = &series->retries[i];
    bool goes_on = i + 1 < series->count && has_same_law(delays, delays + 1);
    if (i > 0 && has_same_law(delays, delays - 1))
        return;
    fprintf(script, "set label '%zu%s' at %.9f,%.4f left offset 0.6,0 front\n",
            i + 1, goes_on ? "+" : "",
            figure_seconds(delays_quantile(delays, height)), height);
}

bool figure_ecdf(const struct figure *figure,
                 const struct figure_series *series, size_t count, FILE *data,
                 FILE *script)
{
    size_t index = 0;
    figure_begin(figure, script);
    fprintf(script,
            "set xlabel '%s, in seconds'\nset ylabel 'share of the calls'\nset "
            "yrange [0:1.02]\n%s",
            series[0].is_summed ? "time from the first attempt to each retry"
                                : "delay before each retry",
            figure->is_log ? "set logscale x\n" : "set xrange [0:]\n");
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < series[i].count; k++) {
            if (series[i].retries[k].count > 0)
                write_label(&series[i], k,
                            (double)(i + 1) / (double)(count + 1), script);
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < series[i].count; k++) {
            if (series[i].retries[k].count == 0)
                continue;
            write_delays(&series[i].retries[k], data);
            fprintf(script,
                    "%sdata index %zu using 1:2 with lines linewidth 1.8 "
                    "dashtype %d linecolor '%s' ",
                    index == 0 ? "plot " : ", \\\n  ", index, figure_dash(i),
                    figure_colour(i));
            fputs(k == 0 ? "title " : "notitle", script);
            if (k == 0)
                figure_quoted(series[i].name, script);
            index++;
        }
    }
    fputc('\n', script);
    return !ferror(data) && !ferror(script);
}
