/* Figures as data files and scripts for gnuplot. Pure; FILEs are the caller's.
 *
 * Every script begins with figure_begin(), which sets the terminal, and names
 * the data file, which stands beside it. Text of others (titles, names) is
 * quoted, never run. */
#ifndef RETRYSPEC_LAB_FIGURE_H
#define RETRYSPEC_LAB_FIGURE_H

#include <stdio.h>

#include "lab/delays.h"
#include "lab/gaps.h"
#include "lab/rows.h"
#include "lab/tally.h"
#include "model/trace.h"
#include "model/world.h"

/* PAGE: an SVG to be made part of a page, which has title and small print and
 * gives the colours (reports/svg.h). */
enum figure_format { FIGURE_SVG, FIGURE_PNG, FIGURE_PDF, FIGURE_PAGE };

enum { FIGURE_SERIES_MAX = 6 };

/* Of time; to_ns may be NS_FOREVER. */
struct figure_span {
    int64_t from_ns, to_ns;
};

struct figure {
    enum figure_format format;
    const char *picture, *data; /* names of files, in one folder */
    const char *title;
    const char *note;                /* small print: what is drawn how, seed */
    const char *command;             /* likewise: what drew it */
    bool is_log;                     /* the axis that --log is about */
    const struct figure_span *spans; /* shaded: outages */
    size_t span_count;
};

/* Delays before each retry, series side by side. Nothing is smoothed, so
 * nothing leaves the support. */
struct figure_series {
    const char *name;
    const struct delays *retries;
    size_t count;   /* retries */
    bool is_summed; /* since the first attempt */
};

/* A violin a retry and series: as wide as they are frequent, with median, the
 * middle 90 % and the bounds of the law; a value that one in fifty has to the
 * nanosecond is a point with its share. */
bool figure_backoff(const struct figure *figure,
                    const struct figure_series *series, size_t count,
                    FILE *data, FILE *script);

/* The same as a panel a retry, at most FIGURE_PANELS_MAX of them. */
enum { FIGURE_PANELS_MAX = 12 };
bool figure_histogram(const struct figure *figure,
                      const struct figure_series *series, size_t count,
                      FILE *data, FILE *script);

/* The same as shares up to each delay. */
bool figure_ecdf(const struct figure *figure,
                 const struct figure_series *series, size_t count, FILE *data,
                 FILE *script);

/* Attempts a second at the server; spans shaded. */
struct figure_fleet {
    const char *name;
    const struct tally *tally;
};
struct figure_fleets {
    const struct figure_fleet *items;
    size_t count;
};
bool figure_arrivals(const struct figure *figure,
                     const struct figure_fleets *fleets, FILE *data,
                     FILE *script);

/* Shares of all calls that had their answer by then; a curve that ends below 1
 * left the others without. */
bool figure_success(const struct figure *figure,
                    const struct figure_fleets *fleets, FILE *data,
                    FILE *script);

/* Measured gaps, retry by retry, on the law's own curve. */
bool figure_gaps(const struct figure *figure, const struct gaps *gaps,
                 FILE *data, FILE *script);

/* Attempts and waits by time, a row a call, spans shaded; of the first
 * FIGURE_ROWS_MAX calls. False also without memory. */
enum { FIGURE_ROWS_MAX = 40, FIGURE_ATTEMPTS_MAX = 20000 };
bool figure_timeline(const struct figure *figure, const struct trace *trace,
                     FILE *data, FILE *script);

/* A metric of a sweep. `where`: "path=value", points of other values are left
 * out. False and a problem if there is no such axis, metric or point. */
struct figure_axes {
    const char *x, *y, *metric; /* y NULL: the metric is that axis */
    const char *const *where;
    size_t where_count;
};

/* Over the values of one axis, a line for each combination of the others, with
 * margins. Values that are no durations or numbers stand side by side. */
bool figure_sweep(const struct figure *figure, const struct rows *rows,
                  const struct figure_axes *axes, FILE *data, FILE *script,
                  struct error *error);

/* As colours over two axes; all others must have one value. */
bool figure_heat(const struct figure *figure, const struct rows *rows,
                 const struct figure_axes *axes, FILE *data, FILE *script,
                 struct error *error);

/* -- for the files of the figures ------------------------------------------ */

/* Terminal, title, small print, key. */
void figure_begin(const struct figure *figure, FILE *script);

/* A string for gnuplot, in quotes. */
void figure_quoted(const char *text, FILE *script);

/* Of a series, in the order of the Okabe-Ito palette, and how its lines are
 * dashed, so that greys tell them apart too. */
const char *figure_colour(size_t series);
int figure_dash(size_t series);

/* What is no series. */
enum figure_ink { INK_TEXT, INK_SOFT, INK_LINE, INK_GRID, INK_SHADE, INK_ALL };
const char *figure_ink(const struct figure *figure, enum figure_ink ink);

double figure_seconds(int64_t ns);

/* The end of a block of data with so many lines. gnuplot does not count one
 * that is empty: it gets a line without a number. */
void figure_end_block(size_t lines, FILE *data);

/* The spans, behind the curves. */
void figure_shade(const struct figure *figure, FILE *script);

#endif
