#include "reports/plot_timeline.h"

#include "model/trace_calls.h"
#include "model/units.h"
#include "reports/plots.h"

struct chart {
    const struct trace *trace;
    size_t count; /* attempts that are drawn */
    struct trace_calls calls;
    size_t height; /* rows */
    bool is_one_call;
    int64_t origin_ns, end_ns;
    FILE *out;
};

static double at(const struct chart *chart, int64_t t_ns)
{
    return (double)(t_ns - chart->origin_ns) / (double)NS_PER_S;
}

static bool chart_init(struct chart *chart, const struct trace *trace,
                       FILE *out)
{
    size_t count = trace->attempt_count < PLOT_ATTEMPTS_MAX
                       ? trace->attempt_count
                       : PLOT_ATTEMPTS_MAX;
    *chart = (struct chart){.trace = trace, .count = count, .out = out};
    if (!trace_calls_init(&chart->calls, trace, count))
        return false;
    chart->is_one_call = chart->calls.count == 1;
    chart->height = chart->is_one_call ? count : chart->calls.count;
    chart->origin_ns = trace->attempts[0].head_ns;
    for (size_t i = 0; i < count; i++) {
        int64_t over_ns = trace_over_ns(&trace->attempts[i]);
        if (over_ns > chart->end_ns)
            chart->end_ns = over_ns;
    }
    return true;
}

static size_t row_of(const struct chart *chart, size_t attempt)
{
    return 1 + (chart->is_one_call ? attempt : chart->calls.of[attempt]);
}

/* -- data -------------------------------------------------------------------
 */

/* From each attempt to the next one of its call. */
static size_t write_waits(const struct chart *chart)
{
    size_t count = 0;
    const struct trace_attempt *attempts = chart->trace->attempts;
    fputs("$waits << EOD\n", chart->out);
    for (size_t i = 0; i < chart->count; i++) {
        size_t next = chart->calls.next[i];
        if (next == SIZE_MAX)
            continue;
        fprintf(chart->out, "%.6f %zu\n%.6f %zu\n\n",
                at(chart, trace_over_ns(&attempts[i])), row_of(chart, i),
                at(chart, attempts[next].head_ns), row_of(chart, next));
        count++;
    }
    fputs("EOD\n", chart->out);
    return count;
}

static void write_spans(const struct chart *chart)
{
    fputs("$spans << EOD\n", chart->out);
    for (size_t i = 0; i < chart->count; i++) {
        const struct trace_attempt *attempt = &chart->trace->attempts[i];
        fprintf(chart->out, "%.6f %zu\n%.6f %zu\n\n",
                at(chart, attempt->head_ns), row_of(chart, i),
                at(chart, trace_over_ns(attempt)), row_of(chart, i));
    }
    fputs("EOD\n", chart->out);
}

static size_t write_ends(const struct chart *chart, enum trace_ending ending)
{
    size_t count = 0;
    fprintf(chart->out, "$ends%d << EOD\n", (int)ending);
    for (size_t i = 0; i < chart->count; i++) {
        const struct trace_attempt *attempt = &chart->trace->attempts[i];
        if (trace_ending(attempt) != ending)
            continue;
        fprintf(chart->out, "%.6f %zu\n", at(chart, trace_over_ns(attempt)),
                row_of(chart, i));
        count++;
    }
    fputs("EOD\n", chart->out);
    return count;
}

/* Attempts that a verdict names as the first at fault. */
static size_t write_faulty(const struct chart *chart,
                           const struct scenario_report *report)
{
    size_t count = 0;
    fputs("$faulty << EOD\n", chart->out);
    for (size_t i = 0; i < report->verdict_count; i++) {
        const struct verdict *verdict = &report->verdicts[i];
        size_t index = (size_t)verdict->attempt - 1;
        bool is_broken =
            verdict->word == VERDICT_FAIL || verdict->word == VERDICT_WARN;
        if (verdict->attempt < 1 || index >= chart->count || !is_broken)
            continue;
        fprintf(chart->out, "%.6f %zu\n",
                at(chart, chart->trace->attempts[index].head_ns),
                row_of(chart, index));
        count++;
    }
    fputs("EOD\n", chart->out);
    return count;
}

static void write_outages(const struct chart *chart)
{
    enum { OUTAGES_MAX = 50 };
    for (size_t i = 0; i < chart->trace->outage_count && i < OUTAGES_MAX; i++) {
        const struct trace_outage *outage = &chart->trace->outages[i];
        int64_t to_ns =
            outage->to_ns == TRACE_NEVER ? chart->end_ns : outage->to_ns;
        fprintf(chart->out,
                "set object rectangle from %.6f, graph 0 to %.6f, graph 1 "
                "behind fillcolor rgb \"#010208\" fillstyle solid 1.0 "
                "noborder\n",
                at(chart, outage->from_ns), at(chart, to_ns));
    }
}

/* -- the picture ------------------------------------------------------------
 */

static void write_axes(const struct chart *chart)
{
    double end = at(chart, chart->end_ns);
    fprintf(chart->out,
            "set xlabel \"seconds since the first request\"\n"
            "set ylabel \"%s\"\n"
            "set xrange [%.6f:%.6f]\nset yrange [0.4:%zu.6]\n",
            chart->is_one_call ? "attempt" : "call", -0.03 * (end + 0.001),
            1.03 * end + 0.001, chart->height);
    fputs("set xtics auto\n", chart->out);
    fputs(chart->height <= 10 ? "set ytics 1\n" : "set ytics auto\n",
          chart->out);
}

static void write_series(const struct chart *chart,
                         const size_t counts[ENDED_ALL])
{
    static const struct {
        int type, color;
        double size;
    } marks[ENDED_ALL] = {[ENDED_OK] = {7, 1, 0.8},
                          [ENDED_STATUS] = {9, 2, 1.0},
                          [ENDED_FAULT] = {13, 3, 1.1},
                          [ENDED_LEFT] = {2, 4, 1.0}};
    for (int i = 0; i < ENDED_ALL; i++)
        if (counts[i])
            fprintf(chart->out,
                    ", $ends%d with points pointtype %d pointsize %.1f "
                    "linewidth 2 linecolor rgb \"#01020%d\"",
                    i, marks[i].type, marks[i].size, marks[i].color);
}

bool plot_timeline_write(const struct scenario_report *report, FILE *out)
{
    struct chart chart;
    if (!chart_init(&chart, report->trace, out)) {
        trace_calls_deinit(&chart.calls);
        return false;
    }
    size_t counts[ENDED_ALL];
    size_t waits = write_waits(&chart);
    write_spans(&chart);
    for (int i = 0; i < ENDED_ALL; i++)
        counts[i] = write_ends(&chart, (enum trace_ending)i);
    size_t faulty = write_faulty(&chart, report);
    write_axes(&chart);
    write_outages(&chart);
    fputs("plot $spans with lines linewidth 4 linecolor rgb \"#010207\"", out);
    if (waits)
        fputs(", $waits with lines linewidth 1 dashtype 3 linecolor rgb "
              "\"#010207\"",
              out);
    write_series(&chart, counts);
    if (faulty)
        fputs(", $faulty with points pointtype 6 pointsize 2.2 linewidth 2 "
              "linecolor rgb \"#010209\"",
              out);
    fputs("\nunset object\n", out);
    trace_calls_deinit(&chart.calls);
    return !ferror(out);
}
