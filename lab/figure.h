/* Figures as data files and scripts for gnuplot. Pure; FILEs are the caller's.
 *
 * Every script begins with figure_begin(), which sets the terminal, and names
 * the data file, which stands beside it. Text of others (titles, names) is
 * quoted, never run. */
#ifndef RETRYSPEC_LAB_FIGURE_H
#define RETRYSPEC_LAB_FIGURE_H

#include <stdio.h>

#include "lab/delays.h"
#include "lab/rows.h"
#include "lab/tally.h"
#include "model/world.h"

enum figure_format { FIGURE_SVG, FIGURE_PNG, FIGURE_PDF };

enum { FIGURE_SERIES_MAX = 6 };

struct figure {
    enum figure_format format;
    const char *picture, *data; /* names of files, in one folder */
    const char *title;
    const char *note; /* small print: seed, command */
    bool is_log;      /* the y axis */
};

/* Delays before each retry, a violin a retry and series: as wide as they are
 * frequent, with median and the middle 90 %; a value that one in fifty has to
 * the nanosecond is a point with its share. Nothing is smoothed, so nothing
 * leaves the support. */
struct figure_series {
    const char *name;
    const struct delays *retries;
    size_t count; /* retries */
};
bool figure_backoff(const struct figure *figure,
                    const struct figure_series *series, size_t count,
                    FILE *data, FILE *script);

/* Attempts a second at the server; outages shaded. */
struct figure_fleet {
    const char *name;
    const struct tally *tally;
};
bool figure_arrivals(const struct figure *figure, const struct world *world,
                     const struct figure_fleet *fleets, size_t count,
                     FILE *data, FILE *script);

/* A metric of a sweep over the values of one axis, a line for each combination
 * of the others, with margins. Values that are no durations or numbers stand
 * side by side. False and a problem if there is no such axis or metric. */
struct figure_axes {
    const char *x, *metric;
};
bool figure_sweep(const struct figure *figure, const struct rows *rows,
                  const struct figure_axes *axes, FILE *data, FILE *script,
                  struct error *error);

/* -- for the files of the figures ------------------------------------------ */

void figure_begin(const struct figure *figure, FILE *script);

/* A string for gnuplot, in quotes. */
void figure_quoted(const char *text, FILE *script);

/* Of a series, in the order of the Okabe-Ito palette. */
const char *figure_colour(size_t series);

#endif
