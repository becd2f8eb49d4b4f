#include "reports/plot_delays.h"

#include <string.h>

#include "model/units.h"

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static bool is_drawn(const struct delay_seen *delay)
{
    return delay->min_ns != NS_FOREVER;
}

bool plot_delays_has(const struct scenario_report *report)
{
    for (size_t i = 0; i < report->delay_count; i++)
        if (is_drawn(&report->delays[i]))
            return true;
    return false;
}

/* The top of a law that has none: as high as anything else. */
static int64_t top_of(const struct scenario_report *report)
{
    int64_t top_ns = NS_PER_MS;
    for (size_t i = 0; i < report->delay_count; i++) {
        const struct delay_seen *delay = &report->delays[i];
        if (!is_drawn(delay))
            continue;
        if (delay->delay_ns > top_ns)
            top_ns = delay->delay_ns;
        if (delay->min_ns > top_ns)
            top_ns = delay->min_ns;
        if (delay->max_ns != NS_FOREVER && delay->max_ns > top_ns)
            top_ns = delay->max_ns;
    }
    return top_ns;
}

/* The calls of a crowd mostly meet the same law: it is drawn once. */
static bool is_drawn_before(const struct scenario_report *report, size_t index)
{
    enum { LOOK_BACK = 64 };
    const struct delay_seen *own = &report->delays[index];
    size_t from = index > LOOK_BACK ? index - LOOK_BACK : 0;
    for (size_t i = from; i < index; i++) {
        const struct delay_seen *other = &report->delays[i];
        if (other->n == own->n && other->min_ns == own->min_ns &&
            other->max_ns == own->max_ns)
            return true;
    }
    return false;
}

/* n, bottom, top */
static void write_laws(const struct scenario_report *report, FILE *out)
{
    int64_t top_ns = top_of(report);
    fputs("$law << EOD\n", out);
    for (size_t i = 0; i < report->delay_count; i++) {
        const struct delay_seen *delay = &report->delays[i];
        if (!is_drawn(delay) || is_drawn_before(report, i))
            continue;
        int64_t max_ns = delay->max_ns == NS_FOREVER ? top_ns : delay->max_ns;
        fprintf(out, "%lld %.6f %.6f\n", (long long)delay->n,
                seconds(delay->min_ns < 0 ? 0 : delay->min_ns),
                seconds(max_ns));
    }
    fputs("EOD\n", out);
}

/* Points of different calls stand side by side inside the band. */
static double offset_of(size_t call)
{
    enum { COLUMNS = 13 };
    return 0.6 * ((double)(call % COLUMNS) / (COLUMNS - 1)) - 0.3;
}

static bool has_crowd(const struct scenario_report *report)
{
    for (size_t i = 1; i < report->delay_count; i++)
        if (strcmp(report->delays[i].call, report->delays[0].call) != 0)
            return true;
    return false;
}

static size_t write_points(const struct scenario_report *report, bool is_kept,
                           FILE *out)
{
    size_t count = 0, calls = 0;
    bool is_crowd = has_crowd(report);
    fprintf(out, "$%s << EOD\n", is_kept ? "kept" : "broken");
    for (size_t i = 0; i < report->delay_count; i++) {
        const struct delay_seen *delay = &report->delays[i];
        calls += i > 0 && strcmp(delay->call, delay[-1].call) != 0;
        if (!is_drawn(delay) || delay->is_kept != is_kept)
            continue;
        fprintf(out, "%.3f %.6f\n",
                (double)delay->n + (is_crowd ? offset_of(calls) : 0),
                seconds(delay->delay_ns));
        count++;
    }
    fputs("EOD\n", out);
    return count;
}

static int64_t last_n(const struct scenario_report *report)
{
    int64_t last = 1;
    for (size_t i = 0; i < report->delay_count; i++)
        if (report->delays[i].n > last)
            last = report->delays[i].n;
    return last;
}

bool plot_delays_write(const struct scenario_report *report, FILE *out)
{
    int64_t last = last_n(report);
    write_laws(report, out);
    size_t kept = write_points(report, true, out);
    size_t broken = write_points(report, false, out);
    fprintf(out,
            "set xlabel \"retry\"\nset ylabel \"delay in s\"\n"
            "set xrange [0.5:%lld.5]\nset yrange [0:%.6f]\n",
            (long long)last, 1.08 * seconds(top_of(report)));
    fputs(last <= 12 ? "set xtics 1\n" : "set xtics auto\n", out);
    fputs("set ytics auto\n", out);
    fputs("plot $law using 1:(($2+$3)/2):(0.38):(($3-$2)/2) with boxxyerror "
          "fillcolor rgb \"#010205\" linecolor rgb \"#010207\" linewidth 1.5",
          out);
    if (kept)
        fputs(", $kept with points pointtype 7 pointsize 0.8 linecolor rgb "
              "\"#010201\"",
              out);
    if (broken)
        fputs(", $broken with points pointtype 9 pointsize 1.2 linecolor rgb "
              "\"#010202\"",
              out);
    fputc('\n', out);
    return !ferror(out);
}
