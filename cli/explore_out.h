/* Where the results of a sweep go: a file of JSON Lines that a later run goes
 * on with, comma-separated values, a table for people, progress. */
#ifndef RETRYSPEC_CLI_EXPLORE_OUT_H
#define RETRYSPEC_CLI_EXPLORE_OUT_H

#include "lab/rows.h"

/* Zero-initialise. */
struct explore_out {
    FILE *file; /* of JSON Lines; NULL: none */
    bool prints_table;
    int64_t began_ns;
    size_t before; /* points that were there already */
    bool shows_progress;
    struct rows rows;
};

/* NULL: nowhere. "-": standard output. */
bool explore_is_stdout(const char *path);

/* Opens `path` (NULL: none) for the sweep with that header: a new file, or one
 * that has points of it already. Half a line at its end is cut off. */
bool explore_out_open(struct explore_out *out, const char *path,
                      const char *header, struct error *error);

bool explore_out_has(const struct explore_out *out, size_t point);

/* A point that was played; it is on the disk before the next one begins. */
bool explore_out_add(struct explore_out *out, const char *line,
                     struct error *error);

/* On a terminal: so many of all points, and the time that is left. */
void explore_out_progress(struct explore_out *out, size_t done, size_t all);

/* The table, and the values to `csv` (NULL: none). */
bool explore_out_finish(struct explore_out *out, const char *csv,
                        struct error *error);

void explore_out_close(struct explore_out *out);

/* Writes rows as comma-separated values to a file or "-". */
bool explore_write_csv(const struct rows *rows, const char *path,
                       struct error *error);

#endif
