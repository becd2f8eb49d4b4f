/* A comparison for people. */
#ifndef RETRYSPEC_COMPARE_TEXT_H
#define RETRYSPEC_COMPARE_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "compare/compare.h"

struct text_style {
    bool has_color;
    bool shows_all; /* also rows that are the same */
    int width;      /* columns; 0: 100 */
};

/* All rows, and the scenarios that were played. */
void text_print(const struct comparison *comparison,
                const struct text_style *style, FILE *out);

/* The gap matrix instead. */
void text_print_matrix(const struct comparison *comparison,
                       const struct text_style *style, FILE *out);

#endif
