#include <math.h>

#include "lab/figure.h"
#include "model/trace_calls.h"
#include "model/units.h"

/* Of a status, as a share of the width. */
#define LABEL_WIDTH 0.065

struct drawing {
    const struct figure *figure;
    const struct trace *trace;
    struct trace_calls calls;
    size_t attempts; /* that are looked at */
    size_t rows;
    int64_t origin_ns, end_ns;
    FILE *data, *script;
};

static double at(const struct drawing *drawing, int64_t t_ns)
{
    return figure_seconds(t_ns - drawing->origin_ns);
}

/* Rows go down; 0: not shown. */
static size_t row_of(const struct drawing *drawing, size_t attempt)
{
    size_t call = drawing->calls.of[attempt];
    return call < drawing->rows ? call + 1 : 0;
}

static void write_waits(const struct drawing *drawing)
{
    size_t count = 0;
    fputs("# from to row: waits\n", drawing->data);
    for (size_t i = 0; i < drawing->attempts; i++) {
        size_t next = drawing->calls.next[i], row = row_of(drawing, i);
        if (next == SIZE_MAX || row == 0)
            continue;
        const struct trace_attempt *attempts = drawing->trace->attempts;
        fprintf(drawing->data, "%.9f %.9f %zu\n",
                at(drawing, trace_over_ns(&attempts[i])),
                at(drawing, attempts[next].head_ns), row);
        count++;
    }
    figure_end_block(count, drawing->data);
}

static double span_of(const struct drawing *drawing)
{
    return at(drawing, drawing->end_ns);
}

/* From, to, row and status of the attempts that ended so; how many. */
static size_t write_attempts(const struct drawing *drawing,
                             enum trace_ending ending)
{
    size_t count = 0;
    double last[FIGURE_ROWS_MAX + 1];
    for (size_t i = 0; i <= FIGURE_ROWS_MAX; i++)
        last[i] = -HUGE_VAL;
    fputs("# from to row status: attempts; 0: there is no room for it\n",
          drawing->data);
    for (size_t i = 0; i < drawing->attempts; i++) {
        const struct trace_attempt *attempt = &drawing->trace->attempts[i];
        size_t row = row_of(drawing, i);
        if (row == 0 || trace_ending(attempt) != ending)
            continue;
        double to = at(drawing, trace_over_ns(attempt));
        bool has_room = to - last[row] > LABEL_WIDTH * span_of(drawing);
        fprintf(drawing->data, "%.9f %.9f %zu %lld\n",
                at(drawing, attempt->head_ns), to, row,
                has_room ? (long long)attempt->status : 0);
        last[row] = has_room ? to : last[row];
        count++;
    }
    figure_end_block(count, drawing->data);
    return count;
}

/* The calls by name while there is room for it. */
static void write_rows(const struct drawing *drawing)
{
    enum { NAMES_MAX = 24, NAME_MAX = 16 };
    bool has_names = drawing->rows <= NAMES_MAX;
    fprintf(drawing->script, "set yrange [%zu.6:0.4]\nset ylabel 'call'\n",
            drawing->rows);
    if (!has_names) {
        fputs("set ytics 5\n", drawing->script);
        return;
    }
    fputs("set ytics scale 0 (", drawing->script);
    size_t row = 0;
    for (size_t i = 0; i < drawing->attempts && row < drawing->rows; i++) {
        if (row_of(drawing, i) != row + 1)
            continue;
        char name[NAME_MAX + 1];
        snprintf(name, sizeof name, "%s", drawing->trace->attempts[i].call);
        fputs(row > 0 ? ", " : "", drawing->script);
        figure_quoted(name, drawing->script);
        fprintf(drawing->script, " %zu", ++row);
    }
    fputs(")\n", drawing->script);
}

static void write_plot(const struct drawing *drawing,
                       const size_t counts[ENDED_ALL])
{
    static const struct {
        const char *name;
        int mark, colour;
    } looks[] = {[ENDED_OK] = {"answered", 7, 0},
                 [ENDED_STATUS] = {"error status", 9, 4},
                 [ENDED_FAULT] = {"connection failed", 13, 3},
                 [ENDED_LEFT] = {"client left, or the run ended", 2, 1}};
    enum { LABELS_MAX = 60 };
    FILE *script = drawing->script;
    fprintf(script,
            "plot data index 0 using 1:3:($2-$1):(0) with vectors nohead "
            "linewidth 1 dashtype 3 linecolor '%s' title 'waits'",
            figure_ink(drawing->figure, INK_LINE));
    for (int i = 0; i < ENDED_ALL; i++) {
        const char *colour = figure_colour((size_t)looks[i].colour);
        if (counts[i] == 0)
            continue;
        fprintf(script,
                ", \\\n  data index %d using 1:3:($2-$1):(0) with vectors "
                "nohead linewidth 5 linecolor '%s' notitle"
                ", \\\n  data index %d using 2:3 with points pointtype %d "
                "pointsize 1.1 linewidth 2 linecolor '%s' title '%s'",
                i + 1, colour, i + 1, looks[i].mark, colour, looks[i].name);
        if (i == ENDED_STATUS && counts[i] <= LABELS_MAX)
            fprintf(
                script,
                ", \\\n  data index %d using 2:3:($4>0?sprintf('%%d',$4):'') "
                "with labels offset 0,0.8 textcolor '%s' notitle",
                i + 1, figure_ink(drawing->figure, INK_TEXT));
    }
    fputc('\n', script);
}

bool figure_timeline(const struct figure *figure, const struct trace *trace,
                     FILE *data, FILE *script)
{
    struct drawing drawing = {.figure = figure,
                              .trace = trace,
                              .data = data,
                              .script = script,
                              .origin_ns = trace->attempts[0].head_ns};
    size_t counts[ENDED_ALL];
    drawing.attempts = trace->attempt_count < FIGURE_ATTEMPTS_MAX
                           ? trace->attempt_count
                           : FIGURE_ATTEMPTS_MAX;
    if (!trace_calls_init(&drawing.calls, trace, drawing.attempts)) {
        trace_calls_deinit(&drawing.calls);
        return false;
    }
    drawing.rows = drawing.calls.count < FIGURE_ROWS_MAX ? drawing.calls.count
                                                         : FIGURE_ROWS_MAX;
    for (size_t i = 0; i < drawing.attempts; i++) {
        int64_t over_ns = trace_over_ns(&trace->attempts[i]);
        if (drawing.end_ns < over_ns && row_of(&drawing, i) > 0)
            drawing.end_ns = over_ns;
    }
    figure_begin(figure, script);
    fprintf(script,
            "set xlabel 'time since the first request, in seconds'\n"
            "set xrange [%.9f:%.9f]\nset grid noytics\n",
            -0.03 * span_of(&drawing) - 1e-6, 1.03 * span_of(&drawing) + 1e-6);
    write_rows(&drawing);
    figure_shade(figure, script);
    write_waits(&drawing);
    for (int i = 0; i < ENDED_ALL; i++)
        counts[i] = write_attempts(&drawing, (enum trace_ending)i);
    write_plot(&drawing, counts);
    trace_calls_deinit(&drawing.calls);
    return !ferror(data) && !ferror(script);
}
