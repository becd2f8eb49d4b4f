/* The results of a sweep as JSON Lines: a header, from which the sweep can be
 * run again, and a line a point in any order. Pure; FILEs are the caller's. */
#ifndef RETRYSPEC_LAB_ROWS_H
#define RETRYSPEC_LAB_ROWS_H

#include <stdio.h>

#include "lab/sweep.h"

/* The header, as one line without its end; the same for all shards. The caller
 * frees it with free(); NULL without memory. */
char *rows_header(const struct sweep *sweep);

/* The line of a point, likewise. */
char *rows_line(const struct sweep *sweep, size_t point,
                const struct summary metrics[METRIC_COUNT]);

/* A file of results, or several that belong together. */
struct rows {
    struct arena arena;
    const char *header; /* NULL: none read yet */
    const char *file;   /* where it was read */
    size_t points;      /* that the sweep has */
    const char **lines; /* of each point; NULL: not there */
    const char **files; /* where it was read */
    size_t count;       /* points that are there */
};

/* Adds what a file holds. `whole`, if not NULL, receives how many bytes at its
 * begin are whole lines: a run that was killed may have left half of one at the
 * end, which is not read. False and a problem: another header than that of the
 * files before, a point twice, or a line that is none. */
bool rows_add(struct rows *rows, const char *file, const char *bytes,
              size_t size, size_t *whole, struct error *error);

/* As comma-separated values (RFC 4180): the header as comments, then a row a
 * point that is there, in order: its values, then of each metric the mean and
 * half the width of its 95 % confidence interval. False if writing failed or
 * without memory. */
bool rows_write_csv(const struct rows *rows, FILE *file);

void rows_deinit(struct rows *rows);

#endif
