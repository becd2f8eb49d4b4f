/* retryspec plot: what its kinds of figures share. */
#ifndef RETRYSPEC_CLI_PLOT_H
#define RETRYSPEC_CLI_PLOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lab/figure.h"
#include "model/error.h"

enum {
    PLOT_PATH_SIZE = 1024,
    PLOT_TEXT_SIZE = 512,
    PLOT_WHERE_MAX = 8,
    PLOT_SPANS_MAX = 1024
};

/* X(constant, word) */
#define PLOT_STYLE_LIST(X)         \
    X(PLOT_VIOLIN, "violin")       \
    X(PLOT_HISTOGRAM, "histogram") \
    X(PLOT_ECDF, "ecdf")

enum plot_style {
#define X(constant, word) constant,
    PLOT_STYLE_LIST(X)
#undef X
};

struct plot {
    const char *kind;
    char *const *names; /* after the kind */
    size_t count;
    const char *out, *title, *x, *y, *metric, *scenario;
    const char *profiles[FIGURE_SERIES_MAX];
    size_t profile_count;
    const char *where[PLOT_WHERE_MAX];
    size_t where_count;
    enum plot_style style;
    bool is_log, is_summed, is_added;
    long status, retries, samples;
    uint64_t seed;
    char *command; /* as it was typed, on the heap */
    struct error error;
    /* What is drawn, and where. */
    struct figure figure;
    char picture[PLOT_PATH_SIZE], data_path[PLOT_PATH_SIZE],
        script_path[PLOT_PATH_SIZE];
    char page[PLOT_PATH_SIZE]; /* "": no page */
    char shown[PLOT_TEXT_SIZE], note[PLOT_TEXT_SIZE];
    struct figure_span spans[PLOT_SPANS_MAX]; /* shaded */
    size_t span_count;
    FILE *data, *script;
};

/* Each opens the files by plot_open() and fills them. False and a problem. */
bool plot_backoff(struct plot *plot);
bool plot_arrivals(struct plot *plot);
bool plot_success(struct plot *plot);
bool plot_sweep(struct plot *plot);
bool plot_timeline(struct plot *plot);
bool plot_gaps(struct plot *plot);

/* -- plot_trace.c ---------------------------------------------------------- */

/* NULL and a problem; a trace without an attempt is one. */
struct trace *plot_read_trace(struct plot *plot, const char *name);

/* -- plot_outages.c -------------------------------------------------------- */

/* What is shaded; beyond PLOT_SPANS_MAX nothing more. */
void plot_shade(struct plot *plot, int64_t from_ns, int64_t to_ns);

/* When the server of a run was out: what the trace says of the listener, and
 * the windows of its scenario, if that is known, whose answer is an error or a
 * fault. False and a problem if --scenario is none of this trace. */
bool plot_shade_run(struct plot *plot, const struct trace *trace);

/* "; " and a text at the end of the small print. */
void plot_add_note(struct plot *plot, const char *text);

/* -- plot_files.c ---------------------------------------------------------- */

/* Title and note must be set. */
bool plot_open(struct plot *plot);

/* False and a problem if something could not be written; fine without files. */
bool plot_close(struct plot *plot);

/* Lets gnuplot draw what was written, and tells where it is. */
bool plot_draw(struct plot *plot);

/* -- plot_page.c ----------------------------------------------------------- */

/* Figures that the page at `path` has; 0 if there is no such page. */
size_t plot_page_count(const char *path);

/* Puts the picture into the page: a new one, or if plot->is_added after the
 * figures that it has. */
bool plot_page_write(struct plot *plot);

#endif
