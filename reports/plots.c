#include "reports/plots.h"

#include "reports/plot_delays.h"
#include "reports/plot_timeline.h"

bool plots_has(const struct scenario_report *report, enum plot_kind kind)
{
    switch (kind) {
    case PLOT_TIMELINE:
        return report->trace && report->trace->attempt_count > 0;
    case PLOT_DELAYS:
        return plot_delays_has(report);
    case PLOT_KINDS:
        break;
    }
    return false;
}

char *plots_name(enum plot_kind kind, size_t index, char name[PLOT_NAME_MAX])
{
    snprintf(name, PLOT_NAME_MAX, "%s-%zu.svg",
             kind == PLOT_TIMELINE ? "timeline" : "delays", index);
    return name;
}

static void write_frame(FILE *out)
{
    fputs("set terminal svg size 520,300 font \"sans-serif,15\" noenhanced\n"
          "set border 3 linecolor rgb \"black\"\n"
          "set tics out nomirror scale 0.4\n"
          "set grid ytics linetype 1 linewidth 0.5 linecolor rgb \"#010206\"\n"
          "set key off\n"
          "set style fill solid 1.0 border linecolor rgb \"#010207\"\n",
          out);
}

static bool write_plot(const struct scenario_report *report,
                       enum plot_kind kind, FILE *out)
{
    return kind == PLOT_TIMELINE ? plot_timeline_write(report, out)
                                 : plot_delays_write(report, out);
}

bool plots_write(const struct run_report *run, FILE *out)
{
    bool is_written = true;
    write_frame(out);
    for (size_t i = 0; i < run->count; i++) {
        for (int kind = 0; kind < PLOT_KINDS; kind++) {
            char name[PLOT_NAME_MAX];
            if (!plots_has(run->scenarios[i], (enum plot_kind)kind))
                continue;
            fprintf(out, "set output \"%s\"\n",
                    plots_name((enum plot_kind)kind, i, name));
            is_written &= write_plot(run->scenarios[i], kind, out);
            fputs("unset output\n", out);
        }
    }
    return is_written && fflush(out) == 0 && !ferror(out);
}
