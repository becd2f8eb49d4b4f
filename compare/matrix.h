/* The gap matrix of the source systems: what their documents say of a Python
 * and an Elixir policy row by row, beside what two profiles really do. Pure.
 *
 * A row names the aspects that answer it; one that no profile can answer (is
 * there a struct for the configuration?) says what the code has instead. */
#ifndef RETRYSPEC_COMPARE_MATRIX_H
#define RETRYSPEC_COMPARE_MATRIX_H

#include "compare/compare.h"

struct matrix_row {
    const char *requirement; /* S1-83 */
    const char *title;
    enum row_verdict document; /* what it says; only-a: missing in B */
    const char *aspects[3];    /* that answer it; the first gives the words */
    const char *note;          /* what the code has; NULL: nothing to add */
};

struct matrix_table {
    const char *title; /* of the document's section */
    const struct matrix_row *rows;
    size_t count;
};

/* Ended by one with a NULL title. */
extern const struct matrix_table matrix_tables[];

/* What the two profiles say to a row: the worst of its aspects over all
 * requests. `told` is the row of the aspect that says so, NULL if none does. */
enum row_verdict matrix_verdict(const struct matrix_row *row,
                                const struct comparison *comparison,
                                const struct compare_row **told);

/* Of all tables. */
struct compare_score matrix_score(const struct comparison *comparison);

#endif
